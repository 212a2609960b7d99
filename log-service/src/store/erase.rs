use std::time::{Duration, Instant};

use api::id::UserId;
use kit::db::{Backend, on};

use super::Store;
use crate::domain::BLANK;

/// Records looked through in one transaction: some 20 ms in which nobody else writes.
pub const ERASE_CHUNK: i64 = 5_000;

/// How far an erasure came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erasure {
    Done,
    /// There is more than fitted in the time. Asked again, it goes on from there.
    Unfinished,
}

const BEGIN: &str = "insert into erasures (user_id, done_to, last_id)
    select $1, 0, last_id from totals where only_row = 1
    on conflict (user_id) do update set last_id = excluded.last_id
    returning done_to, last_id";
const BLANK_CHUNK: &str = r"update records set message = $1, fields = '{}'
    where id > $2 and id <= $3 and (message like $4 escape '\' or fields like $4 escape '\')";
const PROGRESS: &str = "update erasures set done_to = $2 where user_id = $1 and done_to < $2";
const END: &str = "delete from erasures where user_id = $1 and done_to >= last_id";

impl Store {
    /// Blanks every record stored so far that matches: message and fields go, what, when and where stays. Takes about as long
    /// as `within`, and keeps what was done.
    pub async fn erase(&self, user: &UserId, pattern: &str, within: Duration) -> sqlx::Result<Erasure> {
        let started = Instant::now();
        self.overwrite_what_goes().await?;
        let (mut done, last): (i64, i64) =
            on!(self.db.write(), pool => sqlx::query_as(BEGIN).bind(user.as_str()).fetch_one(pool).await)?;
        while done < last {
            if started.elapsed() >= within {
                return Ok(Erasure::Unfinished);
            }
            let to = last.min(done + ERASE_CHUNK);
            self.blank(user, pattern, done, to).await?;
            done = to;
        }
        if !self.fold_log().await? {
            return Ok(Erasure::Unfinished);
        }
        on!(self.db.write(), pool => sqlx::query(END).bind(user.as_str()).execute(pool).await.map(drop))?;
        Ok(Erasure::Done)
    }

    async fn blank(&self, user: &UserId, pattern: &str, after: i64, to: i64) -> sqlx::Result<()> {
        let mut tx = self.db.begin().await?;
        on!(&mut tx, t => {
            sqlx::query(BLANK_CHUNK).bind(BLANK).bind(after).bind(to).bind(pattern).execute(&mut **t).await?;
            sqlx::query(PROGRESS).bind(user.as_str()).bind(to).execute(&mut **t).await?;
        });
        tx.commit().await
    }

    /// SQLite's log holds pages as they were: folds it into the file and empties it. False if a reader stood in the way.
    async fn fold_log(&self) -> sqlx::Result<bool> {
        match self.db.write() {
            Backend::Sqlite(pool) => {
                let (busy, _, _): (i32, i32, i32) =
                    sqlx::query_as("pragma wal_checkpoint(truncate)").fetch_one(pool).await?;
                Ok(busy == 0)
            }
            Backend::Postgres(_) => Ok(true),
        }
    }
}
