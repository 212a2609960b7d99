//! What is refused though it has not expired: kept as long as an access token lives.

use std::time::Duration;

use api::{
    Timestamp,
    auth::ACCESS_TOKEN_SECONDS,
    event::{UserChange, UserEvent},
    id::UserId,
    users::{MAX_REVOCATIONS, Revocation, Revocations},
};
use kit::db::Tx;
use sqlx::FromRow;

use super::{Store, column::Checked, events, execute, marks, read_all, read_optional, users::UserRow};

/// The longest-lived token, and some more for clocks that differ.
pub(crate) const KEPT: Duration = Duration::from_secs(ACCESS_TOKEN_SECONDS + 60);
const PAGE: i64 = MAX_REVOCATIONS as i64;

const INSERT: &str =
    "insert into revocations (cursor, user_id, not_before, grant_id) values ($1, $2, $3, $4)";
const FORGET_REFRESH_TOKENS: &str = "delete from refresh_tokens where user_id = $1";
const FORGET_FAMILY: &str = "delete from refresh_tokens where family = $1";
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

/// Refuses what came of one grant: a login, a personal API token, a session's tokens.
pub(crate) async fn revoke_grant(
    tx: &mut Tx,
    user: &UserId,
    grant: &str,
    now: Timestamp,
) -> sqlx::Result<()> {
    let cursor = marks::raise(tx, marks::REVOCATIONS).await?;
    execute!(tx, INSERT, cursor, user.as_str(), now.0, Some(grant))?;
    execute!(tx, FORGET_FAMILY, grant)?;
    Ok(())
}

impl Store {
    /// What was revoked after a cursor; from 0 on, all that is kept.
    pub(crate) async fn revocations(&self, after: u64) -> sqlx::Result<Revocations> {
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
