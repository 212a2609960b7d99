//! What is about another entry: redactions, edits, reactions.

use api::{EntryKind, ErrorCode, Timestamp};
use message_service::{
    domain::{act::What, page::Range},
    store::{Outcome, Store},
};

use crate::{
    store_contract,
    words::{append_one, does, entry, person, place, says, with_floor, with_op},
};

store_contract! {
    redactions_take_every_trace_of_the_text
    edits_change_the_original_and_only_for_its_author
    reactions_count_once
    of_reactions_so_many_are_looked_at_and_no_more
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
