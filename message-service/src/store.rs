//! Everything of conversations that is kept: all SQL is here. One writer appends ([`Store::append`]); everybody reads.

mod append;
mod bulk;
mod channels;
mod clean;
mod erase;
mod heads;
mod history;
mod keys;
mod listing;
mod log;
mod markers;
mod memory;
mod people;
mod places;
mod reactions;
mod row;

use std::sync::Arc;

use kit::db::{Backend, Db, Migrations};
use parking_lot::Mutex;

use self::memory::Memory;
pub use self::{
    append::{Outcome, Stored},
    channels::{Heard, Policy},
    history::{Bounds, Place},
    listing::Listed,
    markers::Reading,
};

/// The migrations of both engines.
pub fn migrations() -> Migrations {
    kit::migrations!()
}

pub type Result<T> = sqlx::Result<T>;

#[derive(Clone)]
pub struct Store {
    db: Db,
    epoch: Arc<str>,
    memory: Arc<Mutex<Memory>>,
}

/// For SQLite's one writer. Its cache holds the last page of each busy conversation (2 MB would hold 500); the log is folded into
/// the file after 16 MB rather than 4, because the same pages change again and again.
const TUNE: [&str; 2] = ["pragma cache_size = -16000", "pragma wal_autocheckpoint = 4000"];

impl Store {
    pub async fn open(db: Db) -> Result<Self> {
        if let Backend::Sqlite(pool) = db.write() {
            for pragma in TUNE {
                sqlx::query(pragma).execute(pool).await?;
            }
        }
        let epoch = db.epoch().await?.into();
        Ok(Self { db, epoch, memory: Arc::default() })
    }

    /// Versions are compared within one epoch only.
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// Looks everything up again: what was remembered may not have happened.
    pub fn forget(&self) {
        self.memory.lock().clear();
    }

    pub fn db(&self) -> &Db {
        &self.db
    }
}
