use api::{HeadsRequest, Timestamp, channels::HistoryPolicy, messages::Point};
use message_service::{
    domain::{act::What, page::Range},
    store::{Heard, Store},
};

use crate::{
    store_contract,
    words::{append_one, does, person, place, says, tells},
};

store_contract! {
    pages_are_stable_and_know_their_edges
    moments_are_found_among_the_entries
    heads_tell_who_is_behind
    direct_heads_begin_after_the_moment
    the_list_counts_what_is_unread
    the_log_holds_everything_of_a_person_in_order
    epochs_and_policies_are_kept
}

async fn seqs(store: &Store, n: i64, range: Range, limit: u32) -> (Vec<u64>, bool, bool) {
    let page = store.page(n, 0, range, limit).await.unwrap();
    (page.items.iter().map(|entry| entry.seq).collect(), page.has_before, page.has_after)
}

async fn pages_are_stable_and_know_their_edges(store: Store) {
    let alice = person("1alice", "alice");
    let acts: Vec<_> = (1..=20).map(|i| says(&alice, "1rust", &format!("{i}"))).collect();
    store.append(Timestamp(1), &acts).await.unwrap();
    let n = place(&store, "1rust").await.n;
    for (range, limit, expected, before, after) in [
        (Range::Latest, 3, vec![18, 19, 20], true, false),
        (Range::Latest, 50, (1..=20).collect(), false, false),
        (Range::After(Point::Seq(0)), 2, vec![1, 2], false, true),
        (Range::After(Point::Seq(18)), 5, vec![19, 20], true, false),
        (Range::After(Point::Seq(20)), 5, vec![], true, false),
        (Range::Before(Point::Seq(4)), 2, vec![2, 3], true, true),
        (Range::Before(Point::Seq(1)), 2, vec![], false, true),
        (Range::Before(Point::Seq(99)), 2, vec![19, 20], true, false),
        (Range::Around(Point::Seq(10)), 4, vec![8, 9, 10, 11], true, true),
        (Range::Around(Point::Seq(1)), 4, vec![1, 2, 3, 4], false, true),
        (Range::Between(Point::Seq(3), Point::Seq(6)), 9, vec![4, 5], true, true),
        (Range::Between(Point::Seq(3), Point::Seq(9)), 2, vec![4, 5], true, true),
        (Range::Between(Point::Seq(9), Point::Seq(3)), 2, vec![7, 8], true, true),
        (Range::Between(Point::Seq(4), Point::Seq(4)), 2, vec![], true, true),
        (Range::Between(Point::End, Point::Seq(15)), 3, vec![18, 19, 20], true, false),
        (Range::Between(Point::Seq(17), Point::End), 2, vec![18, 19], true, true),
        (Range::After(Point::Seq(u64::MAX)), 2, vec![], true, false),
    ] {
        assert_eq!(seqs(&store, n, range, limit).await, (expected, before, after), "{range:?} {limit}");
    }
    let floored = store.page(n, 5, Range::Before(Point::Seq(8)), 50).await.unwrap();
    assert_eq!((floored.first_seq, floored.has_before, floored.items.len()), (6, false, 2));
    // Above a floor that hides everything nothing comes, wherever one looks from.
    for range in [
        Range::Latest,
        Range::After(Point::Seq(0)),
        Range::Before(Point::Seq(3)),
        Range::Around(Point::Seq(3)),
        Range::Between(Point::Seq(3), Point::Seq(9)),
    ] {
        let hidden = store.page(n, 20, range, 50).await.unwrap();
        let edges = (hidden.items.len(), hidden.first_seq, hidden.has_before, hidden.has_after);
        assert_eq!(edges, (0, 21, false, false), "{range:?}");
    }
    let below = store.page(n, 5, Range::Before(Point::Seq(3)), 50).await.unwrap();
    assert_eq!((below.items.len(), below.has_before, below.has_after), (0, false, true));
    // Going backwards while others write meets everything once.
    let mut met = Vec::new();
    let mut range = Range::Latest;
    loop {
        let page = store.page(n, 0, range, 7).await.unwrap();
        let Some(first) = page.items.first() else { break };
        range = Range::Before(Point::Seq(first.seq));
        met.splice(0..0, page.items.iter().map(|entry| entry.seq));
        append_one(&store, 2, says(&alice, "1rust", "meanwhile")).await;
    }
    assert_eq!(met, (1..=20).collect::<Vec<_>>());
}

/// Two entries in each of the milliseconds 10, 12, 14, … up to 28.
async fn moments_are_found_among_the_entries(store: Store) {
    let alice = person("1alice", "alice");
    for at in (10_000..30_000).step_by(1000).filter(|at| at / 1000 % 2 == 0) {
        for micros in [1, 999] {
            append_one(&store, at + micros, says(&alice, "1rust", "x")).await;
        }
    }
    let n = place(&store, "1rust").await.n;
    let at = |millis: i64| Point::At(Timestamp(millis * 1000 + 500));
    for (range, limit, expected) in [
        (Range::After(at(14)), 3, vec![7, 8, 9]),
        (Range::After(at(13)), 3, vec![5, 6, 7]),
        (Range::After(at(28)), 3, vec![]),
        (Range::After(at(i64::MIN / 2000)), 2, vec![1, 2]),
        (Range::Before(at(14)), 3, vec![2, 3, 4]),
        (Range::Before(at(15)), 3, vec![4, 5, 6]),
        (Range::Before(at(10)), 3, vec![]),
        (Range::Before(at(i64::MAX / 2000)), 2, vec![19, 20]),
        (Range::Around(at(14)), 1, vec![5]),
        (Range::Around(at(13)), 4, vec![3, 4, 5, 6]),
        (Range::Between(at(10), at(16)), 3, vec![3, 4, 5]),
        (Range::Between(at(16), at(10)), 3, vec![4, 5, 6]),
        (Range::Between(at(14), at(14)), 3, vec![]),
        (Range::Between(at(14), at(15)), 3, vec![]),
        (Range::Between(at(15), at(14)), 3, vec![]),
        (Range::Between(Point::Seq(3), at(16)), 9, vec![4, 5, 6]),
        (Range::Between(at(16), Point::Seq(3)), 2, vec![5, 6]),
        (Range::Between(Point::Seq(9), at(14)), 1, vec![8]),
        (Range::Between(Point::End, at(24)), 3, vec![18, 19, 20]),
    ] {
        assert_eq!(seqs(&store, n, range, limit).await.0, expected, "{range:?} {limit}");
    }
    // Where the oldest have gone, and behind a floor.
    store.retain(n, Timestamp(14_000)).await.unwrap();
    assert_eq!(seqs(&store, n, Range::After(at(9)), 2).await.0, [5, 6]);
    assert_eq!(seqs(&store, n, Range::Before(at(12)), 2).await.0, [] as [u64; 0]);
    let floored = store.page(n, 8, Range::After(at(10)), 2).await.unwrap();
    assert_eq!(floored.items.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [9, 10]);
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
    assert_eq!(store.read_marker(&alice.id, all[0].n).await.unwrap().seq, 1);
    assert_eq!(store.read_marker(&bob.id, all[0].n).await.unwrap().seq, 0);
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
    append_one(&store, 1, says(&alice, "1ruby", "x")).await;
    let heard = |channel: &str, name: Option<&str>, days: Option<Option<u32>>| Heard {
        channel: channel.try_into().unwrap(),
        name: name.map(|name| name.parse().unwrap()),
        policy: days.map(|retention_days| HistoryPolicy { retention_days, lines_on_join: 0 }),
    };
    let policies =
        async || {
            let policies = store.policies(0, 10).await.unwrap().into_iter();
            policies
                .map(|policy| (policy.channel.into(), policy.retention_days, policy.heard.0))
                .collect::<Vec<(String, _, _)>>()
        };
    // Nothing was said in the third: there is nothing to keep.
    let all = [
        heard("1rust", Some("#iron"), Some(Some(7))),
        heard("1ruby", None, Some(Some(8))),
        heard("1none", Some("#none"), Some(Some(9))),
    ];
    store.channels_heard(&all, Timestamp(9)).await.unwrap();
    assert_eq!(policies().await, [("1rust".into(), Some(7), 9), ("1ruby".into(), Some(8), 9)]);
    store
        .channels_heard(
            &[heard("1rust", Some("#oxide"), None), heard("1ruby", None, Some(None))],
            Timestamp(10),
        )
        .await
        .unwrap();
    assert_eq!(policies().await, [("1rust".into(), Some(7), 9), ("1ruby".into(), None, 10)]);
    store.channels_heard(&[], Timestamp(11)).await.unwrap();
    let all = ["1rust", "1ruby"].map(|id| id.try_into().unwrap());
    let listed = store.conversations(&alice.id, &all, 0, 50).await.unwrap();
    let names: Vec<_> = listed.iter().filter_map(|conversation| conversation.name.as_deref()).collect();
    assert_eq!(names, ["#oxide", "#c1ruby"]);
    let again = Store::open(store.db().clone()).await.unwrap();
    assert_eq!(again.epoch(), store.epoch());
}
