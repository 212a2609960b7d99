//! A store, and short words for what is in it.

use std::time::Duration;

use api::{
    Timestamp,
    logs::{Level, LogRecord, StoredRecord},
};
use kit::testing::TestDb;
use log_service::{
    domain::{Filter, NewRecord, Position},
    store::{Found, Scan, Store},
};

pub(crate) const NOW: Timestamp = Timestamp(1_700_000_000_000_000);
pub(crate) const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) async fn open(db: &TestDb) -> Store {
    Store::open((**db).clone()).await.unwrap()
}

/// Logged so many seconds after `NOW`.
pub(crate) fn record(seconds: i64, message: &str) -> LogRecord {
    LogRecord {
        at: Timestamp(NOW.0 + seconds * 1_000_000),
        service: "messages".into(),
        instance: "1-a".into(),
        level: Level::Info,
        message: message.into(),
        fields: serde_json::Map::new(),
        trace_id: None,
    }
}

pub(crate) fn with_field(name: &str, value: &str) -> LogRecord {
    LogRecord { fields: [(name.to_owned(), value.into())].into_iter().collect(), ..record(0, "with a field") }
}

pub(crate) async fn stored(store: &Store, records: impl IntoIterator<Item = LogRecord>) -> i64 {
    let records: Vec<_> = records.into_iter().map(|record| NewRecord::try_from(record).unwrap()).collect();
    store.append(&records, NOW).await.unwrap()
}

pub(crate) async fn page(store: &Store, filter: &Filter, from: Option<Position>, limit: u32) -> Found {
    store.page(filter, from, limit, Scan::default()).await.unwrap()
}

pub(crate) async fn found(store: &Store, filter: &Filter) -> Vec<String> {
    messages(&page(store, filter, None, 1000).await.records)
}

pub(crate) fn messages(records: &[StoredRecord]) -> Vec<String> {
    records.iter().map(|stored| stored.record.message.clone()).collect()
}
