//! One replica at a time, where two would not hear each other.

use std::{
    fs::{File, TryLockError},
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::Context;
use api::auth::ServiceName;
use sqlx::{PgConnection, PgPool};

use super::{Backend, Db};

/// The process before this one may still be ending.
const WAIT: Duration = Duration::from_secs(12);
/// One that was killed may still be noticed by PostgreSQL.
const WAIT_OF_TOOL: Duration = Duration::from_secs(2);
const TRY_AGAIN: Duration = Duration::from_millis(200);

/// Our locks' first half: others may lock in the same database.
const NAMESPACE: i32 = 0x6361_7573;
const ALONE: &str = "select pg_try_advisory_lock($1, $2)";
const TOGETHER: &str = "select pg_try_advisory_lock_shared($1, $2)";

/// Held while this replica runs; it goes with the process, however that ends.
#[derive(Debug)]
pub struct Claim {
    _held: Backend<File, PgConnection>,
}

impl Db {
    /// Claims the database for this replica of the service alone, or says who is in the way.
    pub async fn claim(&self, name: ServiceName) -> anyhow::Result<Claim> {
        self.claim_within(name, WAIT).await
    }

    /// As [`claim`](Self::claim), with another patience.
    pub async fn claim_within(&self, name: ServiceName, wait: Duration) -> anyhow::Result<Claim> {
        self.claim_as(name, ALONE, wait).await
    }

    /// Claims it for all replicas that do the same: who wants it alone is refused. A SQLite file is always one process's.
    pub async fn claim_together(&self, name: ServiceName) -> anyhow::Result<Claim> {
        self.claim_as(name, TOGETHER, WAIT).await
    }

    async fn claim_as(&self, name: ServiceName, lock: &'static str, wait: Duration) -> anyhow::Result<Claim> {
        let claim = self.await_claim(name, lock, wait).await?;
        claim.with_context(|| {
            format!(
                "{}: several replicas need PostgreSQL and bus.kind = \"nats\"; one more network, another --data",
                self.in_use(name)
            )
        })
    }

    /// Claims it alone for who is no replica; none if somebody is in the way.
    pub(super) async fn claim_for_tool(&self, name: ServiceName) -> anyhow::Result<Option<Claim>> {
        self.await_claim(name, ALONE, WAIT_OF_TOOL).await
    }

    async fn await_claim(
        &self,
        name: ServiceName,
        lock: &'static str,
        wait: Duration,
    ) -> anyhow::Result<Option<Claim>> {
        let begun = Instant::now();
        let mut told = false;
        loop {
            let held = match self {
                Self::Sqlite(db) => lock_file(&db.path)?.map(Backend::Sqlite),
                Self::Postgres(pool) => lock_key(pool, name, lock).await?.map(Backend::Postgres),
            };
            if let Some(_held) = held {
                return Ok(Some(Claim { _held }));
            }
            if begun.elapsed() >= wait {
                return Ok(None);
            }
            if !std::mem::replace(&mut told, true) {
                tracing::warn!(service = %name, "{}, waiting {} s for it to end", self.in_use(name), wait.as_secs());
            }
            tokio::time::sleep(TRY_AGAIN).await;
        }
    }

    /// Who is in the way, as far as that can be told.
    pub(super) fn in_use(&self, name: ServiceName) -> String {
        let Self::Sqlite(db) = self else {
            return format!("another replica of {name} runs on this database");
        };
        let holder = std::fs::read_to_string(lock_of(&db.path)).unwrap_or_default();
        let holder =
            holder.trim().parse::<u32>().map_or("another process".into(), |id| format!("process {id}"));
        format!("{holder} runs {name} on {}", db.path.display())
    }
}

fn lock_of(database: &Path) -> PathBuf {
    database.with_added_extension("lock")
}

/// The file names the process that has locked it, for those who meet the lock.
fn lock_file(database: &Path) -> anyhow::Result<Option<File>> {
    let path = lock_of(database);
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let mut file = file.with_context(|| format!("could not open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {
            let noted = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
            noted.with_context(|| format!("could not write to {}", path.display()))?;
            Ok(Some(file))
        }
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("could not lock {}", path.display()))
        }
    }
}

async fn lock_key(
    pool: &PgPool,
    name: ServiceName,
    lock: &'static str,
) -> anyhow::Result<Option<PgConnection>> {
    let mut connection = pool.acquire().await?;
    let locked: bool =
        sqlx::query_scalar(lock).bind(NAMESPACE).bind(name as i32).fetch_one(&mut *connection).await?;
    // Its own connection: one that went back to the pool could be closed, and the lock with it.
    Ok(locked.then(|| connection.detach()))
}
