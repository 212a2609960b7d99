//! The records on disk. All SQL of this service is here and below.

mod append;
mod erase;
mod follow;
mod page;
mod retain;

use api::{
    Timestamp,
    logs::{Level, LogRecord, StoredRecord},
};
use kit::db::{Backend, Db};
use sqlx::FromRow;

pub use self::{
    erase::{ERASE_CHUNK, Erasure},
    follow::{FOLLOW_BATCH, FOLLOW_WINDOW, Followed},
    page::{Found, Scan},
    retain::RETAIN_CHUNK,
};

/// The tables, for both engines.
pub fn migrations() -> kit::db::Migrations {
    kit::migrations!()
}

#[derive(Clone)]
pub struct Store {
    db: Db,
}

impl Store {
    pub async fn open(db: Db) -> sqlx::Result<Self> {
        let store = Self { db };
        store.overwrite_what_goes().await?;
        Ok(store)
    }

    /// SQLite leaves what was deleted in the file until the place is used again, unless told otherwise. PostgreSQL's vacuum
    /// does that in its own time.
    async fn overwrite_what_goes(&self) -> sqlx::Result<()> {
        if let Backend::Sqlite(pool) = self.db.write() {
            sqlx::query("pragma secure_delete = on").execute(pool).await?;
        }
        Ok(())
    }
}

/// A record as its row has it.
#[derive(FromRow)]
struct Row {
    id: i64,
    at: i64,
    service: String,
    instance: String,
    level: i16,
    message: String,
    fields: String,
    trace_id: Option<String>,
}

impl TryFrom<Row> for StoredRecord {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> sqlx::Result<Self> {
        let level = usize::try_from(row.level).ok().and_then(|level| Level::ALL.get(level));
        Ok(Self {
            id: row.id.unsigned_abs(),
            record: LogRecord {
                at: Timestamp(row.at),
                service: row.service,
                instance: row.instance,
                level: *level.ok_or_else(|| sqlx::Error::Decode("a level that is none".into()))?,
                message: row.message,
                fields: serde_json::from_str(&row.fields)
                    .map_err(|error| sqlx::Error::Decode(error.into()))?,
                trace_id: row.trace_id,
            },
        })
    }
}

fn records(rows: Vec<Row>) -> sqlx::Result<Vec<StoredRecord>> {
    rows.into_iter().map(StoredRecord::try_from).collect()
}
