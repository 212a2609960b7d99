//! One SQL text, two engines: SQLite on one machine, PostgreSQL past it.

mod claim;
mod connect;
mod copy;
mod epoch;
mod error;
mod migrate;

use std::path::PathBuf;

use sqlx::{PgPool, Postgres, Sqlite, SqlitePool, Transaction};

pub use self::{
    claim::Claim,
    connect::{DbSetupError, connect, sqlite_path},
    copy::{Compared, Copy},
    error::{OnConflict, is_conflict, is_unavailable},
    migrate::Migrations,
};

/// The same thing for each engine: two pools, two transactions, two connections.
#[derive(Debug, Clone)]
pub enum Backend<S, P> {
    Sqlite(S),
    Postgres(P),
}

/// A service's database.
pub type Db = Backend<SqliteDb, PgPool>;

/// SQLite has one writer, and readers that it does not stop.
#[derive(Debug, Clone)]
pub struct SqliteDb {
    pub(crate) writer: SqlitePool,
    pub(crate) readers: SqlitePool,
    pub(crate) path: PathBuf,
}

/// Pools to read from, or to write one statement to.
pub type Pool<'a> = Backend<&'a SqlitePool, &'a PgPool>;

/// A transaction. Dropped without [`commit`](Backend::commit), nothing of it happened.
pub type Tx = Backend<Transaction<'static, Sqlite>, Transaction<'static, Postgres>>;

/// Expands the same body for the engine in use: `on!(tx, t => sqlx::query(SQL).execute(&mut **t).await)`.
#[macro_export]
macro_rules! on {
    ($on:expr, $conn:ident => $body:expr) => {
        match $on {
            $crate::db::Backend::Sqlite($conn) => $body,
            $crate::db::Backend::Postgres($conn) => $body,
        }
    };
}
pub use crate::on;

impl Db {
    /// A transaction that writes. SQLite takes its one writer at once, so that it cannot fail half way for a lock.
    pub async fn begin(&self) -> sqlx::Result<Tx> {
        Ok(match self {
            Self::Sqlite(db) => Backend::Sqlite(db.writer.begin_with("begin immediate").await?),
            Self::Postgres(pool) => Backend::Postgres(pool.begin().await?),
        })
    }

    /// A transaction that only reads, all of it as of one moment.
    pub async fn snapshot(&self) -> sqlx::Result<Tx> {
        Ok(match self {
            Self::Sqlite(db) => Backend::Sqlite(db.readers.begin().await?),
            Self::Postgres(pool) => {
                Backend::Postgres(pool.begin_with("begin isolation level repeatable read, read only").await?)
            }
        })
    }

    /// For single statements that read: `on!(db.read(), pool => sqlx::query_as(SQL).fetch_all(pool).await)`.
    pub fn read(&self) -> Pool<'_> {
        match self {
            Self::Sqlite(db) => Backend::Sqlite(&db.readers),
            Self::Postgres(pool) => Backend::Postgres(pool),
        }
    }

    /// For single statements that write.
    pub fn write(&self) -> Pool<'_> {
        match self {
            Self::Sqlite(db) => Backend::Sqlite(&db.writer),
            Self::Postgres(pool) => Backend::Postgres(pool),
        }
    }

    /// Whether the engine is SQLite: one process, one writer.
    pub fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> sqlx::Result<()> {
        on!(self.read(), pool => sqlx::query("select 1").execute(pool).await.map(|_| ()))
    }

    /// Lets the connections end; SQLite folds its log into the file.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(db) => {
                db.readers.close().await;
                db.writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Tx {
    /// Makes it true. Only now may anybody be told.
    pub async fn commit(self) -> sqlx::Result<()> {
        on!(self, tx => tx.commit().await)
    }

    pub async fn rollback(self) -> sqlx::Result<()> {
        on!(self, tx => tx.rollback().await)
    }
}
