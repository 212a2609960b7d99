//! A person's conversations.

use api::{
    Nick, Timestamp,
    id::{ChannelId, ConversationId, UserId},
};
use kit::db::Backend;
use sqlx::FromRow;

use super::{
    Result, Store,
    people::json,
    row::{decode, nick_or_stone},
};

/// Unread entries are counted up to here: past it nobody minds the number, and counting has a price.
const MOST_UNREAD: i64 = 1000;

/// A conversation as its member finds it in their list.
#[derive(Debug, Clone)]
pub struct Listed {
    pub n: i64,
    pub id: ConversationId,
    /// A channel's.
    pub name: Option<String>,
    /// The other of a direct one.
    pub other: Option<(UserId, Nick)>,
    pub last_seq: u64,
    pub last_at: Option<Timestamp>,
    pub read_seq: u64,
    pub unread: u64,
}

macro_rules! listing {
    ($channels:literal, $page:literal, $order:literal) => {
        concat!(
            "with me as (select n from users where id = $1),
            mine as (
                select n from conversations where id ",
            $channels,
            "
                union select c.n from me join conversations as c on c.party_a = me.n
                union select c.n from me join conversations as c on c.party_b = me.n
            ),
            page as (",
            $page,
            ")
            select c.n, c.id, c.name, o.id as other,
                (select s.nick from speakers as s where s.person = o.n order by s.user_version desc limit 1) as nick,
                coalesce(last.seq, c.first_seq - 1) as last_seq, last.at as last_at,
                coalesce(r.seq, 0) as read_seq,
                (select count(*) from (
                    select 1 from entries as e join speakers as s on s.n = e.author
                    where e.conversation = c.n and e.seq > coalesce(r.seq, 0) and e.kind <= 2
                        and s.person <> coalesce((select n from me), 0)
                    limit $4) as few) as unread
            from page join conversations as c on c.n = page.n
            left join users as o on o.n = case when c.party_a = (select n from me) then c.party_b else c.party_a end
            left join read_markers as r on r.conversation = c.n and r.person = (select n from me)
            left join entries as last on last.conversation = c.n
                and last.seq = (select max(e.seq) from entries as e where e.conversation = c.n)
            order by ",
            $order
        )
    };
}

const LIST_SQLITE: &str = listing!(
    "in (select value from json_each($3))",
    "select m.n from mine as m where m.n > $2 and exists (select 1 from entries as e where e.conversation = m.n)
        order by m.n limit $5",
    "c.n"
);
const LIST_POSTGRES: &str =
    listing!("= any($3)", "select m.n from mine as m where m.n > $2 and exists (select 1 from entries as e where e.conversation = m.n)
        order by m.n limit $5", "c.n");
// By the time of the latest entry, after the one with time and number `$2` and `$6`.
const LATEST_SQLITE: &str = listing!(
    "in (select value from json_each($3))",
    "select n from (select m.n, (select e.at from entries as e where e.conversation = m.n order by e.seq desc limit 1) as at from mine as m)
        as lately where (at > $2 or at = $2 and n > $6) and at < $7 order by at, n limit $5",
    "last.at, c.n"
);
const LATEST_POSTGRES: &str = listing!(
    "= any($3)",
    "select n from (select m.n, (select e.at from entries as e where e.conversation = m.n order by e.seq desc limit 1) as at from mine as m)
        as lately where (at > $2 or at = $2 and n > $6) and at < $7 order by at, n limit $5",
    "last.at, c.n"
);

#[derive(FromRow)]
struct Row {
    n: i64,
    id: String,
    name: Option<String>,
    other: Option<String>,
    nick: Option<String>,
    last_seq: i64,
    last_at: Option<i64>,
    read_seq: i64,
    unread: i64,
}

impl Store {
    /// The direct conversations of `user` and those of these channels, after the one with number `after`.
    pub async fn conversations(
        &self,
        user: &UserId,
        channels: &[ChannelId],
        after: i64,
        limit: u32,
    ) -> Result<Vec<Listed>> {
        let ids: Vec<&str> = channels.iter().map(ChannelId::as_str).collect();
        let limit = i64::from(limit);
        let rows: Vec<Row> = match self.db.read() {
            Backend::Sqlite(pool) => {
                let query = sqlx::query_as(LIST_SQLITE).bind(user.as_str()).bind(after).bind(json(&ids));
                query.bind(MOST_UNREAD).bind(limit).fetch_all(pool).await?
            }
            Backend::Postgres(pool) => {
                let query = sqlx::query_as(LIST_POSTGRES).bind(user.as_str()).bind(after).bind(&ids);
                query.bind(MOST_UNREAD).bind(limit).fetch_all(pool).await?
            }
        };
        rows.into_iter().map(listed).collect()
    }

    /// As [`conversations`](Self::conversations), of those whose latest entry is of a moment: after `after` (in microseconds, and
    /// among equals above a number), before `before`.
    pub async fn conversations_at(
        &self,
        user: &UserId,
        channels: &[ChannelId],
        after: (i64, i64),
        before: i64,
        limit: u32,
    ) -> Result<Vec<Listed>> {
        let ids: Vec<&str> = channels.iter().map(ChannelId::as_str).collect();
        let ((at, n), limit) = (after, i64::from(limit));
        let rows: Vec<Row> = match self.db.read() {
            Backend::Sqlite(pool) => {
                let query = sqlx::query_as(LATEST_SQLITE).bind(user.as_str()).bind(at).bind(json(&ids));
                query.bind(MOST_UNREAD).bind(limit).bind(n).bind(before).fetch_all(pool).await?
            }
            Backend::Postgres(pool) => {
                let query = sqlx::query_as(LATEST_POSTGRES).bind(user.as_str()).bind(at).bind(&ids);
                query.bind(MOST_UNREAD).bind(limit).bind(n).bind(before).fetch_all(pool).await?
            }
        };
        rows.into_iter().map(listed).collect()
    }
}

fn listed(row: Row) -> Result<Listed> {
    let other = match (&row.name, row.other) {
        (None, Some(id)) => Some((id.try_into().map_err(decode)?, nick_or_stone(row.nick)?)),
        _ => None,
    };
    Ok(Listed {
        n: row.n,
        id: row.id.try_into().map_err(decode)?,
        name: row.name,
        other,
        last_seq: row.last_seq as u64,
        last_at: row.last_at.map(Timestamp),
        read_seq: row.read_seq as u64,
        unread: row.unread as u64,
    })
}
