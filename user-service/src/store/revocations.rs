//! What is refused though it has not expired: kept as long as an access token lives.

use std::time::Duration;

use api::{
    Timestamp,
    auth::ACCESS_TOKEN_SECONDS,
    event::{UserChange, UserEvent},
    id::{SessionId, UserId},
    users::{MAX_REVOCATIONS, Revocation, Revocations},
};
use kit::db::Tx;
use sqlx::FromRow;

use super::{
    Store,
    column::Checked,
    events, execute, fetch_all, fetch_optional, marks, read_all, read_optional,
    sessions::{self, SessionRow, end_locked},
    users::UserRow,
};

/// The longest-lived token, and some more for clocks that differ.
pub(crate) const KEPT: Duration = Duration::from_secs(ACCESS_TOKEN_SECONDS + 60);
const PAGE: i64 = MAX_REVOCATIONS as i64;

const INSERT: &str =
    "insert into revocations (cursor, user_id, not_before, grant_id) values ($1, $2, $3, $4)";
const FORGET_REFRESH_TOKENS: &str = "delete from refresh_tokens where user_id = $1";
const FORGET_FAMILY: &str = "delete from refresh_tokens where family = $1";
const DELETE_API_TOKENS: &str = "delete from api_tokens where user_id = $1 and grant_id = $2 returning id";
const ORIGIN: &str = "select coalesce(grant_id, id) from sessions where id = $1 and user_id = $2";
const IS_REVOKED: &str = "select 1 from revocations where grant_id = $1 limit 1";
const AFTER: &str = "select cursor, user_id, not_before, grant_id from revocations where cursor > $1 order by cursor limit $2";
const CURSOR: &str = "select value from marks where name = $1";

#[derive(FromRow)]
struct Row {
    cursor: i64,
    user_id: Checked<UserId>,
    not_before: i64,
    grant_id: Option<String>,
}

/// Refuses whatever was issued to a locked user until now. The caller saves the user.
pub(crate) async fn revoke_user(tx: &mut Tx, user: &mut UserRow, now: Timestamp) -> sqlx::Result<UserEvent> {
    let cursor = marks::raise(tx, marks::REVOCATIONS).await?;
    execute!(tx, INSERT, cursor, user.id.as_str(), now.0, None::<&str>)?;
    execute!(tx, FORGET_REFRESH_TOKENS, user.id.as_str())?;
    user.valid_from = now.0;
    events::append(tx, user, now, None, UserChange::Revoked { before: now.0 }).await
}

/// Refuses access tokens: those of a grant, or one of a whole `jti`.
pub(super) async fn refuse(tx: &mut Tx, user: &UserId, what: &str, now: Timestamp) -> sqlx::Result<()> {
    let cursor = marks::raise(tx, marks::REVOCATIONS).await?;
    execute!(tx, INSERT, cursor, user.as_str(), now.0, Some(what)).map(drop)
}

/// What a revocation ended: for its caller to tell, once it is committed.
#[derive(Debug, Default)]
pub struct Ended {
    pub told: Vec<UserEvent>,
    /// The grants that are refused from now on.
    pub grants: Vec<String>,
}

/// Ends a login or a personal API token of a locked user, whom the caller saves, with all that came of it: access and refresh tokens,
/// sessions that it opened, API tokens that it made, and all that came of those.
pub(crate) async fn end_grant(
    tx: &mut Tx,
    user: &mut UserRow,
    grant: String,
    now: Timestamp,
) -> sqlx::Result<Ended> {
    let mut ended = Ended::default();
    let mut waiting = vec![grant];
    while let Some(grant) = waiting.pop() {
        if ended.grants.contains(&grant) {
            continue;
        }
        execute!(tx, FORGET_FAMILY, &grant)?;
        // Those too that have ended, as long as access tokens of theirs can be alive. What they made came of the same grant.
        let mut sessions = sessions::of_grant(tx, &user.id, &grant, now.minus(KEPT)).await?;
        let of_sessions = sessions.iter().map(|session| session.id.to_string());
        for grant in of_sessions.chain([grant.clone()]) {
            refuse(tx, &user.id, &grant, now).await?;
            ended.grants.push(grant);
        }
        sessions.retain(SessionRow::is_live);
        let reason = |_: &SessionId| "the token was revoked".to_owned();
        ended.told.extend(
            end_locked(tx, user, &sessions, sessions::How::Forced, &reason, now, Duration::ZERO).await?,
        );
        let made: Vec<(String,)> = fetch_all!(tx, DELETE_API_TOKENS, user.id.as_str(), &grant)?;
        waiting.extend(made.into_iter().map(|(id,)| id));
    }
    Ok(ended)
}

/// The grant that whatever is made with a grant came of: a session's tokens came of what had opened it.
pub(crate) async fn origin_of(tx: &mut Tx, user: &UserId, grant: String) -> sqlx::Result<String> {
    let session: Option<(String,)> = fetch_optional!(tx, ORIGIN, &grant, user.as_str())?;
    Ok(session.map_or(grant, |(origin,)| origin))
}

/// Whether it was revoked lately, while one of its access tokens could be alive.
pub(crate) async fn is_revoked(tx: &mut Tx, grant: &str) -> sqlx::Result<bool> {
    let found: Option<(i32,)> = fetch_optional!(tx, IS_REVOKED, grant)?;
    Ok(found.is_some())
}

impl Store {
    /// What was revoked after a cursor; from 0 on, all that is kept.
    pub async fn revocations(&self, after: u64) -> sqlx::Result<Revocations> {
        // Read first: what is committed between the two reads is asked for again next time, never missed.
        let (newest,): (i64,) =
            read_optional!(self.db, CURSOR, marks::REVOCATIONS)?.ok_or(sqlx::Error::RowNotFound)?;
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let rows: Vec<Row> = read_all!(self.db, AFTER, after, PAGE)?;
        let more = i64::try_from(rows.len()).is_ok_and(|rows| rows == PAGE);
        let last = rows.last().filter(|_| more).map(|row| row.cursor);
        let (renamed, last_renamed) = self.renamed(after).await?;
        // Where the shorter of the two ends: what comes twice is known already.
        let cursor = [last, last_renamed].into_iter().flatten().min().unwrap_or(newest);
        let items = rows.into_iter().map(|row| Revocation {
            cursor: row.cursor.cast_unsigned(),
            user: row.user_id.0,
            before: row.not_before,
            grant: row.grant_id,
        });
        Ok(Revocations { items: items.collect(), renamed, cursor: cursor.cast_unsigned() })
    }
}
