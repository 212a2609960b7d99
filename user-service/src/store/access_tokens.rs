//! Access tokens that can be alive: who holds them, and from where they came. Network bans look at them.

use std::net::IpAddr;

use api::{Timestamp, event::UserEvent, id::UserId};
use kit::Result;
use sqlx::FromRow;

use super::{Store, accounts, column::Checked, housekeeping, read_all, revocations, users, write_one};

const NOTE: &str =
    "insert into access_tokens (id, user_id, address, host, issued_at) values ($1, $2, $3, $4, $5)";
const PAGE: &str = "select id, user_id, address, host from access_tokens where id > $1 and issued_at > $2 order by id limit $3";

/// A token that can be alive.
#[derive(Debug, FromRow)]
pub struct AccessTokenRow {
    pub id: String,
    pub user_id: Checked<UserId>,
    address: String,
    pub host: String,
}

impl AccessTokenRow {
    pub fn address(&self) -> Option<IpAddr> {
        self.address.parse().ok()
    }
}

impl Store {
    /// Notes a token before it is given out.
    pub async fn note_access_token(
        &self,
        id: &str,
        user: &UserId,
        address: IpAddr,
        host: &str,
        now: Timestamp,
    ) -> sqlx::Result<()> {
        write_one!(self.db, NOTE, id, user.as_str(), address.to_string(), host, now.0).map(drop)
    }

    /// Tokens that can be alive, in the order of their ids.
    pub async fn access_tokens(
        &self,
        after: &str,
        limit: i64,
        now: Timestamp,
    ) -> sqlx::Result<Vec<AccessTokenRow>> {
        read_all!(self.db, PAGE, after, now.minus(revocations::KEPT).0, limit)
    }

    /// Refuses one access token from now on, and no other of the same login.
    pub async fn revoke_access_token(&self, token: &AccessTokenRow, now: Timestamp) -> sqlx::Result<()> {
        let mut tx = self.db.begin().await?;
        revocations::refuse(&mut tx, &token.user_id, &token.id, now).await?;
        tx.commit().await
    }

    /// Ends all sessions of somebody and refuses all their tokens; a guest is gone.
    pub async fn throw_out(&self, user: &UserId, reason: &str, now: Timestamp) -> Result<Vec<UserEvent>> {
        let mut tx = self.db.begin().await?;
        let Some(mut user) = users::lock(&mut tx, user).await? else { return Ok(Vec::new()) };
        if user.is_guest() {
            user.held_until = Some(now.0);
        }
        let told = accounts::put_out(&mut tx, &mut user, reason, now).await?;
        if user.is_guest() {
            housekeeping::free_if_gone(&mut tx, &mut user, now).await?;
        }
        users::save(&mut tx, &user).await?;
        tx.commit().await?;
        Ok(told)
    }
}
