use api::logs::{Level, LogRecord, StoredRecord};
use log_service::{
    domain::{Filter, Span},
    store::{Scan, Store},
};

use crate::{
    store_contract,
    words::{TRACE, found, messages, page, record, stored, with_field},
};

store_contract! {
    a_record_comes_back_as_it_went
    a_batch_takes_ids_without_a_hole_and_so_do_many_at_once
    the_newest_come_first_by_their_own_time
    pages_are_stable_while_records_come_in
    each_filter_keeps_the_rest_out
    a_text_is_found_as_it_stands
    a_search_that_looks_far_goes_on_with_the_cursor
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
