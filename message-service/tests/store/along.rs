//! What comes along with texts, and how far they were read.

use std::collections::BTreeMap;

use api::{Timestamp, messages::ReadMarker, tags::Tags};
use message_service::{
    domain::act::{Act, What},
    store::{Reading, Store},
};

use crate::{
    store_contract,
    words::{append_one, does, entry, person, place, says, tells},
};

store_contract! {
    tags_and_splits_stay_until_the_text_goes
    a_marker_by_time_needs_nothing_said
    conversations_are_found_by_their_latest_moment
}

fn tagged(act: Act, splits: &[u32]) -> Act {
    let tags = BTreeMap::from([("+a".to_owned(), "x \"y\"".to_owned()), ("+b".to_owned(), String::new())]);
    let what = act.what.clone().with(Tags::try_from(tags).unwrap(), splits.to_vec()).unwrap();
    Act { what, ..act }
}

async fn tags_and_splits_stay_until_the_text_goes(store: Store) {
    let alice = person("1alice", "alice");
    let said = entry(append_one(&store, 1, tagged(says(&alice, "1rust", "how is everyone?"), &[7])).await);
    assert_eq!(
        (said.tags.get("+a"), said.tags.get("+b"), &said.splits[..]),
        (Some("x \"y\""), Some(""), &[7][..])
    );
    append_one(&store, 2, says(&alice, "1rust", "plain")).await;
    let n = place(&store, "1rust").await.n;
    assert_eq!(store.entry(n, 1).await.unwrap().unwrap(), said);
    assert!(store.entry(n, 2).await.unwrap().unwrap().tags.is_empty());
    append_one(&store, 3, does(&alice, "1rust", What::edit(1, "short".into()).unwrap())).await;
    let edited = store.entry(n, 1).await.unwrap().unwrap();
    assert_eq!(
        (edited.tags.get("+b"), &edited.splits[..]),
        (Some(""), &[][..]),
        "it was another text that was cut"
    );
    append_one(&store, 4, does(&alice, "1rust", What::redact(1, String::new()).unwrap())).await;
    assert!(store.entry(n, 1).await.unwrap().unwrap().tags.is_empty());
    let last = entry(append_one(&store, 5, tagged(says(&alice, "1rust", "more"), &[])).await);
    store.erase(&alice.id).await.unwrap();
    while store.erase_step().await.unwrap() {}
    assert!(store.entry(n, last.seq).await.unwrap().unwrap().tags.is_empty());
}

async fn a_marker_by_time_needs_nothing_said(store: Store) {
    let (alice, bob) = (person("1alice", "alice"), person("1bob", "bob"));
    let (channel, name) = ("1rust".try_into().unwrap(), "#rust".try_into().unwrap());
    let reads = async |at: i64| {
        store.read_until(&alice.id, Reading::Channel(&channel, &name), Timestamp(at)).await.unwrap()
    };
    let marker = |seq, at| ReadMarker { seq, at: Some(Timestamp(at)) };
    assert_eq!(reads(5_000).await, marker(0, 5_000));
    assert_eq!(reads(4_000).await, marker(0, 5_000));
    for at in [10_000, 20_000, 30_000] {
        append_one(&store, at, says(&bob, "1rust", "x")).await;
    }
    assert_eq!(reads(20_400).await, marker(2, 20_400));
    let n = place(&store, "1rust").await.n;
    assert_eq!(store.set_read_marker(&alice.id, n, 1).await.unwrap(), marker(1, 20_400));
    assert_eq!(store.set_read_marker(&alice.id, n, 3).await.unwrap(), marker(3, 30_000));
    assert_eq!(reads(20_400).await, marker(3, 30_000));
    assert_eq!(store.read_marker(&bob.id, n).await.unwrap(), ReadMarker::default());
    for other in [&bob, &alice] {
        let direct = store.read_until(&alice.id, Reading::With(&other.id), Timestamp(7_000)).await.unwrap();
        assert_eq!(direct, marker(0, 7_000));
    }
    // What is said then finds its place.
    append_one(&store, 40_000, tells(&bob, &alice, "hi")).await;
    let direct = store.direct(&alice.id, &bob.id).await.unwrap().unwrap();
    assert_eq!(store.read_marker(&alice.id, direct.n).await.unwrap(), marker(0, 7_000));
}

async fn conversations_are_found_by_their_latest_moment(store: Store) {
    let (alice, bob) = (person("1alice", "alice"), person("1bob", "bob"));
    append_one(&store, 1_000, says(&alice, "1b", "x")).await;
    append_one(&store, 2_000, tells(&bob, &alice, "x")).await;
    append_one(&store, 3_000, says(&alice, "1a", "x")).await;
    append_one(&store, 3_000, says(&alice, "1b", "x")).await;
    append_one(&store, 3_000, says(&bob, "1other", "x")).await;
    let channels = ["1a".try_into().unwrap(), "1b".try_into().unwrap(), "1never".try_into().unwrap()];
    let found = async |after, before, limit| {
        let listed = store.conversations_at(&alice.id, &channels, after, before, limit).await.unwrap();
        listed.iter().map(|found| (found.last_at.unwrap().0, found.n)).collect::<Vec<_>>()
    };
    let all = found((0, i64::MAX), i64::MAX, 9).await;
    assert_eq!(all.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [2_000, 3_000, 3_000]);
    assert_eq!(found((0, i64::MAX), 3_000, 9).await, all[..1]);
    assert_eq!(found((0, i64::MAX), i64::MAX, 2).await, all[..2]);
    // Of one moment, by number.
    assert_eq!(found(all[1], i64::MAX, 9).await, all[2..]);
}
