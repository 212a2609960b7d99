//! One replica at a time, where two would not hear each other.

use std::{
    fs::{File, TryLockError},
    io::Write,
    path::{Path, PathBuf},
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
        let mut told = false;
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
                    "{}: several replicas need PostgreSQL and bus.kind = \"nats\"; one more network, another --data",
                    self.in_use(name)
                );
            }
            if !std::mem::replace(&mut told, true) {
                tracing::warn!(service = %name, "{}, waiting {} s for it to end", self.in_use(name), wait.as_secs());
            }
            tokio::time::sleep(TRY_AGAIN).await;
        }
    }

    /// Who is in the way, as far as that can be told.
    fn in_use(&self, name: ServiceName) -> String {
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

async fn lock_key(pool: &PgPool, name: ServiceName) -> anyhow::Result<Option<PgConnection>> {
    let mut connection = pool.acquire().await?;
    let locked: bool =
        sqlx::query_scalar(LOCK).bind(NAMESPACE).bind(name as i32).fetch_one(&mut *connection).await?;
    // Its own connection: one that went back to the pool could be closed, and the lock with it.
    Ok(locked.then(|| connection.detach()))
}
