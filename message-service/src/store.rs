//! Everything of conversations that is kept: all SQL is here. One writer appends ([`Store::append`]); everybody reads.

mod append;
mod bulk;
mod clean;
mod erase;
mod heads;
mod history;
mod keys;
mod listing;
mod log;
mod memory;
mod people;
mod places;
mod row;

use std::sync::Arc;

use kit::db::{Db, Migrations};
use parking_lot::Mutex;

use self::memory::Memory;
pub use self::{
    append::{Outcome, Stored},
    clean::Policy,
    history::{Bounds, Place},
    listing::Listed,
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

impl Store {
    pub async fn open(db: Db) -> Result<Self> {
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
