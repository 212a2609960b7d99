//! What goes with time: entries past a channel's retention, conversations of deleted channels, keys after a week.

use api::{Timestamp, id::ConversationId};
use kit::db::{Tx, on};

use super::{Result, Store};

/// Entries in one transaction: the writer waits some milliseconds for it.
const CHUNK: i64 = 1000;

const OLD: &str = "select max(seq), max(at) from (
    select seq, at from entries where conversation = $1 order by seq limit $3) as oldest where at < $2";
const RAISE: &str =
    "update conversations set first_seq = $2 + 1, floor_at = $3 where n = $1 and first_seq <= $2";
const DROP: &str = "delete from entries where conversation = $1 and seq <= $2";
const DROP_SLOWED: &str = "delete from slowed where conversation = $1";
const OLD_SLOWED: &str = "delete from slowed where at < $1";
const DROP_MARKERS: &str = "delete from read_markers where conversation = $1";
const DROP_CONVERSATION: &str = "delete from conversations where n = $1";

const NEXT_KEYS: &str = "select key, author, conversation, at from keys where key > $1 order by key, author, conversation limit $2";
const KEYS_LIKE: &str = "select key, author, conversation, at from keys where key = $1";
const DROP_KEY: &str = "delete from keys where key = $1 and author = $2 and conversation = $3";

pub(super) type KeyRow = (String, i64, i64, i64);

impl Store {
    /// Deletes some of what was said before `cutoff`, the oldest first; false once there is none.
    pub async fn retain(&self, conversation: i64, cutoff: Timestamp) -> Result<bool> {
        let (Some(last), Some(at)) = on!(self.db.read(), pool => {
            sqlx::query_as(OLD).bind(conversation).bind(cutoff.0).bind(CHUNK).fetch_one(pool).await
        })?
        else {
            return Ok(false);
        };
        let mut tx = self.db.begin().await?;
        drop_through(&mut tx, conversation, last, at).await?;
        // The writer remembers where a conversation begins. It waits for this transaction, and finds nothing remembered.
        self.memory.lock().conversations.remove(&conversation);
        tx.commit().await?;
        Ok(true)
    }

    /// Deletes a conversation, some entries at a time; may be called again where it was left off.
    pub async fn delete_conversation(&self, id: &ConversationId) -> Result<()> {
        let Some(place) = self.conversation(id).await? else { return Ok(()) };
        while self.retain(place.n, Timestamp(i64::MAX)).await? {}
        let mut tx = self.db.begin().await?;
        // Whatever came in between goes too.
        drop_through(&mut tx, place.n, i64::MAX - 1, i64::MAX).await?;
        for sql in [DROP_SLOWED, DROP_MARKERS, DROP_CONVERSATION] {
            on!(&mut tx, t => sqlx::query(sql).bind(place.n).execute(&mut **t).await.map(|_| ()))?;
        }
        self.memory.lock().conversations.remove(&place.n);
        tx.commit().await
    }

    /// Deletes keys made before `cutoff` among those that follow `after`; gives where to go on, none at the end.
    pub async fn forget_keys(&self, after: &str, cutoff: Timestamp) -> Result<Option<String>> {
        let (keys, next) = self.keys_after(after).await?;
        let old: Vec<_> = keys.into_iter().filter(|(.., at)| *at < cutoff.0).collect();
        if !old.is_empty() {
            let mut tx = self.db.begin().await?;
            drop_keys(&mut tx, &old).await?;
            tx.commit().await?;
        }
        Ok(next)
    }

    /// Forgets who spoke when under slow modes that are long over.
    pub async fn forget_slowed(&self, cutoff: Timestamp) -> Result<()> {
        on!(self.db.write(), pool => sqlx::query(OLD_SLOWED).bind(cutoff.0).execute(pool).await.map(|_| ()))
    }

    /// Some keys in their order, and where to go on.
    pub(super) async fn keys_after(&self, after: &str) -> Result<(Vec<KeyRow>, Option<String>)> {
        let mut keys: Vec<KeyRow> = on!(self.db.read(), pool => sqlx::query_as(NEXT_KEYS).bind(after).bind(CHUNK).fetch_all(pool).await)?;
        if (keys.len() as i64) < CHUNK {
            return Ok((keys, None));
        }
        // Others may use the same key: the cut goes between keys, not between those who use one.
        let last = keys.last().map(|(key, ..)| key.clone()).unwrap_or_default();
        keys.retain(|(key, ..)| *key != last);
        let same: Vec<KeyRow> =
            on!(self.db.read(), pool => sqlx::query_as(KEYS_LIKE).bind(&last).fetch_all(pool).await)?;
        keys.extend(same);
        Ok((keys, Some(last)))
    }
}

async fn drop_through(tx: &mut Tx, conversation: i64, seq: i64, at: i64) -> Result<()> {
    on!(tx, t => {
        sqlx::query(RAISE).bind(conversation).bind(seq).bind(at).execute(&mut **t).await?;
        sqlx::query(DROP).bind(conversation).bind(seq).execute(&mut **t).await?;
    });
    Ok(())
}

pub(super) async fn drop_keys(tx: &mut Tx, keys: &[KeyRow]) -> Result<()> {
    for (key, author, conversation, _) in keys {
        on!(&mut *tx, t => {
            sqlx::query(DROP_KEY).bind(key).bind(author).bind(conversation).execute(&mut **t).await?;
        });
    }
    Ok(())
}
