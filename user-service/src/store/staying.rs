//! Accounts that stay: in their channels, under their nick, away, without a session.

use api::{
    ErrorCode, Timestamp,
    channels::EndHolders,
    event::{UserChange, UserEvent},
    id::UserId,
};
use kit::{Result, db::Tx};

use super::{
    Store,
    column::Checked,
    events, read_all,
    sessions::settle,
    tasks::{self, Task},
    users::{self, UserRow},
};

/// What they are away for who have not said it themselves.
pub const AWAY: &str = "not connected";
/// Told to those who shared a channel with them.
const TURNED_OFF: &str = "does not stay any more";
const IDLE: &str = "nobody has connected for too long";

/// Accounts that are let go in one transaction: bounds how long others wait for the writer.
const AT_ONCE: i64 = 200;

const LEFT_BEFORE: &str = "select id from users where left_at <= $1 order by id limit $2";

/// A locked user, whom the caller saves, is away while they stay.
pub(crate) async fn goes_away(
    tx: &mut Tx,
    user: &mut UserRow,
    now: Timestamp,
) -> sqlx::Result<Option<UserEvent>> {
    if user.left_at.is_none() || user.away.is_some() {
        return Ok(None);
    }
    user.away = Some(AWAY.to_owned());
    let change = UserChange::Away { text: user.away.clone() };
    Ok(Some(events::append(tx, user, now, None, change).await?))
}

/// A locked user, whom the caller saves, stays nowhere without a session any more.
pub(crate) async fn let_go(
    tx: &mut Tx,
    user: &mut UserRow,
    reason: &str,
    now: Timestamp,
) -> sqlx::Result<Option<UserEvent>> {
    let mut told = None;
    if user.left_at.take().is_some() {
        settle(tx, user, now).await?;
        told = Some(events::append(tx, user, now, None, UserChange::Left).await?);
    }
    let ended = EndHolders {
        user: user.person(),
        sessions: Vec::new(),
        all: false,
        stays: Some(false),
        still_here: false,
        reason: Some(reason.to_owned()),
    };
    tasks::add(tx, &Task::EndHolders(ended), now).await?;
    Ok(told)
}

impl Store {
    /// Whether an account stays from now on when its last session ends.
    pub async fn set_always_on(&self, user: &UserId, on: bool, now: Timestamp) -> Result<Option<UserEvent>> {
        let mut tx = self.db.begin().await?;
        let user = users::lock(&mut tx, user).await?.filter(|user| !user.is_guest());
        let mut user = user.ok_or(ErrorCode::NoSuchAccount)?;
        if user.always_on == on {
            return Ok(None);
        }
        user.always_on = on;
        let told = if on { None } else { let_go(&mut tx, &mut user, TURNED_OFF, now).await? };
        users::save(&mut tx, &user).await?;
        tx.commit().await?;
        Ok(told)
    }

    /// Lets accounts go to which nobody has connected since then: they stay again when their owners say so again.
    pub async fn let_idle_go(&self, since: Timestamp, now: Timestamp) -> sqlx::Result<Vec<UserEvent>> {
        let due: Vec<(Checked<UserId>,)> = read_all!(self.db, LEFT_BEFORE, since.0, AT_ONCE)?;
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let mut tx = self.db.begin().await?;
        let mut told = Vec::new();
        for (id,) in due {
            let Some(mut user) = users::lock(&mut tx, &id).await? else { continue };
            if user.left_at.is_none_or(|at| at > since.0) {
                continue;
            }
            user.always_on = false;
            told.extend(let_go(&mut tx, &mut user, IDLE, now).await?);
            users::save(&mut tx, &user).await?;
        }
        tx.commit().await?;
        Ok(told)
    }
}
