//! Signing keys: made by whichever replica finds one missing, used by all.

use std::time::Duration;

use api::Timestamp;
use sqlx::FromRow;

use super::{Store, execute, fetch_all, marks, read_all};
use crate::domain::keys;

/// A key with its private half, base64.
#[derive(Debug, Clone, FromRow)]
pub struct KeyRow {
    pub id: String,
    pub secret: String,
    pub use_from: i64,
}

const ALL: &str = "select id, secret, use_from from signing_keys order by use_from, id";
const INSERT: &str = "insert into signing_keys (id, secret, use_from) values ($1, $2, $3)";
/// A key whose successor has been in use for long enough.
const DELETE_OUTLIVED: &str = "delete from signing_keys where exists \
    (select 1 from signing_keys successor where successor.use_from > signing_keys.use_from and successor.use_from < $1)";

impl Store {
    pub async fn signing_keys(&self) -> sqlx::Result<Vec<KeyRow>> {
        read_all!(self.db, ALL)
    }

    /// [`rotate_keys`](Self::rotate_keys), if a look without any lock says that there is something to do.
    pub async fn rotate_keys_if_due(
        &self,
        now: Timestamp,
        rotation: Duration,
        fresh: impl FnOnce() -> (String, String) + Send,
    ) -> sqlx::Result<()> {
        let keys = self.signing_keys().await?;
        let due = keys::next(keys.last().map(|key| Timestamp(key.use_from)), now, rotation).is_some();
        let outlived = keys.iter().skip(1).any(|successor| successor.use_from < keys::outlived(now).0);
        if due || outlived { self.rotate_keys(now, rotation, fresh).await } else { Ok(()) }
    }

    /// Makes the next key when it is time and drops those that are of no use any more. `fresh` makes an id and a secret.
    pub async fn rotate_keys(
        &self,
        now: Timestamp,
        rotation: Duration,
        fresh: impl FnOnce() -> (String, String) + Send,
    ) -> sqlx::Result<()> {
        let mut tx = self.db.begin().await?;
        // Replicas that find a key missing at the same time make one, not two.
        marks::raise(&mut tx, marks::SIGNING_KEYS).await?;
        let rows: Vec<KeyRow> = fetch_all!(&mut tx, ALL)?;
        let newest = rows.last().map(|key| Timestamp(key.use_from));
        if let Some(use_from) = keys::next(newest, now, rotation) {
            let (id, secret) = fresh();
            execute!(&mut tx, INSERT, id, secret, use_from.0)?;
        }
        execute!(&mut tx, DELETE_OUTLIVED, keys::outlived(now).0)?;
        tx.commit().await
    }
}
