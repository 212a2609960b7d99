//! Entries get their numbers, once.

use std::collections::HashMap;

use api::{Entry, ErrorCode, Timestamp, id::MessageId};
use message_service::{
    domain::{act::What, page::Range},
    store::{Outcome, Store},
};

use crate::{
    store_contract,
    words::{append_one, does, entry, keyed, person, place, refused, says, slowed, stale, tells},
};

store_contract! {
    entries_are_numbered_without_a_hole
    a_repeated_key_gets_the_first_answer_before_any_permission
    a_key_belongs_to_its_author_in_its_conversation
    many_writers_leave_no_hole_and_no_duplicate
    time_never_goes_backwards
    direct_conversations_are_one_for_both
    slow_mode_holds_between_two_messages
    replies_name_what_is_there
}

async fn entries_are_numbered_without_a_hole(store: Store) {
    let (alice, bob) = (person("1alice", "alice"), person("1bob", "bob"));
    let acts = [
        says(&alice, "1rust", "one"),
        says(&bob, "1rust", "two"),
        says(&alice, "1general", "one"),
        refused(says(&bob, "1rust", "never"), ErrorCode::Banned),
        stale(says(&bob, "1rust", "later")),
        says(&bob, "1rust", "three"),
    ];
    let outcomes = store.append(Timestamp(5_000_000), &acts).await.unwrap();
    let seq = |outcome: &Outcome| match outcome {
        Outcome::Stored(stored) => Some(stored.entry.seq),
        Outcome::Stale | Outcome::Refused(_) => None,
    };
    assert_eq!(
        outcomes.iter().map(seq).collect::<Vec<_>>(),
        [Some(1), Some(2), Some(1), None, None, Some(3)]
    );
    assert!(matches!(&outcomes[3], Outcome::Refused(problem) if problem.code == ErrorCode::Banned));
    assert!(matches!(outcomes[4], Outcome::Stale));
    let first = entry(outcomes[0].clone());
    assert_eq!(first.id.to_string(), "1rust-1");
    assert_eq!(first.target, "#c1rust");
    // What is answered, what is published and what is read are the same.
    for outcome in outcomes {
        if let Outcome::Stored(stored) = outcome {
            let n = place(&store, stored.entry.conversation.as_str()).await.n;
            assert_eq!(store.entry(n, stored.entry.seq).await.unwrap().unwrap(), stored.entry);
        }
    }
}

async fn a_repeated_key_gets_the_first_answer_before_any_permission(store: Store) {
    let alice = person("1alice", "alice");
    let first = entry(append_one(&store, 1, keyed(says(&alice, "1rust", "hi"), "k1")).await);
    let banned = refused(keyed(says(&alice, "1rust", "hi"), "k1"), ErrorCode::Banned);
    for again in
        [keyed(says(&alice, "1rust", "hi"), "k1"), banned, stale(keyed(says(&alice, "1rust", "hi"), "k1"))]
    {
        match append_one(&store, 9, again).await {
            Outcome::Stored(stored) => {
                assert!(stored.replayed);
                assert_eq!(stored.entry, first);
            }
            other => panic!("{other:?}"),
        }
    }
    let other = append_one(&store, 9, keyed(says(&alice, "1rust", "ho"), "k1")).await;
    assert!(matches!(other, Outcome::Refused(problem) if problem.code == ErrorCode::KeyReused));
    // Twice in one transaction is the same.
    let twice = [keyed(says(&alice, "1rust", "new"), "k2"), keyed(says(&alice, "1rust", "new"), "k2")];
    let outcomes = store.append(Timestamp(10), &twice).await.unwrap();
    assert_eq!(entry(outcomes[0].clone()), entry(outcomes[1].clone()));
    let n = place(&store, "1rust").await.n;
    assert_eq!(store.bounds(n).await.unwrap().last(), 2);
}

async fn a_key_belongs_to_its_author_in_its_conversation(store: Store) {
    let (alice, bob) = (person("1alice", "alice"), person("1bob", "bob"));
    for act in [
        says(&alice, "1rust", "x"),
        says(&bob, "1rust", "y"),
        says(&alice, "1general", "z"),
        tells(&alice, &bob, "w"),
    ] {
        match append_one(&store, 1, keyed(act, "same")).await {
            Outcome::Stored(stored) => assert!(!stored.replayed),
            other => panic!("{other:?}"),
        }
    }
}

async fn many_writers_leave_no_hole_and_no_duplicate(store: Store) {
    const WRITERS: usize = 8;
    const BATCHES: usize = 20;
    // Stores of their own share nothing but the database, as two processes do. SQLite has one.
    let stores: Vec<Store> = match store.db().is_sqlite() {
        true => vec![store.clone(); WRITERS],
        false => futures_util::future::join_all((0..WRITERS).map(|_| Store::open(store.db().clone())))
            .await
            .into_iter()
            .map(Result::unwrap)
            .collect(),
    };
    let mut writers = Vec::new();
    for (w, store) in stores.into_iter().enumerate() {
        writers.push(tokio::spawn(async move {
            let who = person(&format!("1w{w}"), &format!("w{w}"));
            let mut stored = Vec::new();
            for batch in 0..BATCHES {
                let acts: Vec<_> = (0..10)
                    .map(|i| {
                        // Every key is sent twice, in this batch or the next.
                        let key = format!("k{}", (batch * 10 + i) / 2);
                        let text = format!("text {key}");
                        keyed(says(&who, ["1a", "1b", "1c"][(batch * 10 + i) / 2 % 3], &text), &key)
                    })
                    .collect();
                loop {
                    match store.append(Timestamp(batch as i64), &acts).await {
                        Ok(outcomes) => {
                            stored.extend(outcomes.into_iter().map(entry));
                            break;
                        }
                        // Two that make the same row at once: told to try again, as a gateway is.
                        Err(error) => assert!(
                            kit::db::is_unavailable(&error) || kit::db::is_conflict(&error, ""),
                            "{error}"
                        ),
                    }
                }
            }
            stored
        }));
    }
    let mut answered: HashMap<MessageId, Entry> = HashMap::new();
    for writer in writers {
        for entry in writer.await.unwrap() {
            if let Some(before) = answered.insert(entry.id.clone(), entry.clone()) {
                assert_eq!(before, entry);
            }
        }
    }
    assert_eq!(answered.len(), WRITERS * BATCHES * 10 / 2);
    for channel in ["1a", "1b", "1c"] {
        let n = place(&store, channel).await.n;
        let page = store.page(n, 0, Range::After(0.into()), 1000).await.unwrap();
        let numbers: Vec<u64> = page.items.iter().map(|entry| entry.seq).collect();
        assert_eq!(numbers, (1..=page.items.len() as u64).collect::<Vec<_>>());
        for entry in page.items {
            assert_eq!(answered.remove(&entry.id).unwrap(), entry);
        }
    }
    assert!(answered.is_empty());
}

async fn time_never_goes_backwards(store: Store) {
    let alice = person("1alice", "alice");
    for (now, at) in [(100, 100), (50, 100), (100, 100), (101, 101)] {
        assert_eq!(entry(append_one(&store, now, says(&alice, "1rust", "tick")).await).at, Timestamp(at));
    }
    assert_eq!(entry(append_one(&store, 7, says(&alice, "1other", "tick")).await).at, Timestamp(7));
}

async fn direct_conversations_are_one_for_both(store: Store) {
    let (alice, bob) = (person("1alice", "alice"), person("1bob", "bob"));
    let hi = entry(append_one(&store, 1, tells(&alice, &bob, "hi")).await);
    let ho = entry(append_one(&store, 2, tells(&bob, &alice, "ho")).await);
    assert_eq!((hi.seq, ho.seq), (1, 2));
    assert_eq!(hi.conversation, ho.conversation);
    assert_eq!((hi.target.as_str(), hi.to.as_ref()), ("bob", Some(&bob)));
    let place = store.direct(&bob.id, &alice.id).await.unwrap().unwrap();
    assert!(place.is_of(&alice.id) && place.is_of(&bob.id) && !place.is_of(&person("1carol", "carol").id));
    assert_eq!(store.conversation(&hi.conversation).await.unwrap().map(|place| place.n), Some(place.n));
    assert_eq!(store.page(place.n, 0, Range::Latest, 9).await.unwrap().items, [hi, ho]);
    let own = entry(append_one(&store, 3, tells(&alice, &alice, "note")).await);
    assert_eq!(store.direct(&alice.id, &alice.id).await.unwrap().unwrap().id, own.conversation);
    assert!(store.direct(&bob.id, &bob.id).await.unwrap().is_none());
}

async fn slow_mode_holds_between_two_messages(store: Store) {
    let (alice, bob) = (person("1alice", "alice"), person("1bob", "bob"));
    let second = 1_000_000;
    let slow = |who| slowed(says(who, "1rust", "x"), 10);
    assert_eq!(entry(append_one(&store, 100 * second, slow(&alice)).await).seq, 1);
    let early = append_one(&store, 109 * second, slow(&alice)).await;
    assert!(
        matches!(early, Outcome::Refused(problem) if problem.code == ErrorCode::TooFast && problem.retry_after == Some(1))
    );
    assert_eq!(entry(append_one(&store, 109 * second, slow(&bob)).await).seq, 2);
    assert_eq!(entry(append_one(&store, 110 * second, slow(&alice)).await).seq, 3);
}

async fn replies_name_what_is_there(store: Store) {
    let alice = person("1alice", "alice");
    append_one(&store, 1, says(&alice, "1rust", "hi")).await;
    let reply = |id: &str| {
        let what = What::say(None, "re".into(), Some(id.parse().unwrap())).unwrap();
        does(&alice, "1rust", what)
    };
    assert_eq!(
        entry(append_one(&store, 2, reply("1rust-1")).await).reply_to,
        Some("1rust-1".parse().unwrap())
    );
    for wrong in ["1rust-9", "1other-1"] {
        let no = append_one(&store, 3, reply(wrong)).await;
        assert!(matches!(no, Outcome::Refused(problem) if problem.code == ErrorCode::NoSuchMessage));
    }
}
