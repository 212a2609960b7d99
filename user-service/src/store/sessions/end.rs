//! How sessions end: the event, the nick that may come free, and the task that takes the session out of its channels.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use api::{
    Timestamp,
    channels::EndHolders,
    event::{UserChange, UserEvent},
    id::{GatewayId, SessionId, UserId},
    users::EndSession,
};
use kit::db::{Backend, Tx};

use super::{How, SessionRow, columns};
use crate::store::{
    Store, events, execute, fetch_all, fetch_optional, staying,
    tasks::{self, Claimed, Task},
    users::{self, UserRow, json_list},
};

const END: &str =
    "update sessions set ended_at = $2, ended_how = $3, address = null where id = $1 and ended_at is null";
const LIVE_OF: &str =
    concat!("select ", columns!(), " from sessions where user_id = $1 and ended_at is null order by id");
const ANY_LIVE: &str = "select 1 from sessions where user_id = $1 and ended_at is null limit 1";
const REMEMBER: &str = "insert into former_nicks (user_id, nick_key, nick, account, host, until, username, realname) \
    values ($1, $2, $3, $4, $5, $6, $7, $8)";
const OF_TERM: &str = concat!(
    "select ",
    columns!(),
    " from sessions where gateway = $1 and term <= $2 and ended_at is null order by user_id limit $3"
);
const MANY_SQLITE: &str = concat!(
    "select ",
    columns!(),
    " from sessions where id in (select value from json_each($1)) and ended_at is null order by user_id"
);
const MANY_POSTGRES: &str =
    concat!("select ", columns!(), " from sessions where id = any($1) and ended_at is null order by user_id");

/// The reason that people are shown when a gateway is gone.
const GATEWAY_LOST: &str = "the gateway was lost";

pub(crate) async fn live_of(tx: &mut Tx, user: &UserId) -> sqlx::Result<Vec<SessionRow>> {
    fetch_all!(tx, LIVE_OF, user.as_str())
}

/// Ends sessions of a locked user, whom the caller saves. `grace`: until then the sessions stay in their channels.
pub(crate) async fn end_locked(
    tx: &mut Tx,
    user: &mut UserRow,
    sessions: &[SessionRow],
    how: How,
    reason: &(dyn Fn(&SessionId) -> String + Sync),
    now: Timestamp,
    grace: Duration,
) -> sqlx::Result<Vec<UserEvent>> {
    let mut ended = Vec::with_capacity(sessions.len());
    let mut rows = Vec::with_capacity(sessions.len());
    for session in sessions {
        if execute!(tx, END, session.id.as_str(), now.0, how.as_str())? > 0 {
            ended.push(session.id.0.clone());
            rows.push(session);
        }
    }
    let mut told = Vec::with_capacity(ended.len());
    let Some(last) = ended.last() else { return Ok(told) };
    let why = Some(reason(last)).filter(|text| !text.is_empty());
    // Before the events: they tell whether anything is left. Whom somebody wants out does not stay.
    if user.always_on && how != How::Forced {
        user.left_at = Some(now.0);
    }
    let left = settle(tx, user, now).await?;
    if left == Left::Connected {
        user.left_at = None;
    }
    for session in rows {
        let change = UserChange::SessionEnded {
            ended: session.id.0.clone(),
            gateway: session.gateway.0.clone(),
            reason: reason(&session.id),
            forced: how == How::Forced,
        };
        told.push(events::append(tx, user, now, None, change).await?);
    }
    told.extend(staying::goes_away(tx, user, now).await?);
    if left != Left::Connected {
        // Sessions that were to stay for their successor leave with it: there is one end, and it is now.
        ended.extend(tasks::take_waiting_holders(tx, &user.id, now).await?);
    }
    let stays = user.always_on.then_some(left == Left::Connected || user.left_at.is_some());
    let (all, still_here) = (left == Left::Nothing, left == Left::Connected);
    let task = EndHolders { user: user.person(), sessions: ended, all, stays, still_here, reason: why };
    tasks::add(tx, &Task::EndHolders(task), now.plus(grace)).await?;
    Ok(told)
}

/// What is left of a person after sessions or tokens have gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// A session.
    Connected,
    /// No session; but an account, which may stay, or a token that holds the nick.
    Disconnected,
    /// It was a guest, and their nick has just come free.
    Nothing,
}

/// Looks what is left of a locked user, whom the caller saves.
pub(crate) async fn settle(tx: &mut Tx, user: &mut UserRow, now: Timestamp) -> sqlx::Result<Left> {
    let live: Option<(i32,)> = fetch_optional!(tx, ANY_LIVE, user.id.as_str())?;
    if live.is_some() {
        return Ok(Left::Connected);
    }
    let is_held = user.is_guest() && user.held_until.is_some_and(|until| until > now.0);
    if is_held || user.left_at.is_some() {
        return Ok(Left::Disconnected);
    }
    if user.since.take().is_some() {
        remember_nick(tx, user, now).await?;
    }
    user.away = None;
    user.held_until = None;
    if user.is_guest() && user.freed_at.is_none() {
        // The name comes free with the task that takes them out of their channels: nobody is to meet their own ghost there.
        user.freed_at = Some(now.0);
        return Ok(Left::Nothing);
    }
    Ok(Left::Disconnected)
}

/// For those who ask later who had the nick.
pub(crate) async fn remember_nick(tx: &mut Tx, user: &UserRow, until: Timestamp) -> sqlx::Result<()> {
    let account = user.account().map(AsRef::<str>::as_ref);
    let (key, nick) = (user.nick.key(), user.nick.as_str());
    let (username, realname) = (&user.username, user.realname.as_deref());
    execute!(tx, REMEMBER, user.id.as_str(), key, nick, account, &user.host, until.0, username, realname)
        .map(drop)
}

/// Ends open sessions of any users, each user locked once and in the order of their ids.
async fn end_rows(
    tx: &mut Tx,
    rows: Vec<SessionRow>,
    how: How,
    reason: &(dyn Fn(&SessionId) -> String + Sync),
    now: Timestamp,
) -> sqlx::Result<Vec<UserEvent>> {
    let mut of_users: BTreeMap<UserId, Vec<SessionRow>> = BTreeMap::new();
    for row in rows {
        of_users.entry(row.user_id.0.clone()).or_default().push(row);
    }
    let mut told = Vec::new();
    for (id, sessions) in of_users {
        let Some(mut user) = users::lock(tx, &id).await? else { continue };
        told.extend(end_locked(tx, &mut user, &sessions, how, reason, now, Duration::ZERO).await?);
        users::save(tx, &user).await?;
    }
    Ok(told)
}

impl Store {
    /// Ends sessions as their gateways say; unknown ones and those that ended before are no error. What takes them out of their
    /// channels is in the caller's hand.
    pub async fn end_sessions(
        &self,
        items: &[EndSession],
        now: Timestamp,
    ) -> sqlx::Result<(Vec<UserEvent>, Vec<Claimed>)> {
        let reasons: BTreeMap<&SessionId, &str> =
            items.iter().map(|item| (&item.session, item.reason.as_str())).collect();
        let ids = reasons.keys().map(|id| id.as_str());
        let mut tx = self.db.begin().await?;
        let rows: Vec<SessionRow> = match &mut tx {
            Backend::Sqlite(t) => {
                sqlx::query_as(MANY_SQLITE).bind(json_list(ids)).fetch_all(&mut **t).await?
            }
            Backend::Postgres(t) => {
                sqlx::query_as(MANY_POSTGRES).bind(ids.collect::<Vec<_>>()).fetch_all(&mut **t).await?
            }
        };
        let reason = |id: &SessionId| reasons.get(id).copied().unwrap_or_default().to_owned();
        let told = end_rows(&mut tx, rows, How::Closed, &reason, now).await?;
        let mut claimed = Vec::new();
        let users: BTreeSet<&UserId> = told.iter().map(|event| &event.user).collect();
        for user in users {
            claimed.extend(tasks::claim_holders(&mut tx, user, now).await?);
        }
        tx.commit().await?;
        Ok((told, claimed))
    }

    /// Ends up to `most` sessions of a gateway's lapsed term; nothing when none is left.
    pub async fn end_lapsed(
        &self,
        gateway: &GatewayId,
        term: i64,
        most: i64,
        now: Timestamp,
    ) -> sqlx::Result<Vec<UserEvent>> {
        let mut tx = self.db.begin().await?;
        let rows: Vec<SessionRow> = fetch_all!(&mut tx, OF_TERM, gateway.as_str(), term, most)?;
        let told = end_rows(&mut tx, rows, How::Lapsed, &|_| GATEWAY_LOST.to_owned(), now).await?;
        tx.commit().await?;
        Ok(told)
    }

    /// Ends one of a user's sessions, or all; how many ended, and the events.
    pub async fn disconnect(
        &self,
        user: &UserId,
        only: Option<&SessionId>,
        how: How,
        reason: &str,
        now: Timestamp,
    ) -> sqlx::Result<Vec<UserEvent>> {
        let mut tx = self.db.begin().await?;
        let Some(mut user) = users::lock(&mut tx, user).await? else { return Ok(Vec::new()) };
        let mut sessions = live_of(&mut tx, &user.id).await?;
        sessions.retain(|session| only.is_none_or(|only| session.id.0 == *only));
        let reason = |_: &SessionId| reason.to_owned();
        let told = end_locked(&mut tx, &mut user, &sessions, how, &reason, now, Duration::ZERO).await?;
        users::save(&mut tx, &user).await?;
        tx.commit().await?;
        Ok(told)
    }
}
