use api::logs::StoredRecord;
use kit::db::{Backend, Db, on};

use super::{Row, Store, records};
use crate::domain::{Filter, Position};

/// How much one request may look through.
#[derive(Debug, Clone, Copy)]
pub struct Scan {
    /// Records that one statement looks at: some 20 ms, so that nobody waits long for a connection.
    pub window: u32,
    /// Statements of one request: together about a second, far below the request's timeout. What is not found by then is
    /// asked for with the cursor.
    pub windows: u32,
}

impl Default for Scan {
    fn default() -> Self {
        Self { window: 20_000, windows: 30 }
    }
}

/// One page.
#[derive(Debug, PartialEq)]
pub struct Found {
    pub records: Vec<StoredRecord>,
    /// Where the next page begins, if there may be more.
    pub next: Option<Position>,
}

/// A window of the newest records below a position, and among them those that match. `like` knows no letters beyond ASCII in
/// SQLite; PostgreSQL is told to see it the same way.
macro_rules! matching {
    ($of_trace:literal, $like:literal) => {
        concat!(
            "select id, at, service, instance, level, message, fields, trace_id from (
                select * from records where (at, id) < ($1, $2) and at >= $3 and ",
            $of_trace,
            " order by at desc, id desc limit $4) as newest
            where level >= $5 and ($6 is null or service = $6) and ($7 is null or ",
            $like,
            ") and ($9 is null or trace_id = $9) order by at desc, id desc limit $8"
        )
    };
}
macro_rules! last_of_window {
    ($of_trace:literal) => {
        concat!(
            "select at, id from records where (at, id) < ($1, $2) and at >= $3 and ",
            $of_trace,
            " order by at desc, id desc limit 1 offset $4"
        )
    };
}

const ANY_SQLITE: &str = matching!("true", r"message like $7 escape '\' or fields like $7 escape '\'");
const ANY_POSTGRES: &str = matching!(
    "true",
    r#"lower(message collate "C") like $7 escape '\' or lower(fields collate "C") like $7 escape '\'"#
);
// A trace is a handful of records among all, and has an index.
const TRACE_SQLITE: &str =
    matching!("trace_id = $9", r"message like $7 escape '\' or fields like $7 escape '\'");
const TRACE_POSTGRES: &str = matching!(
    "trace_id = $9",
    r#"lower(message collate "C") like $7 escape '\' or lower(fields collate "C") like $7 escape '\'"#
);
const LAST_OF_ANY: &str = last_of_window!("true");
const LAST_OF_TRACE: &str = last_of_window!("trace_id = $5");

impl Store {
    /// What matches below `from`, newest first, `limit` at most. Looks no further than `scan` allows: then the page is short,
    /// or empty, and `next` says where to go on.
    pub async fn page(
        &self,
        filter: &Filter,
        from: Option<Position>,
        limit: u32,
        scan: Scan,
    ) -> sqlx::Result<Found> {
        let top = Position::before(filter.span.until);
        let mut below = from.map_or(top, |from| from.min(top));
        let mut found: Vec<StoredRecord> = Vec::new();
        for _ in 0..scan.windows {
            let left = i64::from(limit) - i64::try_from(found.len()).unwrap_or(i64::MAX);
            // One more than asked for tells whether there is another page.
            let rows = self.window(filter, below, scan.window, left + 1).await?;
            let mut window = records(rows)?;
            if i64::try_from(window.len()).unwrap_or(i64::MAX) > left {
                window.pop();
                found.extend(window);
                let next = found.last().map(place).or(Some(below));
                return Ok(Found { records: found, next });
            }
            found.extend(window);
            match self.end_of_window(filter, below, scan.window).await? {
                Some(end) => below = end,
                None => return Ok(Found { records: found, next: None }),
            }
        }
        Ok(Found { records: found, next: Some(below) })
    }

    async fn window(
        &self,
        filter: &Filter,
        below: Position,
        window: u32,
        limit: i64,
    ) -> sqlx::Result<Vec<Row>> {
        let sql = match (&self.db, &filter.trace_id) {
            (Backend::Sqlite(_), None) => ANY_SQLITE,
            (Backend::Sqlite(_), Some(_)) => TRACE_SQLITE,
            (Backend::Postgres(_), None) => ANY_POSTGRES,
            (Backend::Postgres(_), Some(_)) => TRACE_POSTGRES,
        };
        on!(self.db.read(), pool => {
            sqlx::query_as(sql)
                .bind(below.at.0)
                .bind(below.id)
                .bind(filter.span.since.0)
                .bind(i64::from(window))
                .bind(filter.level as i16)
                .bind(filter.service.as_deref())
                .bind(filter.pattern())
                .bind(limit)
                .bind(filter.trace_id.as_deref())
                .fetch_all(pool)
                .await
        })
    }

    /// The window's last record, if the window was full: below it there may be more.
    async fn end_of_window(
        &self,
        filter: &Filter,
        below: Position,
        window: u32,
    ) -> sqlx::Result<Option<Position>> {
        let end: Option<(i64, i64)> = match &filter.trace_id {
            None => self.nth(LAST_OF_ANY, filter, below, window, None).await?,
            Some(trace) => self.nth(LAST_OF_TRACE, filter, below, window, Some(trace)).await?,
        };
        Ok(end.map(|(at, id)| Position { at: api::Timestamp(at), id }))
    }

    async fn nth(
        &self,
        sql: &'static str,
        filter: &Filter,
        below: Position,
        window: u32,
        trace: Option<&str>,
    ) -> sqlx::Result<Option<(i64, i64)>> {
        let db: &Db = &self.db;
        on!(db.read(), pool => {
            let query = sqlx::query_as(sql)
                .bind(below.at.0)
                .bind(below.id)
                .bind(filter.span.since.0)
                .bind(i64::from(window) - 1);
            let query = match trace {
                Some(trace) => query.bind(trace),
                None => query,
            };
            query.fetch_optional(pool).await
        })
    }
}

fn place(record: &StoredRecord) -> Position {
    Position { at: record.record.at, id: record.id.cast_signed() }
}
