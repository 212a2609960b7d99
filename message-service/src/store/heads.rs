//! Where conversations stand, for readers who ask what they have missed.

use std::collections::BTreeMap;

use api::{HeadsReply, HeadsRequest, Timestamp, id::UserId, messages::DirectHead};
use kit::db::Backend;
use sqlx::FromRow;

use super::{Result, Store, people::json, row::decode};

const HEADS_SQLITE: &str = "select c.id,
        coalesce((select max(e.seq) from entries as e where e.conversation = c.n), c.first_seq - 1)
    from conversations as c where c.id in (select value from json_each($1))";
const HEADS_POSTGRES: &str = "select c.id,
        coalesce((select max(e.seq) from entries as e where e.conversation = c.n), c.first_seq - 1)
    from conversations as c where c.id = any($1)";

/// Seqs follow the time, so the first one after a moment is found by halving.
macro_rules! direct_heads {
    ($users:literal) => {
        concat!(
            "with asked as (select n from users where id ",
            $users,
            "), mine as (
                select c.n from asked join conversations as c on c.party_a = asked.n
                union select c.n from asked join conversations as c on c.party_b = asked.n
            )
            select c.id, a.id as a, b.id as b, last.seq as last_seq,
                (with recursive half (low, high) as (
                    select c.first_seq, last.seq
                    union all
                    select case when mid.at > $2 then low else mid.seq + 1 end, case when mid.at > $2 then mid.seq else high end
                    from half join entries as mid on mid.conversation = c.n and mid.seq = (low + high) / 2
                    where low < high
                ) select low from half where low = high) as first_seq
            from mine join conversations as c on c.n = mine.n
            join users as a on a.n = c.party_a join users as b on b.n = c.party_b
            join entries as last on last.conversation = c.n
                and last.seq = (select max(e.seq) from entries as e where e.conversation = c.n)
            where last.at > $2"
        )
    };
}

const DIRECT_SQLITE: &str = direct_heads!("in (select value from json_each($1))");
const DIRECT_POSTGRES: &str = direct_heads!("= any($1)");

#[derive(FromRow)]
struct Direct {
    id: String,
    a: String,
    b: String,
    last_seq: i64,
    first_seq: i64,
}

impl Store {
    pub async fn heads(&self, asked: &HeadsRequest) -> Result<HeadsReply> {
        let ids: Vec<&str> = asked.held.keys().map(String::as_str).collect();
        let rows: Vec<(String, i64)> = match self.db.read() {
            Backend::Sqlite(pool) => sqlx::query_as(HEADS_SQLITE).bind(json(&ids)).fetch_all(pool).await?,
            Backend::Postgres(pool) => sqlx::query_as(HEADS_POSTGRES).bind(&ids).fetch_all(pool).await?,
        };
        let heads: BTreeMap<String, u64> = rows.into_iter().map(|(id, seq)| (id, seq as u64)).collect();
        let mut reply = HeadsReply { epoch: self.epoch.to_string(), ..HeadsReply::default() };
        for (id, held) in &asked.held {
            match heads.get(id) {
                Some(head) if head > held => {
                    reply.behind.insert(id.clone(), *head);
                }
                Some(_) => {}
                // A conversation in which nothing was said yet does not exist yet either.
                None if *held > 0 => reply.gone.push(id.clone()),
                None => {}
            }
        }
        Ok(reply)
    }

    /// Direct conversations of these users with entries after `since`.
    pub async fn direct_heads(&self, users: &[UserId], since: Timestamp) -> Result<Vec<DirectHead>> {
        let ids: Vec<&str> = users.iter().map(UserId::as_str).collect();
        let rows: Vec<Direct> = match self.db.read() {
            Backend::Sqlite(pool) => {
                sqlx::query_as(DIRECT_SQLITE).bind(json(&ids)).bind(since.0).fetch_all(pool).await?
            }
            Backend::Postgres(pool) => {
                sqlx::query_as(DIRECT_POSTGRES).bind(&ids).bind(since.0).fetch_all(pool).await?
            }
        };
        rows.into_iter()
            .map(|row| {
                Ok(DirectHead {
                    id: row.id.try_into().map_err(decode)?,
                    parties: [row.a.try_into().map_err(decode)?, row.b.try_into().map_err(decode)?],
                    first_seq: row.first_seq as u64,
                    last_seq: row.last_seq as u64,
                })
            })
            .collect()
    }
}
