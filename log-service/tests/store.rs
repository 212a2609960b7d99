//! The store's contract: the same for SQLite and PostgreSQL.

#![allow(clippy::unwrap_used, reason = "a panic here is the message")]

use std::time::Duration;

use api::{
    Timestamp,
    id::UserId,
    logs::{Level, LogRecord, StoredRecord},
};
use kit::testing::TestDb;
use log_service::{
    domain::{Filter, Keep, NewRecord, Position, Span, Stored, pattern_of},
    store::{Erasure, FOLLOW_BATCH, Found, Scan, Store, migrations},
};

macro_rules! store_contract {
    ($($test:ident)*) => {
        mod sqlite { $(
            #[tokio::test]
            async fn $test() {
                let db = kit::testing::sqlite(&log_service::store::migrations()).await;
                super::$test(super::open(&db).await).await;
            }
        )* }
        mod postgres { $(
            #[tokio::test]
            async fn $test() {
                let db = kit::testing::postgres(&log_service::store::migrations()).await;
                super::$test(super::open(&db).await).await;
            }
        )* }
    };
}

store_contract! {
    a_record_comes_back_as_it_went
    a_batch_takes_ids_without_a_hole_and_so_do_many_at_once
    the_newest_come_first_by_their_own_time
    pages_are_stable_while_records_come_in
    each_filter_keeps_the_rest_out
    a_text_is_found_as_it_stands
    a_search_that_looks_far_goes_on_with_the_cursor
    a_reader_follows_in_the_order_of_storing
    a_reader_learns_what_it_missed
    retention_goes_by_age_records_and_bytes
    erasure_blanks_what_names_the_user_and_nothing_else
    an_erasure_that_ran_out_of_time_goes_on
}

const NOW: Timestamp = Timestamp(1_700_000_000_000_000);
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const LONG: Duration = Duration::from_secs(60);

async fn open(db: &TestDb) -> Store {
    Store::open((**db).clone()).await.unwrap()
}

/// Logged so many seconds after `NOW`.
fn record(seconds: i64, message: &str) -> LogRecord {
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

fn with_field(name: &str, value: &str) -> LogRecord {
    LogRecord { fields: [(name.to_owned(), value.into())].into_iter().collect(), ..record(0, "with a field") }
}

async fn stored(store: &Store, records: impl IntoIterator<Item = LogRecord>) -> i64 {
    let records: Vec<_> = records.into_iter().map(|record| NewRecord::try_from(record).unwrap()).collect();
    store.append(&records, NOW).await.unwrap()
}

async fn page(store: &Store, filter: &Filter, from: Option<Position>, limit: u32) -> Found {
    store.page(filter, from, limit, Scan::default()).await.unwrap()
}

async fn found(store: &Store, filter: &Filter) -> Vec<String> {
    messages(&page(store, filter, None, 1000).await.records)
}

fn messages(records: &[StoredRecord]) -> Vec<String> {
    records.iter().map(|stored| stored.record.message.clone()).collect()
}

async fn a_record_comes_back_as_it_went(store: Store) {
    let odd = LogRecord {
        level: Level::Error,
        trace_id: Some(TRACE.into()),
        fields: serde_json::from_str(
            r#"{"a":[1,2.5,null,true,"\u0000\r\n\u2028\"\\"],"Å":{"n":9007199254740993}}"#,
        )
        .unwrap(),
        ..record(
            0,
            "line one\r\n2023-01-01 ERROR forged \u{1b}[2J\u{7f}\u{85}\u{202e}\u{2028} 'q' \"d\" \\ 🦀",
        )
    };
    stored(&store, [odd.clone(), record(0, "")]).await;
    let page = page(&store, &Filter::default(), None, 10).await;
    assert_eq!(page.records[1], StoredRecord { id: 1, record: odd });
    assert_eq!(page.records[0], StoredRecord { id: 2, record: record(0, "") });
    assert_eq!(page.next, None);
}

async fn a_batch_takes_ids_without_a_hole_and_so_do_many_at_once(store: Store) {
    assert_eq!(store.head().await.unwrap(), 0);
    let batches = (0..8).map(|n| {
        let store = store.clone();
        tokio::spawn(async move { stored(&store, (0..50).map(|i| record(i, &format!("{n}")))).await })
    });
    for batch in batches.collect::<Vec<_>>() {
        batch.await.unwrap();
    }
    assert_eq!(store.head().await.unwrap(), 400);
    let mut all = page(&store, &Filter::default(), None, 1000).await.records;
    all.sort_by_key(|stored| stored.id);
    assert_eq!(all.iter().map(|stored| stored.id).collect::<Vec<_>>(), (1..=400).collect::<Vec<_>>());
    for batch in all.chunks(50) {
        assert!(
            batch.iter().all(|stored| stored.record.message == batch[0].record.message),
            "batches are mixed"
        );
    }
}

async fn the_newest_come_first_by_their_own_time(store: Store) {
    stored(&store, [record(2, "second"), record(3, "third")]).await;
    stored(&store, [record(1, "late"), record(3, "third again")]).await;
    assert_eq!(found(&store, &Filter::default()).await, ["third again", "third", "second", "late"]);
}

async fn pages_are_stable_while_records_come_in(store: Store) {
    // Five records for each second: pages end within a moment.
    stored(&store, (0..50).map(|n| record(n / 5, &n.to_string()))).await;
    let (mut from, mut seen) = (None, Vec::new());
    loop {
        let page = page(&store, &Filter::default(), from, 7).await;
        assert!(page.records.len() == 7 || page.next.is_none());
        seen.extend(messages(&page.records));
        stored(&store, [record(100, "newer")]).await;
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    assert_eq!(seen, (0..50).rev().map(|n| n.to_string()).collect::<Vec<_>>());
    let exactly = page(
        &store,
        &Filter { span: Span { until: record(99, "").at, ..Span::default() }, ..Filter::default() },
        None,
        50,
    )
    .await;
    assert_eq!((exactly.records.len(), exactly.next), (50, None), "a full last page promises no more");
}

async fn each_filter_keeps_the_rest_out(store: Store) {
    let users = LogRecord { service: "users".into(), ..record(1, "users") };
    let warning = LogRecord { level: Level::Warn, ..record(2, "warn") };
    let error = LogRecord { level: Level::Error, ..record(3, "error") };
    let debug = LogRecord { level: Level::Debug, ..record(4, "debug") };
    let traced = LogRecord { trace_id: Some(TRACE.into()), ..record(5, "traced") };
    stored(&store, [users, warning, error, debug, traced]).await;
    let all = Filter::default;
    let at = |seconds| record(seconds, "").at;
    for (filter, expected) in [
        (all(), vec!["traced", "debug", "error", "warn", "users"]),
        (Filter { service: Some("users".into()), ..all() }, vec!["users"]),
        (Filter { service: Some("user".into()), ..all() }, vec![]),
        (Filter { level: Level::Warn, ..all() }, vec!["error", "warn"]),
        (Filter { level: Level::Info, ..all() }, vec!["traced", "error", "warn", "users"]),
        (Filter { trace_id: Some(TRACE.into()), ..all() }, vec!["traced"]),
        (Filter { trace_id: Some(TRACE.replace('4', "5")), ..all() }, vec![]),
        (Filter { text: Some("rr".into()), ..all() }, vec!["error"]),
        (Filter { span: Span { since: at(2), until: at(4) }, ..all() }, vec!["error", "warn"]),
        (Filter { span: Span { since: at(4), until: at(2) }, ..all() }, vec![]),
        (Filter { trace_id: Some(TRACE.into()), level: Level::Warn, ..all() }, vec![]),
        (Filter { trace_id: Some(TRACE.into()), text: Some("ACED".into()), ..all() }, vec!["traced"]),
    ] {
        assert_eq!(found(&store, &filter).await, expected, "{filter:?}");
        let mut followed = messages(&store.follow(&filter, 0).await.unwrap().records);
        followed.reverse();
        assert_eq!(followed, expected, "following {filter:?}");
    }
}

async fn a_text_is_found_as_it_stands(store: Store) {
    let texts =
        ["100%", "100 per cent", "a_b", "axb", r"c:\d", "Grün GRÜN", "it's", "x') or 1=1 --", "two\nlines"];
    stored(&store, texts.iter().enumerate().map(|(n, text)| record(n as i64, text))).await;
    stored(&store, [LogRecord { message: "by field".into(), ..with_field("user", "3f9k2m7q0x1ab") }]).await;
    for (text, expected) in [
        ("100%", vec!["100%"]),
        ("a_b", vec!["a_b"]),
        (r":\D", vec![r"c:\d"]),
        ("%", vec!["100%"]),
        ("GRÜN", vec!["Grün GRÜN"]),
        // Letters beyond ASCII are as they stand, on both engines.
        ("GrüN g", vec!["Grün GRÜN"]),
        ("grÜn x", vec![]),
        ("IT'S", vec!["it's"]),
        ("') or 1=1 --", vec!["x') or 1=1 --"]),
        ("two\nl", vec!["two\nlines"]),
        (r#""user":"3f9k2m7q0x1ab""#, vec!["by field"]),
        ("nowhere", vec![]),
    ] {
        assert_eq!(
            found(&store, &Filter { text: Some(text.into()), ..Filter::default() }).await,
            expected,
            "{text}"
        );
    }
}

async fn a_search_that_looks_far_goes_on_with_the_cursor(store: Store) {
    stored(&store, (0..100).map(|n| record(n / 3, if n % 40 == 5 { "needle" } else { "hay" }))).await;
    let needles = Filter { text: Some("needle".into()), ..Filter::default() };
    let scan = Scan { window: 10, windows: 2 };
    let (mut from, mut seen, mut pages) = (None, Vec::new(), 0);
    loop {
        let page = store.page(&needles, from, 50, scan).await.unwrap();
        (seen, pages) = ([seen, page.records].concat(), pages + 1);
        from = page.next;
        if from.is_none() {
            break;
        }
        assert!(pages < 10, "it does not end");
    }
    assert_eq!(seen.iter().map(|stored| stored.id).collect::<Vec<_>>(), [86, 46, 6]);
    assert!(pages > 3, "one request looked through {} records", 100 / pages);
}

async fn a_reader_follows_in_the_order_of_storing(store: Store) {
    let batch = usize::try_from(FOLLOW_BATCH).unwrap();
    stored(&store, (0..=batch).map(|n| record(-(n as i64), &n.to_string()))).await;
    let first = store.follow(&Filter::default(), 0).await.unwrap();
    assert_eq!(messages(&first.records), (0..batch).map(|n| n.to_string()).collect::<Vec<_>>());
    let second = store.follow(&Filter::default(), first.to).await.unwrap();
    assert_eq!((messages(&second.records), second.to), (vec![batch.to_string()], FOLLOW_BATCH + 1));
    let nothing = store.follow(&Filter::default(), second.to).await.unwrap();
    assert_eq!((nothing.records.len(), nothing.to, nothing.missed), (0, second.to, 0));
    // An id from before a restore.
    assert_eq!(store.follow(&Filter::default(), 1_000_000).await.unwrap().to, second.to);
}

async fn a_reader_learns_what_it_missed(store: Store) {
    stored(&store, (0..10).map(|n| record(n, "x"))).await;
    let keep = |records| Keep { age: LONG, records, bytes: u64::MAX };
    store.retain(&keep(4), NOW).await.unwrap();
    let followed = store.follow(&Filter::default(), 2).await.unwrap();
    assert_eq!((followed.records.len(), followed.missed, followed.to), (4, 4, 10));
    store.retain(&keep(0), NOW).await.unwrap();
    let followed = store.follow(&Filter::default(), 8).await.unwrap();
    assert_eq!((followed.records.len(), followed.missed, followed.to), (0, 2, 10));
    assert_eq!(stored(&store, [record(0, "after")]).await, 11, "an id is given twice");
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
