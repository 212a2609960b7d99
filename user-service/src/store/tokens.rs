//! Grants, refresh tokens and personal API tokens. Of secrets only digests are kept.

use std::time::Duration;

use api::{
    ErrorCode, Nick, Timestamp,
    auth::{ACCESS_TOKEN_SECONDS, Scopes},
    event::UserEvent,
    id::{TokenId, UserId},
    users::ApiToken,
};
use kit::{Failure, Result, db::Tx};
use sqlx::FromRow;

use super::{
    Store, accounts,
    column::Checked,
    execute, fetch_optional, names, read_all, read_optional, revocations, sessions,
    users::{self, UserRow},
    write_one,
};
use crate::domain::secret;

const INSERT_REFRESH: &str = "insert into refresh_tokens (hash, family, user_id, scopes, issued_at, expires_at) \
    values ($1, $2, $3, $4, $5, $6)";
const USE_REFRESH: &str = "update refresh_tokens set used_at = $2 where hash = $1 and used_at is null and expires_at > $2 \
    returning family, user_id, scopes";
const REFRESH: &str = "select family, user_id, scopes from refresh_tokens where hash = $1";

const INSERT_API: &str =
    "insert into api_tokens (id, user_id, label, scopes, hash, created_at) values ($1, $2, $3, $4, $5, $6)";
const COUNT_API: &str = "select count(*) from api_tokens where user_id = $1";
const API_BY_ID: &str =
    "select id, user_id, label, scopes, hash, created_at, last_used_at from api_tokens where id = $1";
const API_PAGE: &str = "select id, user_id, label, scopes, hash, created_at, last_used_at from api_tokens \
    where user_id = $1 and id > $2 order by id limit $3";
const API_EXISTS: &str = "select 1 from api_tokens where id = $1 and user_id = $2";
const DELETE_API: &str = "delete from api_tokens where id = $1 and user_id = $2";
/// Once a minute is enough to tell which tokens are in use.
const API_USED: &str =
    "update api_tokens set last_used_at = $2 where id = $1 and (last_used_at is null or last_used_at < $3)";

#[derive(FromRow)]
struct RefreshRow {
    family: String,
    user_id: Checked<UserId>,
    scopes: String,
}

#[derive(FromRow)]
pub(crate) struct ApiTokenRow {
    pub(crate) id: Checked<TokenId>,
    pub(crate) user_id: Checked<UserId>,
    label: String,
    scopes: String,
    hash: String,
    created_at: i64,
    last_used_at: Option<i64>,
}

impl ApiTokenRow {
    pub(crate) fn scopes(&self) -> Scopes {
        Scopes::from(self.scopes.clone())
    }

    fn view(self) -> ApiToken {
        ApiToken {
            scopes: self.scopes(),
            id: self.id.0,
            label: self.label,
            created_at: Timestamp(self.created_at),
            last_used_at: self.last_used_at.map(Timestamp),
            secret: None,
        }
    }
}

/// A grant in the making: the refresh token that goes with it.
pub(crate) struct NewRefresh {
    pub(crate) hash: String,
    pub(crate) family: String,
    pub(crate) expires_at: Timestamp,
}

/// How long a guest's nick is held for a token issued now.
fn guest_holds_until(now: Timestamp) -> Timestamp {
    now.plus(Duration::from_secs(ACCESS_TOKEN_SECONDS))
}

/// What a refresh gave.
pub(crate) struct Refreshed {
    pub(crate) user: UserRow,
    pub(crate) family: String,
    pub(crate) scopes: Scopes,
}

pub(crate) async fn api_token_exists(tx: &mut Tx, user: &UserId, id: &TokenId) -> sqlx::Result<bool> {
    let found: Option<(i32,)> = fetch_optional!(tx, API_EXISTS, id.as_str(), user.as_str())?;
    Ok(found.is_some())
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
    pub(crate) async fn grant(
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
    pub(crate) async fn grant_guest(
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
    pub(crate) async fn refresh(
        &self,
        hash: &str,
        new: impl FnOnce(String) -> NewRefresh + Send,
        now: Timestamp,
    ) -> Result<Refreshed> {
        let mut tx = self.db.begin().await?;
        let Some(used): Option<RefreshRow> = fetch_optional!(&mut tx, USE_REFRESH, hash, now.0)? else {
            let known: Option<RefreshRow> = fetch_optional!(&mut tx, REFRESH, hash)?;
            if let Some(stolen) = known {
                revocations::revoke_grant(&mut tx, &stolen.user_id, &stolen.family, now).await?;
                tx.commit().await?;
            }
            return Err(ErrorCode::BadCredentials.into());
        };
        let user = users::lock(&mut tx, &used.user_id).await?.filter(|user| user.freed_at.is_none());
        let mut user = user.ok_or(ErrorCode::BadCredentials)?;
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
        Ok(Refreshed { user, family: used.family, scopes })
    }

    /// A guest whose session is given a token holds the nick as long as it lives.
    pub(crate) async fn hold_nick(&self, user: &UserId, now: Timestamp) -> Result<UserRow> {
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

    pub(crate) async fn add_api_token(
        &self,
        user: &UserId,
        token: &ApiToken,
        hash: &str,
        most: u32,
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let user = users::lock(&mut tx, user).await?.filter(|user| !user.is_guest());
        let user = user.ok_or_else(|| {
            Failure::new(ErrorCode::Forbidden).detail("personal API tokens need an account")
        })?;
        let (count,): (i64,) =
            fetch_optional!(&mut tx, COUNT_API, user.id.as_str())?.ok_or(sqlx::Error::RowNotFound)?;
        if count >= i64::from(most) {
            return Err(
                Failure::new(ErrorCode::ListFull).detail(format!("there are {most} API tokens already"))
            );
        }
        let (scopes, at) = (token.scopes.to_string(), token.created_at.0);
        execute!(&mut tx, INSERT_API, token.id.as_str(), user.id.as_str(), &token.label, scopes, hash, at)?;
        tx.commit().await?;
        Ok(())
    }

    /// A user's personal API tokens, in the order of their ids.
    pub(crate) async fn api_tokens(
        &self,
        user: &UserId,
        after: &str,
        limit: i64,
    ) -> sqlx::Result<Vec<ApiToken>> {
        let rows: Vec<ApiTokenRow> = read_all!(self.db, API_PAGE, user.as_str(), after, limit)?;
        Ok(rows.into_iter().map(ApiTokenRow::view).collect())
    }

    /// The token of that id, if the secret is its.
    pub(crate) async fn api_token(&self, id: &TokenId, presented: &str) -> sqlx::Result<Option<ApiTokenRow>> {
        let row: Option<ApiTokenRow> = read_optional!(self.db, API_BY_ID, id.as_str())?;
        let digest = secret::digest(presented);
        Ok(row.filter(|row| secret::same(&row.hash, &digest)))
    }

    pub(crate) async fn api_token_used(&self, id: &TokenId, now: Timestamp) -> sqlx::Result<()> {
        write_one!(self.db, API_USED, id.as_str(), now.0, now.minus(Duration::from_secs(60)).0).map(drop)
    }

    /// Revokes a personal API token and what came of it; false if the user has none of that id.
    pub(crate) async fn delete_api_token(
        &self,
        user: &UserId,
        id: &TokenId,
        now: Timestamp,
    ) -> Result<(bool, Vec<UserEvent>)> {
        let mut tx = self.db.begin().await?;
        let Some(mut user) = users::lock(&mut tx, user).await? else { return Ok((false, Vec::new())) };
        if execute!(&mut tx, DELETE_API, id.as_str(), user.id.as_str())? == 0 {
            return Ok((false, Vec::new()));
        }
        revocations::revoke_grant(&mut tx, &user.id, id.as_str(), now).await?;
        let told = sessions::end_of_api_token(&mut tx, &mut user, id, now).await?;
        users::save(&mut tx, &user).await?;
        tx.commit().await?;
        Ok((true, told))
    }

    /// Revokes what came of a grant; a guest without a session is gone with it.
    pub(crate) async fn revoke_grant(&self, user: &UserId, grant: &str, now: Timestamp) -> Result<()> {
        let mut tx = self.db.begin().await?;
        revocations::revoke_grant(&mut tx, user, grant, now).await?;
        if let Some(mut user) = users::lock(&mut tx, user).await?.filter(UserRow::is_guest) {
            user.held_until = Some(now.0);
            super::housekeeping::free_if_gone(&mut tx, &mut user, now).await?;
            users::save(&mut tx, &user).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The grant and the user of a refresh token.
    pub(crate) async fn grant_of(&self, hash: &str) -> sqlx::Result<Option<(UserId, String)>> {
        let row: Option<RefreshRow> = read_optional!(self.db, REFRESH, hash)?;
        Ok(row.map(|row| (row.user_id.0, row.family)))
    }
}
