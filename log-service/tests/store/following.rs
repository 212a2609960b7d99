use log_service::{
    domain::{Filter, Keep},
    store::{FOLLOW_BATCH, Store},
};

use crate::{
    store_contract,
    words::{LONG, NOW, messages, record, stored},
};

store_contract! {
    a_reader_follows_in_the_order_of_storing
    a_reader_learns_what_it_missed
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
