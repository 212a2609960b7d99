//! All SQL of this service. A method that changes something is one transaction that tells its whole story and gives back the events
//! that the bus is to carry.

pub mod access_tokens;
pub mod accounts;
pub mod api_tokens;
pub(crate) mod bans;
pub mod certificates;
pub mod column;
pub(crate) mod erasure;
pub(crate) mod events;
pub mod housekeeping;
pub(crate) mod invites;
pub mod keys;
pub(crate) mod leases;
pub(crate) mod marks;
pub mod metadata;
pub(crate) mod names;
pub(crate) mod operating;
pub(crate) mod operators;
pub mod presence;
mod renames;
pub mod revocations;
pub mod sessions;
pub mod staying;
pub mod tasks;
pub mod tokens;
pub mod users;

use kit::db::Db;

/// The database of people.
#[derive(Clone)]
pub struct Store {
    pub(crate) db: Db,
    /// Versions are compared within one epoch.
    pub(crate) epoch: String,
}

impl Store {
    pub async fn open(db: Db) -> sqlx::Result<Self> {
        Ok(Self { epoch: db.epoch().await?, db })
    }
}

/// Runs one statement in a transaction; the rows that it changed.
macro_rules! execute {
    ($tx:expr, $sql:expr $(, $arg:expr)* $(,)?) => {
        kit::on!($tx, t => sqlx::query($sql)$(.bind($arg))*.execute(&mut **t).await.map(|done| done.rows_affected()))
    };
}

/// The row of one statement in a transaction, if there is one.
macro_rules! fetch_optional {
    ($tx:expr, $sql:expr $(, $arg:expr)* $(,)?) => {
        kit::on!($tx, t => sqlx::query_as($sql)$(.bind($arg))*.fetch_optional(&mut **t).await)
    };
}

/// All rows of one statement in a transaction.
macro_rules! fetch_all {
    ($tx:expr, $sql:expr $(, $arg:expr)* $(,)?) => {
        kit::on!($tx, t => sqlx::query_as($sql)$(.bind($arg))*.fetch_all(&mut **t).await)
    };
}

/// The row of one statement that only reads, if there is one.
macro_rules! read_optional {
    ($db:expr, $sql:expr $(, $arg:expr)* $(,)?) => {
        kit::on!($db.read(), pool => sqlx::query_as($sql)$(.bind($arg))*.fetch_optional(pool).await)
    };
}

/// All rows of one statement that only reads.
macro_rules! read_all {
    ($db:expr, $sql:expr $(, $arg:expr)* $(,)?) => {
        kit::on!($db.read(), pool => sqlx::query_as($sql)$(.bind($arg))*.fetch_all(pool).await)
    };
}

/// Runs one statement that writes, outside a transaction; the rows that it changed.
macro_rules! write_one {
    ($db:expr, $sql:expr $(, $arg:expr)* $(,)?) => {
        kit::on!($db.write(), pool => sqlx::query($sql)$(.bind($arg))*.execute(pool).await.map(|done| done.rows_affected()))
    };
}

pub(crate) use {execute, fetch_all, fetch_optional, read_all, read_optional, write_one};

/// The tables of this service.
pub fn migrations() -> kit::db::Migrations {
    kit::migrations!()
}
