//! Grants and refresh tokens. Of secrets only digests are kept.

use std::time::Duration;

use api::{
    ErrorCode, Nick, Timestamp,
    auth::{ACCESS_TOKEN_SECONDS, Scopes},
    id::UserId,
};
use kit::{Result, db::Tx};
use sqlx::FromRow;

use super::{
    Store, accounts,
    column::Checked,
    execute, fetch_optional, housekeeping, names, read_optional,
    revocations::{self, Ended},
    users::{self, UserRow},
};
use crate::domain::secret;

const INSERT_REFRESH: &str = "insert into refresh_tokens (hash, family, user_id, scopes, issued_at, expires_at) \
    values ($1, $2, $3, $4, $5, $6)";
const USE_REFRESH: &str = "update refresh_tokens set used_at = $2 where hash = $1 and used_at is null and expires_at > $2 \
    returning family, user_id, scopes, used_at";
const REFRESH: &str = "select family, user_id, scopes, used_at from refresh_tokens where hash = $1";

#[derive(FromRow)]
struct RefreshRow {
    family: String,
    user_id: Checked<UserId>,
    scopes: String,
    used_at: Option<i64>,
}

/// A grant in the making: the refresh token that goes with it.
pub struct NewRefresh {
    pub hash: String,
    pub family: String,
    pub expires_at: Timestamp,
}

/// How long a guest's nick is held for a token issued now.
fn guest_holds_until(now: Timestamp) -> Timestamp {
    now.plus(Duration::from_secs(ACCESS_TOKEN_SECONDS))
}

/// What came of a refresh token.
pub enum Exchanged {
    Fresh(Box<Refreshed>),
    Stolen(Ended),
}

pub struct Refreshed {
    pub user: UserRow,
    pub family: String,
    pub scopes: Scopes,
}

/// Ends a grant of a locked user.
async fn revoke(tx: &mut Tx, mut user: UserRow, grant: String, now: Timestamp) -> sqlx::Result<Ended> {
    let origin = revocations::origin_of(tx, &user.id, grant).await?;
    if user.is_guest() {
        user.held_until = Some(now.0);
    }
    let ended = revocations::end_grant(tx, &mut user, origin, now).await?;
    if user.is_guest() {
        housekeeping::free_if_gone(tx, &mut user, now).await?;
    }
    users::save(tx, &user).await?;
    Ok(ended)
}

async fn insert_refresh(
    tx: &mut Tx,
    user: &UserRow,
    new: &NewRefresh,
    scopes: Scopes,
    now: Timestamp,
) -> sqlx::Result<()> {
    // A guest's refresh token must not hold a nick for longer than their access token does.
    let expires_at = if user.is_guest() { guest_holds_until(now) } else { new.expires_at };
    let (user, scopes) = (user.id.as_str(), scopes.to_string());
    execute!(tx, INSERT_REFRESH, &new.hash, &new.family, user, scopes, now.0, expires_at.0).map(drop)
}

impl Store {
    /// A login by password, whose hash was verified as `hash`.
    pub async fn grant(
        &self,
        user: &UserId,
        hash: &str,
        scopes: Scopes,
        host: &str,
        new: &NewRefresh,
        now: Timestamp,
    ) -> Result<UserRow> {
        let mut tx = self.db.begin().await?;
        let mut user = users::lock(&mut tx, user).await?.ok_or(ErrorCode::BadCredentials)?;
        if !accounts::password_is(&mut tx, &user.id, hash).await? {
            return Err(ErrorCode::BadCredentials.into());
        }
        if user.suspended {
            return Err(ErrorCode::Suspended.into());
        }
        insert_refresh(&mut tx, &user, new, scopes, now).await?;
        if user.since.is_none() && user.host != host {
            // Online people are shown with the host of their session.
            host.clone_into(&mut user.host);
            users::save(&mut tx, &user).await?;
        }
        tx.commit().await?;
        Ok(user)
    }

    /// A new guest who comes over REST and holds a nick as long as the token lives.
    pub async fn grant_guest(
        &self,
        nick: &Nick,
        host: String,
        new: &NewRefresh,
        now: Timestamp,
    ) -> Result<UserRow> {
        let mut tx = self.db.begin().await?;
        let mut user = UserRow::guest(UserId::random(&mut rand::rng()), nick.clone(), host, now);
        user.held_until = Some(guest_holds_until(now).0);
        if !names::wear(&mut tx, &nick.skeleton(), &user.id, None).await? {
            return Err(ErrorCode::NickInUse.into());
        }
        users::insert(&mut tx, &user).await?;
        insert_refresh(&mut tx, &user, new, secret::allowed(false), now).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// Exchanges a refresh token. One that comes twice was stolen from somebody: what came of its grant is revoked.
    pub async fn refresh(
        &self,
        hash: &str,
        new: impl FnOnce(String) -> NewRefresh + Send,
        now: Timestamp,
    ) -> Result<Exchanged> {
        let mut tx = self.db.begin().await?;
        let known: Option<RefreshRow> = fetch_optional!(&mut tx, REFRESH, hash)?;
        let known = known.ok_or(ErrorCode::BadCredentials)?;
        // First of all, as everybody who revokes does: nobody waits for each other, and a new token is not missed.
        let user = users::lock(&mut tx, &known.user_id).await?.ok_or(ErrorCode::BadCredentials)?;
        let Some(used): Option<RefreshRow> = fetch_optional!(&mut tx, USE_REFRESH, hash, now.0)? else {
            // Read again now that nobody else can use it.
            let again: Option<RefreshRow> = fetch_optional!(&mut tx, REFRESH, hash)?;
            if again.is_none_or(|again| again.used_at.is_none()) {
                // It has expired: whoever comes late is no thief.
                return Err(ErrorCode::BadCredentials.into());
            }
            let ended = revoke(&mut tx, user, known.family, now).await?;
            tx.commit().await?;
            return Ok(Exchanged::Stolen(ended));
        };
        let mut user = Some(user).filter(|user| user.freed_at.is_none()).ok_or(ErrorCode::BadCredentials)?;
        if user.suspended {
            return Err(ErrorCode::Suspended.into());
        }
        let scopes = secret::within(Scopes::from(used.scopes), secret::allowed(user.operator));
        let new = new(used.family.clone());
        insert_refresh(&mut tx, &user, &new, scopes, now).await?;
        if user.is_guest() {
            user.held_until = Some(guest_holds_until(now).0);
            users::save(&mut tx, &user).await?;
        }
        tx.commit().await?;
        Ok(Exchanged::Fresh(Box::new(Refreshed { user, family: used.family, scopes })))
    }

    /// A guest whose session is given a token holds the nick as long as it lives.
    pub async fn hold_nick(&self, user: &UserId, now: Timestamp) -> Result<UserRow> {
        let mut tx = self.db.begin().await?;
        let user = users::lock(&mut tx, user).await?.filter(|user| user.freed_at.is_none());
        let mut user = user.ok_or(ErrorCode::SessionEnded)?;
        if user.is_guest() {
            user.held_until = Some(guest_holds_until(now).0);
            users::save(&mut tx, &user).await?;
        }
        tx.commit().await?;
        Ok(user)
    }

    /// Revokes the login that a token came of, with all that came of it; a guest without a session is gone with it.
    pub async fn revoke_grant(&self, user: &UserId, grant: String, now: Timestamp) -> Result<Ended> {
        let mut tx = self.db.begin().await?;
        let Some(user) = users::lock(&mut tx, user).await? else { return Ok(Ended::default()) };
        let ended = revoke(&mut tx, user, grant, now).await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// The grant and the user of a refresh token.
    pub async fn grant_of(&self, hash: &str) -> sqlx::Result<Option<(UserId, String)>> {
        let row: Option<RefreshRow> = read_optional!(self.db, REFRESH, hash)?;
        Ok(row.map(|row| (row.user_id.0, row.family)))
    }
}
