//! One replica at a time, where two would not hear each other.

use std::{
    fs::{File, TryLockError},
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use api::auth::ServiceName;
use sqlx::{PgConnection, PgPool};

use super::{Backend, Db};

/// The process before this one may still be ending.
const WAIT: Duration = Duration::from_secs(12);
const TRY_AGAIN: Duration = Duration::from_millis(200);

/// Our locks' first half: others may lock in the same database.
const NAMESPACE: i32 = 0x6361_7573;
const LOCK: &str = "select pg_try_advisory_lock($1, $2)";

/// Held while this replica runs; it goes with the process, however that ends.
#[derive(Debug)]
pub struct Claim {
    _held: Backend<File, PgConnection>,
}

impl Db {
    /// Claims the database for this replica of the service, or says who is in the way.
    pub async fn claim(&self, name: ServiceName) -> anyhow::Result<Claim> {
        self.claim_within(name, WAIT).await
    }

    /// As [`claim`](Self::claim), with another patience.
    pub async fn claim_within(&self, name: ServiceName, wait: Duration) -> anyhow::Result<Claim> {
        let begun = Instant::now();
        loop {
            let held = match self {
                Self::Sqlite(db) => lock_file(&db.path)?.map(Backend::Sqlite),
                Self::Postgres(pool) => lock_key(pool, name).await?.map(Backend::Postgres),
            };
            if let Some(_held) = held {
                return Ok(Claim { _held });
            }
            if begun.elapsed() >= wait {
                bail!(
                    "another replica of {name} runs on this database: several need PostgreSQL and bus.kind = \"nats\""
                );
            }
            tokio::time::sleep(TRY_AGAIN).await;
        }
    }
}

fn lock_file(database: &Path) -> anyhow::Result<Option<File>> {
    let path = database.with_added_extension("lock");
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.with_context(|| format!("could not open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("could not lock {}", path.display()))
        }
    }
}

async fn lock_key(pool: &PgPool, name: ServiceName) -> anyhow::Result<Option<PgConnection>> {
    let mut connection = pool.acquire().await?;
    let locked: bool =
        sqlx::query_scalar(LOCK).bind(NAMESPACE).bind(name as i32).fetch_one(&mut *connection).await?;
    // Its own connection: one that went back to the pool could be closed, and the lock with it.
    Ok(locked.then(|| connection.detach()))
}
