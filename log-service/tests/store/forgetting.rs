use std::time::Duration;

use api::{id::UserId, logs::LogRecord};
use log_service::{
    domain::{Filter, Keep, NewRecord, Stored, pattern_of},
    store::{Erasure, Store, migrations},
};

use crate::{
    store_contract,
    words::{LONG, NOW, TRACE, found, page, record, stored, with_field},
};

store_contract! {
    retention_goes_by_age_records_and_bytes
    erasure_blanks_what_names_the_user_and_nothing_else
    an_erasure_that_ran_out_of_time_goes_on
}

async fn retention_goes_by_age_records_and_bytes(store: Store) {
    let keep = Keep { age: LONG, records: 1000, bytes: 1_000_000 };
    stored(&store, (0..10).map(|n| record(n, "old"))).await;
    let later = NOW.plus(Duration::from_secs(30));
    let new: Vec<_> = (0..10).map(|n| NewRecord::try_from(record(n, "new")).unwrap()).collect();
    store.append(&new, later).await.unwrap();
    assert_eq!(store.retain(&keep, NOW.plus(LONG)).await.unwrap(), 0);
    assert_eq!(store.retain(&keep, NOW.plus(LONG + Duration::from_micros(1))).await.unwrap(), 10);
    assert_eq!(found(&store, &Filter::default()).await, vec!["new"; 10]);

    let one = u64::try_from(new[0].bytes()).unwrap();
    assert_eq!(store.stored().await.unwrap(), Stored { records: 10, bytes: 10 * one });
    assert_eq!(store.retain(&Keep { records: 10, ..keep }, later).await.unwrap(), 0);
    assert_eq!(store.retain(&Keep { records: 9, ..keep }, later).await.unwrap(), 1);
    assert_eq!(store.retain(&Keep { bytes: 9 * one, ..keep }, later).await.unwrap(), 0);
    assert_eq!(store.retain(&Keep { bytes: 9 * one - 1, ..keep }, later).await.unwrap(), 1);
    assert_eq!(store.stored().await.unwrap(), Stored { records: 8, bytes: 8 * one });
}

async fn erasure_blanks_what_names_the_user_and_nothing_else(store: Store) {
    let user = UserId::try_from("3f9k2m7q0x1ab").unwrap();
    let other = record(3, "3f9k2m7q0x1ac is somebody else");
    let mut named = with_field("path", "/v1/users/3f9k2m7q0x1ab/data");
    (named.trace_id, named.message) = (Some(TRACE.into()), "Éloïse asked".into());
    stored(&store, [record(1, "3f9k2m7q0x1ab is Éloïse"), named.clone(), other.clone()]).await;
    let pattern = pattern_of(&user).unwrap();
    for _ in 0..2 {
        assert_eq!(store.erase(&user, &pattern, LONG).await.unwrap(), Erasure::Done);
        let mut left = page(&store, &Filter::default(), None, 10).await.records;
        left.sort_by_key(|stored| stored.id);
        let left: Vec<_> = left.into_iter().map(|stored| stored.record).collect();
        let blank = |record: LogRecord| LogRecord {
            message: "[erased]".into(),
            fields: serde_json::Map::new(),
            ..record
        };
        assert_eq!(left, [blank(record(1, "")), blank(named.clone()), other.clone()]);
    }
}

async fn an_erasure_that_ran_out_of_time_goes_on(store: Store) {
    let user = UserId::try_from("3f9k2m7q0x1ab").unwrap();
    let pattern = pattern_of(&user).unwrap();
    stored(&store, [record(1, "3f9k2m7q0x1ab came")]).await;
    assert_eq!(store.erase(&user, &pattern, Duration::ZERO).await.unwrap(), Erasure::Unfinished);
    stored(&store, [record(2, "3f9k2m7q0x1ab left")]).await;
    assert_eq!(store.erase(&user, &pattern, LONG).await.unwrap(), Erasure::Done);
    assert_eq!(found(&store, &Filter::default()).await, ["[erased]", "[erased]"]);
}

/// SQLite only: its files are ours, and a copy of them is all that somebody needs.
#[tokio::test]
async fn nothing_of_what_was_erased_stays_in_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let url = kit::config::SecretUrl::from(format!("sqlite:{}", dir.path().join("logs.db").display()));
    let store = Store::open(kit::db::connect(&url, &migrations()).await.unwrap()).await.unwrap();
    let user = UserId::try_from("3f9k2m7q0x1ab").unwrap();
    for n in 0..20 {
        let long = format!("3f9k2m7q0x1ab Éloïse-{n} {}", "words ".repeat(n * 60));
        stored(&store, (0..20).map(|i| record(i, "somebody else")).chain([record(n as i64, &long)])).await;
    }
    let held = |text: &str| {
        let files = std::fs::read_dir(dir.path()).unwrap();
        let bytes = files.map(|file| std::fs::read(file.unwrap().path()).unwrap());
        bytes.filter(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes())).count()
    };
    assert!(held("Éloïse-1") > 0, "the search finds nothing at all");
    assert_eq!(store.erase(&user, &pattern_of(&user).unwrap(), LONG).await.unwrap(), Erasure::Done);
    assert_eq!((held("Éloïse"), held("words words")), (0, 0));
}
