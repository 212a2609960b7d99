//! All entries of all conversations in the order of their positions: what a reader of many conversations goes along.

use api::{
    Entry,
    id::{ChannelId, UserId},
};
use kit::db::{Backend, on};

use super::{
    Result, Store,
    people::json,
    row::{Row, select_entries},
};

const HEAD: &str = "select n from log_head";

// The unary plus keeps SQLite on the range of positions; to PostgreSQL it means nothing.
const PART_SQLITE: &str = select_entries!(
    "where e.n > $1 and e.n <= $2 and (+e.conversation in (select n from conversations where id in (select value from json_each($3)))
        or +e.conversation in (select c.n from users as me join conversations as c on c.party_a = me.n or c.party_b = me.n where me.id = $4))
    order by e.n limit $5"
);
const PART_POSTGRES: &str = select_entries!(
    "where e.n > $1 and e.n <= $2 and (e.conversation in (select n from conversations where id = any($3))
        or e.conversation in (select c.n from users as me join conversations as c on c.party_a = me.n or c.party_b = me.n where me.id = $4))
    order by e.n limit $5"
);

impl Store {
    /// The position of the latest entry.
    pub async fn log_head(&self) -> Result<i64> {
        on!(self.db.read(), pool => sqlx::query_scalar(HEAD).fetch_one(pool).await)
    }

    /// The first `limit` entries in `user`'s direct conversations and in these channels, of the positions after `after` up to `through`.
    pub async fn log(
        &self,
        user: &UserId,
        channels: &[ChannelId],
        after: i64,
        through: i64,
        limit: usize,
    ) -> Result<Vec<(i64, Entry)>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let ids: Vec<&str> = channels.iter().map(ChannelId::as_str).collect();
        let rows: Vec<Row> = match self.db.read() {
            Backend::Sqlite(pool) => {
                let query = sqlx::query_as(PART_SQLITE).bind(after).bind(through).bind(json(&ids));
                query.bind(user.as_str()).bind(limit).fetch_all(pool).await?
            }
            Backend::Postgres(pool) => {
                let query = sqlx::query_as(PART_POSTGRES).bind(after).bind(through).bind(&ids);
                query.bind(user.as_str()).bind(limit).fetch_all(pool).await?
            }
        };
        rows.into_iter().map(|row| Ok((row.n, row.try_into()?))).collect()
    }
}
