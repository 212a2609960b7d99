//! Forgetting a person: their names in what stays, and what the file still holds of what went.

use std::time::Duration;

use api::id::{ChannelId, UserId};
use kit::db::{Backend, Tx, on};

use super::{
    Sql, Store, list,
    rows::{EntryRow, entry_columns},
    rows_of, unreadable,
};

const TOUCHED: &str = "select id from channels where founder_user = $1 or topic_by = $1";
const ANONYMISE_ENTRIES: &str =
    "update list_entries set by_nick = $2, by_version = 0, reason = null where by_id = $1";
const DROP_INVITATIONS: &str = "delete from invitations where user_id = $1";
/// Ids are random and of one length, so that none is part of another or of a name.
const EVENTS: &str = "select channel, version, event from events where event like $1";
/// Events of lists, whose masks may name anybody.
const LIST_EVENTS: &str = "select channel, version, event from events where event like '%\"mask\":\"%'";
const NAMED: &str = "select name from account_names where user_id = $1";
const UNNAME: &str = "delete from account_names where user_id = $1";
const REWRITE: Sql = rows_of!(
    "update events set event = changed.event from (select item.value ->> 0 as channel,
        cast(item.value ->> 1 as bigint) as version, item.value ->> 2 as event from",
    ") as changed where events.channel = changed.channel and events.version = changed.version"
);
const MASKS: Sql = rows_of!(
    concat!(
        "select ",
        entry_columns!(),
        " from list_entries l where l.mask_key in (select item.value ->> 0 from"
    ),
    ")"
);

/// How often and how long the log is tried to be cut while readers still look at it.
const CUT_TRIES: u32 = 50;
const CUT_PAUSE: Duration = Duration::from_millis(20);

impl Store {
    /// Channels that somebody registered or whose topic they set.
    pub async fn marked_by(&self, tx: &mut Tx, user: &UserId) -> sqlx::Result<Vec<ChannelId>> {
        let ids: Vec<String> =
            on!(tx, t => sqlx::query_scalar(TOUCHED).bind(user.as_str()).fetch_all(&mut **t).await)?;
        ids.into_iter().map(|id| id.try_into().map_err(unreadable)).collect()
    }

    /// Entries by somebody keep their masks, but neither their name nor their words.
    pub async fn anonymise_entries(&self, tx: &mut Tx, user: &UserId, nobody: &str) -> sqlx::Result<()> {
        on!(tx, t => sqlx::query(ANONYMISE_ENTRIES).bind(user.as_str()).bind(nobody).execute(&mut **t).await.map(drop))
    }

    /// What the account of somebody was called who joined a channel some time.
    pub async fn account_name(&self, tx: &mut Tx, user: &UserId) -> sqlx::Result<Option<String>> {
        on!(tx, t => sqlx::query_scalar(NAMED).bind(user.as_str()).fetch_optional(&mut **t).await)
    }

    pub async fn forget_account_name(&self, tx: &mut Tx, user: &UserId) -> sqlx::Result<()> {
        on!(tx, t => sqlx::query(UNNAME).bind(user.as_str()).execute(&mut **t).await.map(drop))
    }

    pub async fn drop_invitations_of(&self, tx: &mut Tx, user: &UserId) -> sqlx::Result<()> {
        on!(tx, t => sqlx::query(DROP_INVITATIONS).bind(user.as_str()).execute(&mut **t).await.map(drop))
    }

    /// Events that name somebody, as JSON.
    pub async fn events_naming(
        &self,
        tx: &mut Tx,
        user: &UserId,
    ) -> sqlx::Result<Vec<(String, i64, String)>> {
        let pattern = format!("%\"{user}\"%");
        on!(tx, t => sqlx::query_as(EVENTS).bind(pattern).fetch_all(&mut **t).await)
    }

    /// Events that hold a mask, as JSON.
    pub async fn list_events(&self, tx: &mut Tx) -> sqlx::Result<Vec<(String, i64, String)>> {
        on!(tx, t => sqlx::query_as(LIST_EVENTS).fetch_all(&mut **t).await)
    }

    pub async fn rewrite_events(&self, tx: &mut Tx, events: &[(String, i64, String)]) -> sqlx::Result<()> {
        let sql = REWRITE.on(tx);
        on!(tx, t => sqlx::query(sql).bind(list(events)).execute(&mut **t).await.map(drop))
    }

    /// Channels with entries whose mask is one of these.
    pub async fn channels_listing(&self, tx: &mut Tx, mask_keys: &[String]) -> sqlx::Result<Vec<ChannelId>> {
        let rows = list(&mask_keys.iter().map(|key| [key]).collect::<Vec<_>>());
        let sql = MASKS.on(tx);
        let found: Vec<EntryRow> = on!(tx, t => sqlx::query_as(sql).bind(rows).fetch_all(&mut **t).await)?;
        found.into_iter().map(|row| row.channel.try_into().map_err(unreadable)).collect()
    }

    /// SQLite's log still holds the pages as they were: cuts it. True when nothing is left in it.
    pub async fn cut_log(&self) -> sqlx::Result<bool> {
        let Backend::Sqlite(writer) = self.db.write() else { return Ok(true) };
        for _ in 0..CUT_TRIES {
            let (busy, ..): (i64, i64, i64) =
                sqlx::query_as("pragma wal_checkpoint(truncate)").fetch_one(writer).await?;
            if busy == 0 {
                return Ok(true);
            }
            tokio::time::sleep(CUT_PAUSE).await;
        }
        Ok(false)
    }
}
