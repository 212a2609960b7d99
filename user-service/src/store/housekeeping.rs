//! What goes with time: guests whose token died, and rows that nobody asks for any more.

use std::time::Duration;

use api::{Timestamp, channels::EndHolders};
use kit::db::Tx;

use super::{
    Store, execute, read_all, revocations, sessions,
    tasks::{self, Task},
    users::{self, UserRow},
};

/// Guests freed in one transaction.
const AT_ONCE: i64 = 500;
/// How long a session that ended is remembered: its secret may come, or its opening once more.
const ENDED_SESSIONS: Duration = Duration::from_secs(3600);
/// How long a refresh token that was used is remembered: coming again, it tells of a theft.
const USED: Duration = Duration::from_secs(24 * 3600);
/// How long a guest who is gone can still be looked up.
const FREED: Duration = Duration::from_secs(24 * 3600);

const EXPIRED_GUESTS: &str =
    "select id from users where held_until is not null and held_until <= $1 order by id limit $2";
const REFRESH_TOKENS: &str = "delete from refresh_tokens where expires_at <= $1 or used_at <= $2";
const EVENTS: &str = "delete from user_events where at <= $1";
const FORMER_NICKS: &str = "delete from former_nicks where until <= $1";
const SESSIONS: &str = "delete from sessions where ended_at <= $1";
const REVOCATIONS: &str = "delete from revocations where not_before <= $1";
const RENAMES: &str = "delete from renames where at <= $1";
const ACCESS_TOKENS: &str = "delete from access_tokens where issued_at <= $1";
const BANS: &str = "delete from network_bans where expires_at <= $1";
const INVITES: &str = "delete from invites where expires_at <= $1";
const NAMES: &str =
    "delete from names where not account and user_id in (select id from users where freed_at <= $1)";
const METADATA: &str = "delete from metadata where user_id in (select id from users where freed_at <= $1)";
const USERS: &str = "delete from users where freed_at <= $1";

/// Frees the nick of a locked guest of whom neither a token nor a session is left, and has them taken out of their channels.
pub(crate) async fn free_if_gone(tx: &mut Tx, user: &mut UserRow, now: Timestamp) -> sqlx::Result<bool> {
    if sessions::settle(tx, user, now).await? != sessions::Left::Nothing {
        return Ok(false);
    }
    let ended = EndHolders {
        user: user.person(),
        sessions: Vec::new(),
        all: true,
        stays: None,
        still_here: false,
        reason: None,
    };
    tasks::add(tx, &Task::EndHolders(ended), now).await?;
    Ok(true)
}

impl Store {
    /// Frees guests whose tokens have died; how many of them are gone.
    pub async fn free_guests(&self, now: Timestamp) -> sqlx::Result<usize> {
        let due: Vec<(super::column::Checked<api::id::UserId>,)> =
            read_all!(self.db, EXPIRED_GUESTS, now.0, AT_ONCE)?;
        if due.is_empty() {
            return Ok(0);
        }
        let mut tx = self.db.begin().await?;
        let mut freed = 0;
        for (id,) in due {
            let Some(mut user) = users::lock(&mut tx, &id).await? else { continue };
            if user.held_until.is_some_and(|until| until > now.0) {
                continue;
            }
            freed += usize::from(free_if_gone(&mut tx, &mut user, now).await?);
            user.held_until = None;
            users::save(&mut tx, &user).await?;
        }
        tx.commit().await?;
        Ok(freed)
    }

    /// Deletes what nobody asks for any more.
    pub async fn forget_old(&self, now: Timestamp, kept: Kept) -> sqlx::Result<u64> {
        let mut tx = self.db.begin().await?;
        let mut gone = execute!(&mut tx, REFRESH_TOKENS, now.0, now.minus(USED).0)?;
        gone += execute!(&mut tx, EVENTS, now.minus(kept.events).0)?;
        gone += execute!(&mut tx, FORMER_NICKS, now.minus(kept.former_nicks).0)?;
        gone += execute!(&mut tx, SESSIONS, now.minus(ENDED_SESSIONS).0)?;
        gone += execute!(&mut tx, REVOCATIONS, now.minus(revocations::KEPT).0)?;
        gone += execute!(&mut tx, RENAMES, now.minus(revocations::KEPT).0)?;
        gone += execute!(&mut tx, ACCESS_TOKENS, now.minus(revocations::KEPT).0)?;
        gone += execute!(&mut tx, BANS, now.0)?;
        gone += execute!(&mut tx, INVITES, now.0)?;
        gone += execute!(&mut tx, NAMES, now.minus(FREED).0)?;
        gone += execute!(&mut tx, METADATA, now.minus(FREED).0)?;
        gone += execute!(&mut tx, USERS, now.minus(FREED).0)?;
        tx.commit().await?;
        Ok(gone)
    }
}

/// How long things are kept.
#[derive(Debug, Clone, Copy)]
pub struct Kept {
    pub events: Duration,
    pub former_nicks: Duration,
}
