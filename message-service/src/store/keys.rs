//! Idempotency keys: what was answered before.

use std::collections::HashMap;

use kit::db::{Backend, Tx};

use super::{Result, people::json};

/// What came of the first request with a key.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) seq: i64,
    pub(super) at: i64,
    pub(super) hash: Vec<u8>,
}

/// A key is its author's, in a conversation.
pub(super) type Owned<'a> = (&'a str, i64, i64);

// Row values with `in` would scan the whole table in SQLite.
const FIND_SQLITE: &str = "select k.key, k.author, k.conversation, k.seq, k.at, k.hash from json_each($1) as j
    cross join keys as k on k.key = j.value ->> 0 and k.author = j.value ->> 1 and k.conversation = j.value ->> 2";
const FIND_POSTGRES: &str = "select k.key, k.author, k.conversation, k.seq, k.at, k.hash
    from unnest($1::text[], $2::bigint[], $3::bigint[]) as j (key, author, conversation)
    join keys as k using (key, author, conversation)";

type Row = (String, i64, i64, i64, i64, Vec<u8>);

/// Those of `wanted` that were used before.
pub(super) async fn find<'a>(tx: &mut Tx, wanted: &[Owned<'a>]) -> Result<HashMap<Owned<'a>, Seen>> {
    let mut seen = HashMap::new();
    if wanted.is_empty() {
        return Ok(seen);
    }
    let rows: Vec<Row> = match tx {
        Backend::Sqlite(t) => sqlx::query_as(FIND_SQLITE).bind(json(wanted)).fetch_all(&mut **t).await?,
        Backend::Postgres(t) => {
            let keys: Vec<_> = wanted.iter().map(|(key, ..)| *key).collect();
            let authors: Vec<_> = wanted.iter().map(|(_, author, _)| *author).collect();
            let conversations: Vec<_> = wanted.iter().map(|(.., conversation)| *conversation).collect();
            sqlx::query_as(FIND_POSTGRES)
                .bind(&keys)
                .bind(&authors)
                .bind(&conversations)
                .fetch_all(&mut **t)
                .await?
        }
    };
    if rows.is_empty() {
        return Ok(seen);
    }
    let found: HashMap<_, _> = rows
        .into_iter()
        .map(|(key, author, conversation, seq, at, hash)| {
            ((key, author, conversation), Seen { seq, at, hash })
        })
        .collect();
    for &(key, author, conversation) in wanted {
        if let Some(known) = found.get(&(key.to_owned(), author, conversation)) {
            seen.insert((key, author, conversation), known.clone());
        }
    }
    Ok(seen)
}
