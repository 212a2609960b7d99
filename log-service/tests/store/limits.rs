//! How much one step looks through or takes along: as much as its limit, and the rest in the next.

use api::id::UserId;
use log_service::{
    domain::{Filter, Keep, pattern_of},
    store::{ERASE_CHUNK, Erasure, FOLLOW_BATCH, FOLLOW_WINDOW, RETAIN_CHUNK, Scan, Store},
};

use crate::{
    store_contract,
    words::{self, LONG, NOW, record},
};

store_contract! {
    a_search_looks_through_its_windows_and_no_further
    a_reader_is_given_a_batch_and_then_the_rest
    a_reader_looks_through_a_window_and_then_the_rest
    retention_takes_a_chunk_and_then_the_rest
    an_erasure_takes_a_chunk_and_then_the_rest
}

/// So many records with this text, one a second.
async fn stored(store: &Store, count: i64, text: &str) {
    let records: Vec<_> = (0..count).map(|second| record(second, text)).collect();
    for some in records.chunks(1000) {
        words::stored(store, some.to_vec()).await;
    }
}

fn of(text: &str) -> Filter {
    Filter { text: Some(text.into()), ..Filter::default() }
}

/// The newest are looked through first: the oldest is the last that a search comes to.
async fn a_search_looks_through_its_windows_and_no_further(store: Store) {
    let scan = Scan { window: 10, windows: 3 };
    stored(&store, 1, "needle").await;
    stored(&store, 29, "hay").await;
    assert_eq!(store.page(&of("needle"), None, 50, scan).await.unwrap().records.len(), 1);
    stored(&store, 1, "hay").await;
    let before = store.page(&of("needle"), None, 50, scan).await.unwrap();
    assert!(before.records.is_empty(), "it looked further than it may");
    let after = store.page(&of("needle"), before.next, 50, scan).await.unwrap();
    assert_eq!(after.records.len(), 1);
}

async fn a_reader_is_given_a_batch_and_then_the_rest(store: Store) {
    stored(&store, FOLLOW_BATCH, "x").await;
    let all = store.follow(&Filter::default(), 0).await.unwrap();
    assert_eq!((all.records.len() as i64, all.to), (FOLLOW_BATCH, FOLLOW_BATCH));
    stored(&store, 1, "x").await;
    let first = store.follow(&Filter::default(), 0).await.unwrap();
    assert_eq!((first.records.len() as i64, first.to), (FOLLOW_BATCH, FOLLOW_BATCH));
    let rest = store.follow(&Filter::default(), first.to).await.unwrap();
    assert_eq!((rest.records.len(), rest.to), (1, FOLLOW_BATCH + 1));
}

async fn a_reader_looks_through_a_window_and_then_the_rest(store: Store) {
    stored(&store, FOLLOW_WINDOW, "hay").await;
    assert_eq!(store.follow(&of("needle"), 0).await.unwrap().to, FOLLOW_WINDOW);
    stored(&store, 1, "needle").await;
    let first = store.follow(&of("needle"), 0).await.unwrap();
    assert_eq!((first.records.len(), first.to), (0, FOLLOW_WINDOW));
    let rest = store.follow(&of("needle"), first.to).await.unwrap();
    assert_eq!((rest.records.len(), rest.to), (1, FOLLOW_WINDOW + 1));
}

async fn retention_takes_a_chunk_and_then_the_rest(store: Store) {
    let nothing = Keep { age: LONG, records: 0, bytes: u64::MAX };
    stored(&store, RETAIN_CHUNK, "x").await;
    assert_eq!(store.retain(&nothing, NOW).await.unwrap(), RETAIN_CHUNK);
    stored(&store, RETAIN_CHUNK + 1, "x").await;
    assert_eq!(store.retain(&nothing, NOW).await.unwrap(), RETAIN_CHUNK);
    assert_eq!(store.retain(&nothing, NOW).await.unwrap(), 1);
}

async fn an_erasure_takes_a_chunk_and_then_the_rest(store: Store) {
    let user = UserId::try_from("3f9k2m7q0x1ab").unwrap();
    let pattern = pattern_of(&user).unwrap();
    let named =
        async || store.page(&of(user.as_str()), None, 1000, Scan::default()).await.unwrap().records.len();
    stored(&store, ERASE_CHUNK + 1, user.as_str()).await;
    assert!(named().await > 0);
    assert_eq!(store.erase(&user, &pattern, LONG).await.unwrap(), Erasure::Done);
    assert_eq!(named().await, 0);
}
