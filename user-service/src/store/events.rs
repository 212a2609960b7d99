//! What happened to people: one row for each version.

use api::{
    Timestamp,
    event::{UserChange, UserEvent},
    id::{SessionId, UserId},
    users::UserEvents,
};
use kit::{Failure, Result, db::Tx};

use super::{Store, execute, fetch_all, fetch_optional, users::UserRow};

const APPEND: &str = "insert into user_events (user_id, version, at, event) values ($1, $2, $3, $4)";
const AFTER: &str =
    "select event from user_events where user_id = $1 and version > $2 order by version limit $3";
const NOW: &str = concat!("select ", super::users::columns!(), " from users where id = $1");
const FORGET_ALL: &str = "delete from user_events where user_id = $1";

/// Events in one answer; a reader that missed more takes the person as they are now.
const MOST: i64 = 1000;

/// Raises the version and writes the event's row; the caller saves the person.
pub(crate) async fn append(
    tx: &mut Tx,
    user: &mut UserRow,
    at: Timestamp,
    session: Option<&SessionId>,
    change: UserChange,
) -> sqlx::Result<UserEvent> {
    user.version += 1;
    record(tx, user, at, session, change).await
}

/// Writes the row of the person's present version.
pub(crate) async fn record(
    tx: &mut Tx,
    user: &UserRow,
    at: Timestamp,
    session: Option<&SessionId>,
    change: UserChange,
) -> sqlx::Result<UserEvent> {
    let event = UserEvent {
        user: user.id.0.clone(),
        version: user.version.cast_unsigned(),
        at,
        nick: user.nick.0.clone(),
        account: user.account().cloned(),
        session: session.cloned(),
        online: Some(user.since.is_some()),
        change,
    };
    let json = serde_json::to_string(&event).expect("an event is JSON");
    execute!(tx, APPEND, user.id.as_str(), user.version, at.0, json)?;
    Ok(event)
}

pub(crate) async fn forget_all(tx: &mut Tx, user: &UserId) -> sqlx::Result<()> {
    execute!(tx, FORGET_ALL, user.as_str()).map(drop)
}

impl Store {
    /// What happened to a person after a version, and the person as they are after it.
    pub async fn events(&self, id: &UserId, after: u64) -> Result<Option<UserEvents>> {
        let mut tx = self.db.snapshot().await?;
        let user: Option<UserRow> = fetch_optional!(&mut tx, NOW, id.as_str())?;
        let Some(user) = user else { return Ok(None) };
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let rows: Vec<(String,)> = fetch_all!(&mut tx, AFTER, id.as_str(), after, MOST)?;
        tx.rollback().await?;
        let mut events = Vec::with_capacity(rows.len());
        for (json,) in rows {
            events.push(serde_json::from_str::<UserEvent>(&json).map_err(Failure::internal)?);
        }
        let missed = user.version.saturating_sub(after).max(0);
        let complete = i64::try_from(events.len()) == Ok(missed);
        Ok(Some(UserEvents { epoch: self.epoch.clone(), events, complete, user: user.view() }))
    }
}
