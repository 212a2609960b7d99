//! Erasure: a person's texts and names go from every row. Their entries stay as redacted stones, so that numbers have no hole.

use api::id::UserId;
use kit::db::{Backend, on};

use super::{Result, Store, clean::drop_keys};

/// Bytes of a database that is written anew after an erasure: that takes some seconds, in which nobody else writes.
const REWRITE_BELOW: i64 = 256 * 1024 * 1024;
/// Positions looked through in one step: some milliseconds.
const CHUNK: i64 = 20_000;

const START: &str = "insert into erasures (person) select n from users where id = $1 on conflict do nothing";
const UNDER_WAY: &str = "select person, entries_done, keys_done from erasures order by person limit 1";
const IS_UNDER_WAY: &str =
    "select count(*) from erasures as e join users as u on u.n = e.person where u.id = $1";
const HEAD: &str = "select n from log_head";
const BLANK: &str = "update entries set text = '', redacted = true, edited_at = null, trace = null, tags = null, splits = null where n > $1 and n <= $2
    and author in (select n from speakers where person = $3) and (text <> '' or not redacted or trace is not null or tags is not null)";
const ENTRIES_DONE: &str = "update erasures set entries_done = $2 where person = $1";
const KEYS_DONE: &str = "update erasures set keys_done = $2 where person = $1";
const NAMES: &str = "update speakers set nick = null where person = $1";
const MARKERS: &str = "delete from read_markers where person = $1";
const SLOWED: &str = "delete from slowed where person = $1";
const BYTES: &str = "select page_count * page_size from pragma_page_count(), pragma_page_size()";
const DONE: &str = "delete from erasures where person = $1";

impl Store {
    /// Notes that a person is to be forgotten; [`erase_step`](Self::erase_step) does it.
    pub async fn erase(&self, user: &UserId) -> Result<()> {
        on!(self.db.write(), pool => sqlx::query(START).bind(user.as_str()).execute(pool).await.map(|_| ()))
    }

    /// Whether a person is still being forgotten.
    pub async fn is_erasing(&self, user: &UserId) -> Result<bool> {
        let count: i64 = on!(self.db.read(), pool => sqlx::query_scalar(IS_UNDER_WAY).bind(user.as_str()).fetch_one(pool).await)?;
        Ok(count > 0)
    }

    /// One step of one erasure; false if there is none to do.
    pub async fn erase_step(&self) -> Result<bool> {
        let next: Option<(i64, i64, String)> =
            on!(self.db.read(), pool => sqlx::query_as(UNDER_WAY).fetch_optional(pool).await)?;
        let Some((person, entries_done, keys_done)) = next else { return Ok(false) };
        let head: i64 = on!(self.db.read(), pool => sqlx::query_scalar(HEAD).fetch_one(pool).await)?;
        if entries_done < head {
            self.blank(person, entries_done, (entries_done + CHUNK).min(head)).await?;
            return Ok(true);
        }
        let (keys, after) = self.keys_after(&keys_done).await?;
        let keys: Vec<_> = keys.into_iter().filter(|(_, author, ..)| *author == person).collect();
        let mut tx = self.db.begin().await?;
        drop_keys(&mut tx, &keys).await?;
        if let Some(after) = &after {
            on!(&mut tx, t => sqlx::query(KEYS_DONE).bind(person).bind(after).execute(&mut **t).await.map(|_| ()))?;
            tx.commit().await?;
            return Ok(true);
        }
        for sql in [NAMES, MARKERS, SLOWED] {
            on!(&mut tx, t => sqlx::query(sql).bind(person).execute(&mut **t).await.map(|_| ()))?;
        }
        tx.commit().await?;
        self.scrub().await?;
        on!(self.db.write(), pool => sqlx::query(DONE).bind(person).execute(pool).await.map(|_| ()))?;
        Ok(true)
    }

    async fn blank(&self, person: i64, after: i64, through: i64) -> Result<()> {
        let mut tx = self.db.begin().await?;
        on!(&mut tx, t => {
            sqlx::query(BLANK).bind(after).bind(through).bind(person).execute(&mut **t).await?;
            sqlx::query(ENTRIES_DONE).bind(person).bind(through).execute(&mut **t).await?;
        });
        tx.commit().await
    }

    /// Leaves nothing of what was erased in SQLite's files. Deleted rows are overwritten (`secure_delete`), but where a page was
    /// split before, a copy may lie between its rows: only a new file has none. The log still has the pages as they were.
    async fn scrub(&self) -> Result<()> {
        let Backend::Sqlite(pool) = self.db.write() else { return Ok(()) };
        let bytes: i64 = sqlx::query_scalar(BYTES).fetch_one(pool).await?;
        if bytes <= REWRITE_BELOW {
            sqlx::query("vacuum").execute(pool).await?;
        }
        let (busy, ..): (i64, i64, i64) =
            sqlx::query_as("pragma wal_checkpoint(truncate)").fetch_one(pool).await?;
        if busy == 0 { Ok(()) } else { Err(sqlx::Error::PoolTimedOut) }
    }
}
