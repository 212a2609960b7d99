use api::Timestamp;
use kit::db::on;

use super::Store;
use crate::domain::{Keep, Oldest, Stored, how_many_go};

/// Records deleted in one transaction: some 50 ms in which nobody else writes.
pub const RETAIN_CHUNK: i64 = 5_000;

const TOTALS: &str = "select records, bytes from totals where only_row = 1";
const OLDEST: &str = "select id, received, bytes from records order by id limit $1";
const DELETE: &str = "delete from records where id <= $1 returning bytes";
const SUBTRACT: &str = "update totals set records = records - $1, bytes = bytes - $2 where only_row = 1";

impl Store {
    /// What is stored in all.
    pub async fn stored(&self) -> sqlx::Result<Stored> {
        let (records, bytes): (i64, i64) =
            on!(self.db.read(), pool => sqlx::query_as(TOTALS).fetch_one(pool).await)?;
        Ok(Stored { records: records.unsigned_abs(), bytes: bytes.unsigned_abs() })
    }

    /// Deletes the oldest of what is more than is kept, a chunk of them; gives how many. Fewer than [`RETAIN_CHUNK`]: that was all.
    pub async fn retain(&self, keep: &Keep, now: Timestamp) -> sqlx::Result<i64> {
        // Looked at outside of the transaction: as a rule there is nothing to do.
        let stored = self.stored().await?;
        let rows: Vec<(i64, i64, i32)> =
            on!(self.db.read(), pool => sqlx::query_as(OLDEST).bind(RETAIN_CHUNK).fetch_all(pool).await)?;
        let oldest: Vec<_> = rows
            .into_iter()
            .map(|(id, received, bytes)| Oldest {
                id,
                received: Timestamp(received),
                bytes: u64::from(bytes.unsigned_abs()),
            })
            .collect();
        let Some(last) = how_many_go(&oldest, stored, keep, now).checked_sub(1) else { return Ok(0) };

        let mut tx = self.db.begin().await?;
        let gone: Vec<i32> = on!(&mut tx, t => {
            sqlx::query_scalar(DELETE).bind(oldest[last].id).fetch_all(&mut **t).await
        })?;
        // Another replica may have been faster: what it took is counted there.
        let count = i64::try_from(gone.len()).unwrap_or(i64::MAX);
        let bytes: i64 = gone.into_iter().map(i64::from).sum();
        on!(&mut tx, t => sqlx::query(SUBTRACT).bind(count).bind(bytes).execute(&mut **t).await.map(drop))?;
        tx.commit().await?;
        Ok(count)
    }
}
