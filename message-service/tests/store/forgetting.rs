//! What goes: by retention, with its channel, with its time, with its person.

use api::{Timestamp, id::ConversationId};
use kit::db::{Backend, Db};
use message_service::{
    domain::page::Range,
    store::{Outcome, Store, migrations},
};

use crate::{
    store_contract,
    words::{append_one, entry, keyed, person, place, says, tells},
};

store_contract! {
    retention_raises_the_first_seq_and_keeps_numbers
    a_deleted_conversation_is_gone_and_may_begin_again
    keys_are_forgotten_after_their_time
    an_erased_person_is_in_no_row
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
    for range in [
        Range::Latest,
        Range::After(0.into()),
        Range::Before(3.into()),
        Range::Around(3.into()),
        Range::Between(3.into(), 9.into()),
    ] {
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

/// Every row of every table as JSON.
async fn dump(db: &Db) -> Vec<String> {
    let mut rows = Vec::new();
    match db.read() {
        Backend::Sqlite(pool) => {
            for (table, columns) in [
                ("users", "'id', id"),
                ("speakers", "'nick', nick, 'session', session"),
                ("conversations", "'id', id, 'name', name"),
                ("entries", "'text', text, 'tags', tags, 'splits', splits"),
                ("keys", "'key', key"),
            ] {
                let sql = sqlx::AssertSqlSafe(format!("select json_object({columns}) from {table}"));
                rows.extend(sqlx::query_scalar::<_, String>(sql).fetch_all(pool).await.unwrap());
            }
        }
        Backend::Postgres(pool) => {
            for table in ["users", "speakers", "conversations", "entries", "keys", "read_markers", "slowed"] {
                let sql = sqlx::AssertSqlSafe(format!("select row_to_json(t)::text from {table} as t"));
                rows.extend(sqlx::query_scalar::<_, String>(sql).fetch_all(pool).await.unwrap());
            }
        }
    }
    rows
}
