//! All SQL of channel-service. One text serves both engines; where they must differ, the two stand side by side.
//!
//! A change reads what it needs onto a [`Ledger`](crate::domain::ledger::Ledger) under locks, and writes back what became of it:
//! a handful of statements for a whole batch.

mod erase;
mod ledger;
mod reading;
mod rows;
mod saying;
mod staying;
mod tasks;
mod upkeep;
mod write;

use kit::db::{Backend, Db};

pub use self::{
    reading::{ListQuery, Within},
    tasks::Task,
};

/// Times a batch looks again for a room that was deleted between finding and locking it.
const TRIES: usize = 3;

#[derive(Debug, Clone)]
pub struct Store {
    db: Db,
    /// Versions are compared within it only.
    pub epoch: String,
}

impl Store {
    pub async fn open(db: Db) -> sqlx::Result<Self> {
        let epoch = db.epoch().await?;
        // What is deleted is overwritten: after an erasure the file must not hold what the tables no longer show.
        if let Backend::Sqlite(writer) = db.write() {
            sqlx::query("pragma secure_delete = on").execute(writer).await?;
        }
        Ok(Self { db, epoch })
    }
}

/// A text for each engine.
#[derive(Debug, Clone, Copy)]
struct Sql {
    sqlite: &'static str,
    postgres: &'static str,
}

impl Sql {
    fn on<S, P>(self, engine: &Backend<S, P>) -> &'static str {
        match engine {
            Backend::Sqlite(_) => self.sqlite,
            Backend::Postgres(_) => self.postgres,
        }
    }
}

/// A text about the rows of a JSON list in `$1`, `[["a", 1], ["b", 2]]`, each of which it calls `item.value`. The engines call the
/// function differently; everything else is the same.
macro_rules! rows_of {
    ($before:expr, $after:expr) => {
        $crate::store::Sql {
            sqlite: concat!($before, " json_each($1) as item ", $after),
            postgres: concat!($before, " json_array_elements($1::json) as item(value) ", $after),
        }
    };
}

/// A text that reads rows to change them: PostgreSQL locks them, SQLite's one writer has locked everything.
macro_rules! locking {
    ($before:expr, $after:expr) => {
        $crate::store::Sql {
            sqlite: concat!($before, " json_each($1) as item ", $after),
            postgres: concat!(
                $before,
                " json_array_elements($1::json) as item(value) ",
                $after,
                " for update"
            ),
        }
    };
}
use {locking, rows_of};

/// Rows as the texts above take them.
fn list<T: serde::Serialize>(rows: &[T]) -> String {
    serde_json::to_string(rows).expect("rows are plain data")
}

/// What the database holds is not what this release writes.
fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}
