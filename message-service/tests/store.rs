//! One contract for what is kept, on both engines.
#![allow(clippy::unwrap_used)]

mod common;

use std::{collections::HashMap, sync::Arc, time::Duration};

use api::{
    Entry, EntryKind, ErrorCode, HeadsRequest, Timestamp,
    channels::HistoryPolicy,
    id::{ConversationId, MessageId},
};
use common::*;
use kit::testing::TestDb;
use message_service::{
    domain::{act::What, page::Range},
    store::{Outcome, Place, Store, migrations},
};

macro_rules! store_contract {
    ($($name:ident)*) => {
        mod sqlite {
            $( #[tokio::test(flavor = "multi_thread")] async fn $name() {
                let db = kit::testing::sqlite(&message_service::store::migrations()).await;
                super::$name(super::open(&db).await).await;
            } )*
        }
        mod postgres {
            $( #[tokio::test(flavor = "multi_thread")] async fn $name() {
                let db = kit::testing::postgres(&message_service::store::migrations()).await;
                super::$name(super::open(&db).await).await;
            } )*
        }
    };
}

store_contract! {
    entries_are_numbered_without_a_hole
    a_repeated_key_gets_the_first_answer_before_any_permission
    a_key_belongs_to_its_author_in_its_conversation
    many_writers_leave_no_hole_and_no_duplicate
    time_never_goes_backwards
    direct_conversations_are_one_for_both
    redactions_take_every_trace_of_the_text
    edits_change_the_original_and_only_for_its_author
    reactions_count_once
    of_reactions_so_many_are_looked_at_and_no_more
    slow_mode_holds_between_two_messages
    replies_name_what_is_there
    pages_are_stable_and_know_their_edges
    heads_tell_who_is_behind
    direct_heads_begin_after_the_moment
    retention_raises_the_first_seq_and_keeps_numbers
    a_deleted_conversation_is_gone_and_may_begin_again
    keys_are_forgotten_after_their_time
    an_erased_person_is_in_no_row
    the_list_counts_what_is_unread
    the_log_holds_everything_of_a_person_in_order
    epochs_and_policies_are_kept
}

async fn open(db: &TestDb) -> Store {
    Store::open((**db).clone()).await.unwrap()
}

async fn append_one(store: &Store, now: i64, act: message_service::domain::act::Act) -> Outcome {
    store.append(Timestamp(now), &[act]).await.unwrap().remove(0)
}

async fn place(store: &Store, channel: &str) -> Place {
    store.conversation(&channel.try_into().unwrap()).await.unwrap().unwrap()
}

async fn seqs(store: &Store, n: i64, range: Range, limit: u32) -> (Vec<u64>, bool, bool) {
    let page = store.page(n, 0, range, limit).await.unwrap();
    (page.items.iter().map(|entry| entry.seq).collect(), page.has_before, page.has_after)
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
        let page = store.page(n, 0, Range::After(0), 1000).await.unwrap();
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

async fn redactions_take_every_trace_of_the_text(store: Store) {
    let (alice, bob, op) = (person("1alice", "alice"), person("1bob", "bob"), person("1op", "op"));
    append_one(&store, 1, says(&alice, "1rust", "a secret")).await;
    append_one(&store, 2, does(&alice, "1rust", What::edit(1, "a big secret".into()).unwrap())).await;
    let redact = |who| does(who, "1rust", What::redact(1, "oops".into()).unwrap());
    let no = append_one(&store, 3, redact(&bob)).await;
    assert!(matches!(no, Outcome::Refused(problem) if problem.code == ErrorCode::NotAnOperator));
    let stone = entry(append_one(&store, 4, with_op(redact(&op))).await);
    assert_eq!((stone.kind, stone.of, stone.seq), (EntryKind::Redaction, Some(1), 3));
    // Again: the same answer, nothing new.
    let again = append_one(&store, 5, redact(&alice)).await;
    assert!(
        matches!(&again, Outcome::Stored(stored) if stored.replayed && stored.entry == stone),
        "{again:?}"
    );
    let n = place(&store, "1rust").await.n;
    let page = store.page(n, 0, Range::Latest, 9).await.unwrap();
    assert_eq!(page.items.iter().map(|entry| entry.text.as_str()).collect::<Vec<_>>(), ["", "", "oops"]);
    assert!(page.items[0].redacted && page.items[1].redacted && !page.items[2].redacted);
    for what in [
        What::edit(1, "x".into()),
        What::react(1, "👍".into()),
        What::redact(3, "".into()),
        What::redact(9, "".into()),
    ] {
        let no = append_one(&store, 6, does(&alice, "1rust", what.unwrap())).await;
        assert!(matches!(no, Outcome::Refused(problem) if problem.code == ErrorCode::NoSuchMessage));
    }
}

async fn edits_change_the_original_and_only_for_its_author(store: Store) {
    let (alice, bob) = (person("1alice", "alice"), person("1bob", "bob"));
    // In the same transaction as what it is about.
    let acts = [says(&alice, "1rust", "teh"), does(&alice, "1rust", What::edit(1, "the".into()).unwrap())];
    let outcomes = store.append(Timestamp(5), &acts).await.unwrap();
    let edit = entry(outcomes[1].clone());
    assert_eq!((edit.kind, edit.of, edit.text.as_str()), (EntryKind::Edit, Some(1), "the"));
    let n = place(&store, "1rust").await.n;
    let original = store.entry(n, 1).await.unwrap().unwrap();
    assert_eq!((original.text.as_str(), original.edited_at), ("the", Some(Timestamp(5))));
    let no = append_one(&store, 6, with_op(does(&bob, "1rust", What::edit(1, "x".into()).unwrap()))).await;
    assert!(matches!(no, Outcome::Refused(problem) if problem.code == ErrorCode::Forbidden));
    // Below the floor nothing can be touched.
    let below = with_floor(does(&alice, "1rust", What::edit(1, "x".into()).unwrap()), 1);
    assert!(
        matches!(append_one(&store, 6, below).await, Outcome::Refused(problem) if problem.code == ErrorCode::NoSuchMessage)
    );
}

async fn reactions_count_once(store: Store) {
    let (alice, bob) = (person("1alice", "alice"), person("1bob", "bob"));
    append_one(&store, 1, says(&alice, "1rust", "hi")).await;
    let react = |who, emoji: &str| does(who, "1rust", What::react(1, emoji.into()).unwrap());
    let unreact = |who, emoji: &str| does(who, "1rust", What::unreact(1, emoji.into()).unwrap());
    let first = entry(append_one(&store, 2, react(&bob, "👍")).await);
    assert_eq!(first.seq, 2);
    assert_eq!(entry(append_one(&store, 3, react(&bob, "👍")).await), first);
    assert_eq!(entry(append_one(&store, 4, react(&bob, "👎")).await).seq, 3);
    assert_eq!(entry(append_one(&store, 5, react(&alice, "👍")).await).seq, 4);
    assert_eq!(entry(append_one(&store, 6, unreact(&bob, "👍")).await).seq, 5);
    assert_eq!(entry(append_one(&store, 7, react(&bob, "👍")).await).seq, 6);
    let n = place(&store, "1rust").await.n;
    let given = store.reactions(n, 1, 9).await.unwrap();
    let given: Vec<_> = given.iter().map(|g| (g.seq, g.by.nick.as_str(), g.emoji.as_str(), g.back)).collect();
    assert_eq!(
        given,
        [
            (2, "bob", "👍", false),
            (3, "bob", "👎", false),
            (4, "alice", "👍", false),
            (5, "bob", "👍", true),
            (6, "bob", "👍", false),
        ]
    );
    assert!(store.reactions(n, 2, 9).await.unwrap().is_empty());
    let no = append_one(&store, 8, unreact(&alice, "👎")).await;
    assert!(matches!(no, Outcome::Refused(problem) if problem.code == ErrorCode::NoSuchMessage));
}

async fn of_reactions_so_many_are_looked_at_and_no_more(store: Store) {
    let (alice, bob) = (person("1alice", "alice"), person("1bob", "bob"));
    let about = |who, what: What| does(who, "1rust", what);
    let acts = [
        says(&alice, "1rust", "hi"),
        about(&bob, What::react(1, "👍".into()).unwrap()),
        // What is about the message and no reaction does not count.
        about(&alice, What::edit(1, "hello".into()).unwrap()),
        about(&bob, What::unreact(1, "👍".into()).unwrap()),
        about(&alice, What::react(1, "☕".into()).unwrap()),
    ];
    store.append(Timestamp(1), &acts).await.unwrap();
    let n = place(&store, "1rust").await.n;
    let looked_at = async |most| {
        let given = store.reactions(n, 1, most).await.unwrap();
        given.iter().map(|given| given.seq).collect::<Vec<_>>()
    };
    assert_eq!(looked_at(4).await, [2, 4, 5]);
    assert_eq!(looked_at(3).await, [2, 4, 5]);
    assert_eq!(looked_at(2).await, [2, 4]);
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

async fn pages_are_stable_and_know_their_edges(store: Store) {
    let alice = person("1alice", "alice");
    let acts: Vec<_> = (1..=20).map(|i| says(&alice, "1rust", &format!("{i}"))).collect();
    store.append(Timestamp(1), &acts).await.unwrap();
    let n = place(&store, "1rust").await.n;
    for (range, limit, expected, before, after) in [
        (Range::Latest, 3, vec![18, 19, 20], true, false),
        (Range::Latest, 50, (1..=20).collect(), false, false),
        (Range::After(0), 2, vec![1, 2], false, true),
        (Range::After(18), 5, vec![19, 20], true, false),
        (Range::After(20), 5, vec![], true, false),
        (Range::Before(4), 2, vec![2, 3], true, true),
        (Range::Before(1), 2, vec![], false, true),
        (Range::Before(99), 2, vec![19, 20], true, false),
        (Range::Around(10), 4, vec![8, 9, 10, 11], true, true),
        (Range::Around(1), 4, vec![1, 2, 3, 4], false, true),
        (Range::Between(3, 6), 9, vec![4, 5], true, true),
        (Range::Between(3, 9), 2, vec![4, 5], true, true),
        (Range::After(u64::MAX), 2, vec![], true, false),
    ] {
        assert_eq!(seqs(&store, n, range, limit).await, (expected, before, after), "{range:?} {limit}");
    }
    let floored = store.page(n, 5, Range::Before(8), 50).await.unwrap();
    assert_eq!((floored.first_seq, floored.has_before, floored.items.len()), (6, false, 2));
    // Above a floor that hides everything nothing comes, wherever one looks from.
    for range in [Range::Latest, Range::After(0), Range::Before(3), Range::Around(3), Range::Between(3, 9)] {
        let hidden = store.page(n, 20, range, 50).await.unwrap();
        let edges = (hidden.items.len(), hidden.first_seq, hidden.has_before, hidden.has_after);
        assert_eq!(edges, (0, 21, false, false), "{range:?}");
    }
    let below = store.page(n, 5, Range::Before(3), 50).await.unwrap();
    assert_eq!((below.items.len(), below.has_before, below.has_after), (0, false, true));
    // Going backwards while others write meets everything once.
    let mut met = Vec::new();
    let mut range = Range::Latest;
    loop {
        let page = store.page(n, 0, range, 7).await.unwrap();
        let Some(first) = page.items.first() else { break };
        range = Range::Before(first.seq);
        met.splice(0..0, page.items.iter().map(|entry| entry.seq));
        append_one(&store, 2, says(&alice, "1rust", "meanwhile")).await;
    }
    assert_eq!(met, (1..=20).collect::<Vec<_>>());
}

async fn heads_tell_who_is_behind(store: Store) {
    let alice = person("1alice", "alice");
    for channel in ["1a", "1a", "1b"] {
        append_one(&store, 1, says(&alice, channel, "x")).await;
    }
    let held = [("1a", 1), ("1b", 1), ("1never", 0), ("1gone", 3)];
    let held = HeadsRequest { held: held.into_iter().map(|(id, seq)| (id.to_owned(), seq)).collect() };
    let reply = store.heads(&held).await.unwrap();
    assert_eq!(reply.epoch, store.epoch());
    assert_eq!(reply.behind.into_iter().collect::<Vec<_>>(), [("1a".to_owned(), 2)]);
    assert_eq!(reply.gone, ["1gone"]);
    let entries = store.entries(&"1a".try_into().unwrap(), 1, 9).await.unwrap();
    assert_eq!((entries.last_seq, entries.entries.len(), entries.entries[0].seq), (2, 1, 2));
    assert_eq!(store.entries(&"1never".try_into().unwrap(), 0, 9).await.unwrap().last_seq, 0);
}

async fn direct_heads_begin_after_the_moment(store: Store) {
    let (alice, bob, carol) = (person("1alice", "alice"), person("1bob", "bob"), person("1carol", "carol"));
    for now in 1..=20 {
        append_one(&store, now * 10, tells(&alice, &bob, "x")).await;
    }
    append_one(&store, 15, tells(&carol, &alice, "y")).await;
    append_one(&store, 15, tells(&carol, &carol, "z")).await;
    let of = async |users: &[&api::Person], since: i64| {
        let users: Vec<_> = users.iter().map(|person| person.id.clone()).collect();
        let mut heads: Vec<_> = store.direct_heads(&users, Timestamp(since)).await.unwrap();
        heads.sort_by_key(|head| head.last_seq);
        heads.into_iter().map(|head| (head.first_seq, head.last_seq)).collect::<Vec<_>>()
    };
    assert_eq!(of(&[&alice], 0).await, [(1, 1), (1, 20)]);
    assert_eq!(of(&[&alice, &bob], 100).await, [(11, 20)]);
    assert_eq!(of(&[&bob], 105).await, [(11, 20)]);
    assert_eq!(of(&[&bob], 200).await, []);
    assert_eq!(of(&[&carol], 14).await, [(1, 1), (1, 1)]);
}

async fn retention_raises_the_first_seq_and_keeps_numbers(store: Store) {
    let alice = person("1alice", "alice");
    for now in 1..=10 {
        append_one(&store, now, keyed(says(&alice, "1rust", "x"), &format!("k{now}"))).await;
    }
    let n = place(&store, "1rust").await.n;
    while store.retain(n, Timestamp(6)).await.unwrap() {}
    let page = store.page(n, 0, Range::Latest, 50).await.unwrap();
    assert_eq!((page.first_seq, page.items[0].seq, page.has_before), (6, 6, false));
    while store.retain(n, Timestamp(99)).await.unwrap() {}
    assert_eq!(store.bounds(n).await.unwrap().last(), 10);
    for range in [Range::Latest, Range::After(0), Range::Before(3), Range::Around(3), Range::Between(3, 9)] {
        let emptied = store.page(n, 0, range, 50).await.unwrap();
        assert_eq!(
            (emptied.first_seq, emptied.has_before, emptied.has_after),
            (11, false, false),
            "{range:?}"
        );
    }
    let next = entry(append_one(&store, 3, says(&alice, "1rust", "y")).await);
    assert_eq!((next.seq, next.at), (11, Timestamp(10)));
    // A key outlives its entry: what was stored once is not stored again.
    match append_one(&store, 12, keyed(says(&alice, "1rust", "x"), "k2")).await {
        Outcome::Stored(stored) => assert!(stored.replayed && stored.entry.seq == 2 && stored.entry.redacted),
        other => panic!("{other:?}"),
    }
}

async fn a_deleted_conversation_is_gone_and_may_begin_again(store: Store) {
    let alice = person("1alice", "alice");
    let id: ConversationId = "1rust".try_into().unwrap();
    for _ in 0..3 {
        append_one(&store, 1, says(&alice, "1rust", "x")).await;
    }
    store.delete_conversation(&id).await.unwrap();
    store.delete_conversation(&id).await.unwrap();
    assert_eq!(store.conversation(&id).await.unwrap(), None);
    assert_eq!(entry(append_one(&store, 1, says(&alice, "1rust", "x")).await).seq, 1);
    assert_eq!(entry(append_one(&store, 1, says(&alice, "1rust", "x")).await).seq, 2);
}

async fn keys_are_forgotten_after_their_time(store: Store) {
    let (alice, bob) = (person("1alice", "alice"), person("1bob", "bob"));
    for (now, who, key) in [(10, &alice, "a"), (10, &bob, "b"), (20, &alice, "b"), (20, &bob, "c")] {
        append_one(&store, now, keyed(says(who, "1rust", "x"), key)).await;
    }
    let mut after = Some(String::new());
    while let Some(from) = after {
        after = store.forget_keys(&from, Timestamp(15)).await.unwrap();
    }
    let again = async |who, key| match append_one(&store, 30, keyed(says(who, "1rust", "x"), key)).await {
        Outcome::Stored(stored) => stored.replayed,
        other => panic!("{other:?}"),
    };
    assert!(!again(&alice, "a").await);
    assert!(again(&alice, "b").await);
    assert!(!again(&bob, "b").await);
    assert!(again(&bob, "c").await);
}

async fn an_erased_person_is_in_no_row(store: Store) {
    let (alice, bob) = (person("1u1", "alice"), person("1bob", "bob"));
    append_one(&store, 1, keyed(says(&alice, "1rust", "alice was here"), "alice-key")).await;
    append_one(&store, 2, keyed(says(&bob, "1rust", "so was bob"), "bob-key")).await;
    let direct = entry(append_one(&store, 3, tells(&bob, &alice, "hello")).await);
    append_one(&store, 4, tells(&alice, &bob, "alice speaking")).await;
    store.erase(&alice.id).await.unwrap();
    assert!(store.is_erasing(&alice.id).await.unwrap());
    while store.erase_step().await.unwrap() {}
    assert!(!store.is_erasing(&alice.id).await.unwrap());
    let n = place(&store, "1rust").await.n;
    let page = store.page(n, 0, Range::Latest, 9).await.unwrap();
    assert_eq!(
        page.items.iter().map(|entry| (entry.text.as_str(), entry.redacted)).collect::<Vec<_>>(),
        [("", true), ("so was bob", false)]
    );
    assert_eq!(page.items[0].author.nick.as_str(), "[erased]");
    let n = store.direct(&alice.id, &bob.id).await.unwrap().unwrap().n;
    let page = store.page(n, 0, Range::Latest, 9).await.unwrap();
    assert_eq!(page.items[0].text, "hello");
    assert_eq!((page.items[0].target.as_str(), page.items[1].text.as_str()), ("[erased]", ""));
    assert_eq!(page.items[0].id, direct.id);
    // Nothing anywhere in the database says the name or a word.
    for row in dump(store.db()).await {
        for trace in ["alice\"", "here", "speaking", "alice-key"] {
            assert!(!row.contains(trace), "{trace} in {row}");
        }
    }
}

async fn the_list_counts_what_is_unread(store: Store) {
    let (alice, bob) = (person("1alice", "alice"), person("1bob", "bob"));
    for who in [&bob, &bob, &alice] {
        append_one(&store, 1, says(who, "1rust", "x")).await;
    }
    append_one(&store, 2, does(&bob, "1rust", What::react(1, "👍".into()).unwrap())).await;
    append_one(&store, 3, tells(&bob, &alice, "psst")).await;
    append_one(&store, 3, says(&bob, "1other", "not hers")).await;
    let list = async |after| {
        store.conversations(&alice.id, &["1rust".try_into().unwrap()], after, 50).await.unwrap()
    };
    let all = list(0).await;
    assert_eq!(
        all.iter().map(|c| (c.last_seq, c.read_seq, c.unread)).collect::<Vec<_>>(),
        [(4, 0, 2), (1, 0, 1)]
    );
    assert_eq!(all[0].name.as_deref(), Some("#c1rust"));
    assert_eq!(all[1].other.as_ref().map(|(id, nick)| (id, nick.as_str())), Some((&bob.id, "bob")));
    store.set_read_marker(&alice.id, all[0].n, 1).await.unwrap();
    assert_eq!(store.read_marker(&alice.id, all[0].n).await.unwrap(), 1);
    assert_eq!(store.read_marker(&bob.id, all[0].n).await.unwrap(), 0);
    assert_eq!(list(0).await[0].unread, 1);
    assert_eq!(list(all[0].n).await.len(), 1);
}

async fn the_log_holds_everything_of_a_person_in_order(store: Store) {
    let (alice, bob, carol) = (person("1alice", "alice"), person("1bob", "bob"), person("1carol", "carol"));
    append_one(&store, 1, says(&bob, "1rust", "a")).await;
    append_one(&store, 2, says(&bob, "1other", "-")).await;
    append_one(&store, 3, tells(&alice, &bob, "b")).await;
    append_one(&store, 4, tells(&carol, &bob, "-")).await;
    append_one(&store, 5, says(&alice, "1rust", "c")).await;
    let head = store.log_head().await.unwrap();
    assert_eq!(head, 5);
    let log = store.log(&alice.id, &["1rust".try_into().unwrap()], 0, head, 100).await.unwrap();
    assert_eq!(
        log.iter().map(|(at, entry)| (*at, entry.text.as_str())).collect::<Vec<_>>(),
        [(1, "a"), (3, "b"), (5, "c")]
    );
    assert_eq!(store.log(&alice.id, &[], 1, 4, 100).await.unwrap().len(), 1);
    let some = store.log(&alice.id, &["1rust".try_into().unwrap()], 0, head, 2).await.unwrap();
    assert_eq!(some.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [1, 3], "no more than asked for");
}

async fn epochs_and_policies_are_kept(store: Store) {
    let alice = person("1alice", "alice");
    append_one(&store, 1, says(&alice, "1rust", "x")).await;
    append_one(&store, 1, tells(&alice, &alice, "x")).await;
    let policy = HistoryPolicy { retention_days: Some(7), lines_on_join: 0 };
    store.policy_heard(&"1rust".try_into().unwrap(), policy, Timestamp(9)).await.unwrap();
    let policies = store.policies(0, 10).await.unwrap();
    assert_eq!(policies.len(), 1);
    assert_eq!((policies[0].retention_days, policies[0].heard), (Some(7), Timestamp(9)));
    let again = Store::open(store.db().clone()).await.unwrap();
    assert_eq!(again.epoch(), store.epoch());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_an_erased_person_is_left_in_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let url = kit::config::SecretUrl::from(format!("sqlite:{}", dir.path().join("messages.db").display()));
    let store = Store::open(kit::db::connect(&url, &migrations()).await.unwrap()).await.unwrap();
    let mut people: Vec<_> = (0..20).map(|i| person(&format!("1p{i}"), &format!("p{i}"))).collect();
    people.push(person("1victim", "Zaphodbeeblebrox"));
    for round in 0..60_i64 {
        let acts: Vec<_> = (0..40)
            .map(|i| {
                let who = &people[(i * 7 + round as usize * 3) % people.len()];
                let (text, key) = match who.nick.as_str() {
                    "Zaphodbeeblebrox" => (
                        format!("heartofgold {round} {}", "x".repeat(i * 90)),
                        format!("heartofgold{i}-{round}"),
                    ),
                    nick => (format!("something {nick} {round}"), format!("k{i}-{round}")),
                };
                keyed(says(who, ["1a", "1b"][i % 2], &text), &key)
            })
            .collect();
        store.append(Timestamp(round), &acts).await.unwrap();
    }
    store.erase(&people[20].id).await.unwrap();
    while store.erase_step().await.unwrap() {}
    for file in std::fs::read_dir(dir.path()).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for trace in ["heartofgold", "Zaphod"] {
            let found = bytes.windows(trace.len()).position(|window| window == trace.as_bytes());
            let around =
                found.map(|at| String::from_utf8_lossy(&bytes[at.saturating_sub(60)..at + 60]).into_owned());
            assert_eq!(around, None, "{trace} at {found:?} in {}", path.display());
        }
    }
    store.db().close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_writer_answers_everybody_and_refuses_past_its_queue() {
    use kit::{Clock, Tasks};
    use message_service::writer::{Limits, Writer};

    let db = kit::testing::sqlite(&migrations()).await;
    let store = open(&db).await;
    let tasks = Tasks::new(api::auth::ServiceName::Messages);
    let limits = Limits { queue: 100, transaction: 64 };
    let (writer, mut committed) = Writer::start(store.clone(), Clock::system(), limits, &tasks);
    let alice = person("1alice", "alice");
    // Nobody reads what is committed at first, and the queue is filled faster than it empties.
    let mut waiting = Vec::new();
    for i in 0..300 {
        let (writer, alice) = (writer.clone(), alice.clone());
        waiting.push(tokio::spawn(async move {
            let act = keyed(says(&alice, "1rust", "x"), &format!("k{i}"));
            loop {
                match writer.append(vec![act.clone()], Some(Arc::from("1gw"))).await {
                    Ok(mut outcomes) => return entry(outcomes.remove(0)).seq,
                    Err(problem) => assert_eq!(problem.code, ErrorCode::Overloaded),
                }
                tokio::task::yield_now().await;
            }
        }));
    }
    let reader = tokio::spawn(async move {
        let mut seqs = Vec::new();
        while seqs.len() < 300 {
            let batch =
                tokio::time::timeout(Duration::from_secs(20), committed.recv()).await.unwrap().unwrap();
            assert!(batch.len() <= 64);
            seqs.extend(batch.into_iter().map(|(stored, origin)| {
                assert_eq!(origin.as_deref(), Some("1gw"));
                stored.entry.seq
            }));
        }
        seqs
    });
    let mut answered = Vec::new();
    for task in waiting {
        answered.push(task.await.unwrap());
    }
    answered.sort_unstable();
    assert_eq!(answered, (1..=300).collect::<Vec<_>>());
    // Published in the order of their numbers.
    assert_eq!(reader.await.unwrap(), answered);
    // Exactly the queue fits, one more does not.
    let full: Vec<_> = (0..100).map(|_| says(&alice, "1rust", "y")).collect();
    let first = writer.append(full, None);
    let second = writer.append(vec![says(&alice, "1rust", "z")], None);
    let (first, second) = tokio::join!(biased; first, second);
    assert_eq!(first.unwrap().len(), 100);
    assert_eq!(second.unwrap_err().code, ErrorCode::Overloaded);
    assert!(tasks.stop(Duration::from_secs(5)).await);
}

/// On one thread the writer takes its turn after all who ask have asked.
#[tokio::test]
async fn so_many_messages_share_a_transaction_and_one_more_goes_into_the_next() {
    use kit::{Clock, Tasks};
    use message_service::writer::{Limits, Writer};

    const MOST: usize = 5;
    let db = kit::testing::postgres(&migrations()).await;
    let tasks = Tasks::new(api::auth::ServiceName::Messages);
    let limits = Limits { queue: 100, transaction: MOST };
    let (writer, mut committed) = Writer::start(open(&db).await, Clock::system(), limits, &tasks);
    let alice = person("1alice", "alice");
    for (channel, sizes, transactions) in [
        ("1fits", vec![1; MOST], vec![MOST]),
        ("1more", vec![1; MOST + 1], vec![MOST, 1]),
        ("1batches", vec![3, 2, 1], vec![5, 1]),
        ("1apart", vec![3, 3], vec![3, 3]),
        // What was asked for at once is kept at once.
        ("1alone", vec![1, MOST + 1, 1], vec![1, MOST + 1, 1]),
    ] {
        let asked = sizes
            .iter()
            .map(|&size| writer.append((0..size).map(|_| says(&alice, channel, "x")).collect(), None));
        for outcomes in futures_util::future::join_all(asked).await {
            outcomes.unwrap().into_iter().for_each(|outcome| drop(entry(outcome)));
        }
        // PostgreSQL knows by which transaction a row was made.
        let kit::db::Backend::Postgres(pool) = db.read() else { unreachable!("the database is PostgreSQL") };
        let made: Vec<i64> = sqlx::query_scalar(
            "select count(*) from entries as e join conversations as c on c.n = e.conversation
                where c.id = $1 group by e.xmin::text order by min(e.seq)",
        )
        .bind(channel)
        .fetch_all(pool)
        .await
        .unwrap();
        assert_eq!(made, transactions.iter().map(|&count| count as i64).collect::<Vec<_>>(), "{channel}");
        for count in transactions {
            assert_eq!(committed.recv().await.unwrap().len(), count, "{channel}");
        }
    }
    assert!(tasks.stop(Duration::from_secs(5)).await);
}
