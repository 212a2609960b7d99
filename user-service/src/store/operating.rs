//! Sessions that operate the network by the password of an operator's account.

use std::time::Duration;

use api::{
    ErrorCode, Timestamp,
    auth::{Scope, Scopes},
    event::{UserChange, UserEvent},
    id::{SessionId, UserId},
};
use kit::{Result, db::Tx};

use super::{
    Store, accounts, events, execute, fetch_all,
    sessions::{self, How, SessionRow, end_locked},
    users,
};

const SET: &str = "update sessions set scopes = $2, granted_by = $3 where id = $1 and ended_at is null";
const GRANTED: &str = concat!(
    "select ",
    sessions::columns!(),
    " from sessions where granted_by = $1 and user_id <> $1 and ended_at is null order by user_id"
);

/// Ends the sessions that operate by the password of a locked user, who is put out.
pub(crate) async fn end_granted(
    tx: &mut Tx,
    by: &UserId,
    reason: &str,
    now: Timestamp,
) -> sqlx::Result<Vec<UserEvent>> {
    let granted: Vec<SessionRow> = fetch_all!(tx, GRANTED, by.as_str())?;
    let mut told = Vec::new();
    for session in granted {
        let Some(mut user) = users::lock(tx, &session.user_id).await? else { continue };
        let reason = |_: &SessionId| reason.to_owned();
        told.extend(end_locked(tx, &mut user, &[session], How::Forced, &reason, now, Duration::ZERO).await?);
        users::save(tx, &user).await?;
    }
    Ok(told)
}

impl Store {
    /// Gives a live session of `user` the scope of an operator whose password's hash is still `password`.
    pub async fn operate(
        &self,
        session: &SessionId,
        user: &UserId,
        by: &UserId,
        password: &str,
    ) -> Result<Scopes> {
        let mut tx = self.db.begin().await?;
        let operator =
            users::lock(&mut tx, by).await?.filter(|operator| operator.operator && !operator.suspended);
        let operator = operator.ok_or(ErrorCode::Forbidden)?;
        if !accounts::password_is(&mut tx, &operator.id, password).await? {
            return Err(ErrorCode::BadCredentials.into());
        }
        let found = sessions::by_id(&mut tx, session).await?;
        let found = found.filter(|session| session.is_live() && session.user_id.0 == *user);
        let scopes = found.ok_or(ErrorCode::SessionEnded)?.scopes().with(Scope::Operator);
        execute!(&mut tx, SET, session.as_str(), scopes.to_string(), operator.id.as_str())?;
        tx.commit().await?;
        Ok(scopes)
    }

    /// Takes the scope from a live session of `user`.
    pub async fn operate_no_more(&self, session: &SessionId, user: &UserId) -> Result<Scopes> {
        let mut tx = self.db.begin().await?;
        let found = sessions::by_id(&mut tx, session).await?;
        let found = found.filter(|session| session.is_live() && session.user_id.0 == *user);
        let scopes = found.ok_or(ErrorCode::SessionEnded)?.scopes().without(Scope::Operator);
        execute!(&mut tx, SET, session.as_str(), scopes.to_string(), None::<&str>)?;
        tx.commit().await?;
        Ok(scopes)
    }

    /// An operator tells something to all who want to read that.
    pub async fn wallops(
        &self,
        id: &UserId,
        session: Option<&SessionId>,
        text: String,
        now: Timestamp,
    ) -> Result<UserEvent> {
        let mut tx = self.db.begin().await?;
        let mut user = users::lock(&mut tx, id).await?.ok_or(ErrorCode::NotAuthenticated)?;
        let told = events::append(&mut tx, &mut user, now, session, UserChange::Wallops { text }).await?;
        users::save(&mut tx, &user).await?;
        tx.commit().await?;
        Ok(told)
    }
}
