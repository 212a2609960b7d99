//! Where one PostgreSQL is not enough, conversations are shared out among several (docs/adr/0007-messages-by-conversation.md). So whatever
//! is asked of the tables that grow with messages names the conversation; or each shard does it for itself; or each is asked alone and the
//! answers are put together. No text needs two shards at once.

use std::{fs, path::Path};

use crate::sources::Crate;

/// What grows with conversations and messages.
const TABLES: [&str; 5] = ["conversations", "entries", "keys", "read_markers", "slowed"];

/// How a text names a conversation: by its number or id, one or several, or by the two of it.
const NAMED: &[&str] = &[
    "conversation = $",
    "conversation = any($",
    "conversation in (select value from json_each($",
    "using (key, author, conversation)",
    "k.conversation = j.value",
    "conversations where id = ",
    "conversations where n = ",
    "c.n = $",
    "c.n = any($",
    "c.n in (select value from json_each($",
    "c.id = $",
    "c.id = any($",
    "c.id in (select value from json_each($",
    "c.id = h.id",
    "conversations.id = j.value",
    "from conversations where id in (select value",
    "first_seq = $2 + 1, floor_at = $3 where n = $1",
    "party_a = $1 and party_b = $2",
    "c.party_a = j.a and c.party_b = j.b",
    "c.party_a = j.value ->> 0 and c.party_b = j.value ->> 1",
    "c.party_a = (select min(n) from users where id in ($1, $2)) and c.party_b = ",
];

/// All that somebody takes part in: on many shards, whatever else the text names.
const OF_A_PERSON: &[&str] = &["party_a = me.n", "party_a = asked.n"];

/// Texts that name none, by the beginnings of their constants.
const OF_EACH: &[(&str, &str, Why)] = &[
    ("channels.rs", "POLICIES", Why::ForItself),
    ("clean.rs", "KEYS_LIKE", Why::ForItself),
    ("clean.rs", "NEXT_KEYS", Why::ForItself),
    ("clean.rs", "OLD_SLOWED", Why::ForItself),
    ("erase.rs", "BLANK", Why::ForItself),
    ("erase.rs", "MARKERS", Why::ForItself),
    ("erase.rs", "SLOWED", Why::ForItself),
    ("heads.rs", "DIRECT_", Why::PutTogether),
    ("listing.rs", "LATEST_", Why::PutTogether),
    ("listing.rs", "LIST_", Why::PutTogether),
    ("log.rs", "PART_", Why::PutTogether),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// Retention and erasure: each shard's own rows, and nobody waits for another's.
    ForItself,
    /// About a person, whose conversations are on many shards: whoever asks merges the answers by time or by id.
    PutTogether,
}

/// Unique keys without a conversation: what a shard numbers for itself, and what a conversation is known by.
const KEYS: &[(&str, &str)] = &[
    ("conversations", "id"),
    ("conversations", "n"),
    ("conversations", "party_a, party_b"),
    ("entries", "n"),
];

fn touches(sql: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let words: Vec<&str> = sql.split(|c| !is_word(c)).filter(|word| !word.is_empty()).collect();
    let names =
        |pair: &[&str]| ["from", "into", "update", "join"].contains(&pair[0]) && TABLES.contains(&pair[1]);
    words.windows(2).any(names)
}

fn names_a_conversation(sql: &str) -> bool {
    if OF_A_PERSON.iter().any(|form| sql.contains(form)) {
        return false;
    }
    let inserted = sql.strip_prefix("insert into ").and_then(|rest| rest.split(')').next());
    let is_new = inserted.is_some_and(|it| it.contains("conversation"));
    is_new || NAMED.iter().any(|form| sql.contains(form))
}

/// Spaces as in one line.
fn plain(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn no_text_needs_two_shards() {
    let sources = Crate::read("message-service");
    let mut seen = vec![false; OF_EACH.len()];
    let mut wrong = Vec::new();
    for (file, text) in sources.texts().filter(|(_, text)| touches(&text.sql)) {
        let sql = plain(&text.sql);
        if names_a_conversation(&sql) {
            continue;
        }
        let name = text.name.as_deref().unwrap_or_default();
        let is_it = |(path, start, _): &(&str, &str, Why)| {
            file.path.ends_with(&format!("/store/{path}")) && name.starts_with(start)
        };
        match OF_EACH.iter().position(is_it) {
            Some(at) => seen[at] = true,
            None => wrong.push(format!("{} {name} names no conversation: {sql}", file.path)),
        }
    }
    let gone = OF_EACH.iter().zip(seen).filter(|(_, seen)| !seen);
    wrong.extend(
        gone.map(|((path, start, why), _)| format!("{path} has no {start} any more, which was {why:?}")),
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_text_about_all_conversations_is_found() {
    for sql in [
        "select text from entries where author = $1",
        "delete from read_markers where person = $1",
        "update conversations set name = null where name = $1",
        "select c.id from me join conversations as c on c.party_a = me.n where c.id = $1",
    ] {
        assert!(touches(sql) && !names_a_conversation(sql), "{sql}");
    }
    assert!(names_a_conversation("insert into keys (key, author, conversation) values ($1, $2, $3)"));
    assert!(!names_a_conversation("insert into keys (key, author) values ($1, $2)"));
}

/// `(table, columns)` of each primary key and unique index.
fn unique_keys(sql: &str) -> Vec<(String, String)> {
    let uncommented: Vec<&str> =
        sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
    let mut keys = Vec::new();
    for statement in plain(&uncommented.join("\n")).split(';').map(str::trim) {
        if let Some(rest) = statement.strip_prefix("create unique index ") {
            let (_, on) = rest.split_once(" on ").expect("an index is on a table");
            let (table, columns) = on.split_once(" (").expect("an index has columns");
            keys.push((table.to_owned(), columns.split(')').next().unwrap_or_default().to_owned()));
        }
        let Some((table, columns)) =
            statement.strip_prefix("create table ").and_then(|it| it.split_once(" ("))
        else {
            continue;
        };
        for (at, word) in columns.match_indices("primary key").chain(columns.match_indices("unique")) {
            let after = columns[at + word.len()..].trim_start();
            let named = match after.strip_prefix('(') {
                Some(listed) => listed.split(')').next().unwrap_or_default().to_owned(),
                // Of a column: its name is the first word since the last comma.
                None => {
                    let column = columns[..at].rsplit(',').next().unwrap_or_default();
                    column.split_whitespace().next().unwrap_or_default().to_owned()
                }
            };
            keys.push((table.to_owned(), named));
        }
    }
    keys
}

#[test]
fn every_unique_key_names_the_conversation() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this crate lies in the workspace");
    let folder = root.join("message-service/migrations/postgres");
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the migrations are there").flatten() {
        found.extend(unique_keys(&fs::read_to_string(entry.path()).expect("it is a text")));
    }
    let of_messages: Vec<_> =
        found.into_iter().filter(|(table, _)| TABLES.contains(&table.as_str())).collect();
    for (table, columns) in &of_messages {
        let is_known = KEYS.contains(&(table, columns));
        assert!(
            is_known || columns.split(", ").any(|column| column == "conversation"),
            "{table} ({columns})"
        );
    }
    // Each table has one at least, or this reads nothing.
    assert!(TABLES.iter().all(|table| of_messages.iter().any(|(of, _)| of == table)), "{of_messages:?}");
}
