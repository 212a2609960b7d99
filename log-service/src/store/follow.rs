use api::logs::StoredRecord;
use kit::db::{Backend, on};

use super::{Row, Store, records};
use crate::domain::Filter;

/// Records looked at in one go: bounds one statement to some 20 ms.
pub const FOLLOW_WINDOW: i64 = 20_000;
/// Records held for one reader: 6 MB at the very most, 100 KB as a rule. The next are read when these are gone.
pub const FOLLOW_BATCH: i64 = 256;

/// What came after a record.
#[derive(Debug, PartialEq)]
pub struct Followed {
    /// Those that match, in the order in which they were stored.
    pub records: Vec<StoredRecord>,
    /// Where to go on: everything up to here was looked at.
    pub to: i64,
    /// How many are gone already that the reader had not seen.
    pub missed: i64,
}

const HEAD: &str = "select last_id from totals where only_row = 1";
const FIRST: &str = "select min(id) from records";

// Ids have no hole, so that a range of them is a bounded amount of work. The two differ as in page.rs.
macro_rules! between {
    ($like:literal) => {
        concat!(
            "select id, at, service, instance, level, message, fields, trace_id from records
            where id > $1 and id <= $2 and at >= $3 and at < $4 and level >= $5
                and ($6 is null or service = $6) and ($7 is null or ",
            $like,
            ") and ($8 is null or trace_id = $8) order by id limit $9"
        )
    };
}
const BETWEEN_SQLITE: &str = between!(r"message like $7 escape '\' or fields like $7 escape '\'");
const BETWEEN_POSTGRES: &str = between!(
    r#"lower(message collate "C") like $7 escape '\' or lower(fields collate "C") like $7 escape '\'"#
);

impl Store {
    /// The last id.
    pub async fn head(&self) -> sqlx::Result<i64> {
        on!(self.db.read(), pool => sqlx::query_scalar(HEAD).fetch_one(pool).await)
    }

    /// The next records after `after` that match; empty does not mean that there are no more, unless `to` is the head.
    pub async fn follow(&self, filter: &Filter, after: i64) -> sqlx::Result<Followed> {
        let head = self.head().await?;
        // Somebody who has seen more than there is comes from before a restore, and goes on from here.
        let after = after.min(head);
        if after == head {
            return Ok(Followed { records: Vec::new(), to: head, missed: 0 });
        }
        let first: Option<i64> =
            on!(self.db.read(), pool => sqlx::query_scalar(FIRST).fetch_one(pool).await)?;
        let kept_after = first.map_or(head, |first| first - 1);
        let missed = (kept_after - after).max(0);
        let after = after.max(kept_after);
        let to = head.min(after + FOLLOW_WINDOW);
        let records = records(self.between(filter, after, to).await?)?;
        let full = records.len() == usize::try_from(FOLLOW_BATCH).unwrap_or(usize::MAX);
        let to = records.last().filter(|_| full).map_or(to, |last| last.id.cast_signed());
        Ok(Followed { records, to, missed })
    }

    async fn between(&self, filter: &Filter, after: i64, to: i64) -> sqlx::Result<Vec<Row>> {
        let sql = match &self.db {
            Backend::Sqlite(_) => BETWEEN_SQLITE,
            Backend::Postgres(_) => BETWEEN_POSTGRES,
        };
        on!(self.db.read(), pool => {
            sqlx::query_as(sql)
                .bind(after)
                .bind(to)
                .bind(filter.span.since.0)
                .bind(filter.span.until.0)
                .bind(filter.level as i16)
                .bind(filter.service.as_deref())
                .bind(filter.pattern())
                .bind(filter.trace_id.as_deref())
                .bind(FOLLOW_BATCH)
                .fetch_all(pool)
                .await
        })
    }
}
