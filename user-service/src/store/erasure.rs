//! Erasure: after it no row of this database, and no page of its files, holds the account's name.

use api::{
    AccountName, ErrorCode, Nick, Timestamp,
    auth::USERNAME,
    event::{UserChange, UserEvent},
    id::UserId,
};
use kit::{
    Failure, Result,
    db::{Backend, Tx},
};

use super::{
    Store, accounts, certificates, events, execute, fetch_all, names,
    tasks::{self, Task},
    users::{self, UserRow},
};

const ACCOUNT: &str = "delete from accounts where user_id = $1";
const API_TOKENS: &str = "delete from api_tokens where user_id = $1";
/// Others may have had the name before: it is the account's now.
const FORMER_NICKS: &str = "delete from former_nicks where user_id = $1 or nick_key = $2 or nick_key = $3";
const BANS: &str = "select id, target from network_bans where target like '~account:%'";
const DELETE_BAN: &str = "delete from network_bans where id = $1";
/// What somebody said of themselves.
const METADATA: &str = "delete from metadata where user_id = $1";
const SELVES: &str = "select guest_id from earlier_selves where user_id = $1";
const FORGET_SELVES: &str = "delete from earlier_selves where user_id = $1";

/// Told to those to whom the person was connected.
const REASON: &str = "the account was erased";

/// What an erased person is called: says nothing about them, and looks like nobody's name.
fn nobody(user: &UserId) -> Result<Nick> {
    Nick::try_from(format!("erased-{user}")).map_err(Failure::internal)
}

/// Takes the names of a locked user away, wherever they stand. The caller saves the user.
async fn unname(tx: &mut Tx, user: &mut UserRow, now: Timestamp) -> Result<()> {
    let nick_key = user.nick.key();
    let account_key = user.account().map_or_else(|| nick_key.clone(), |name| name.key());
    execute!(tx, FORMER_NICKS, user.id.as_str(), nick_key, &account_key)?;
    let bans: Vec<(String, String)> = fetch_all!(tx, BANS)?;
    for (id, target) in bans {
        let name = target.strip_prefix("~account:").and_then(|name| AccountName::try_from(name).ok());
        if name.is_some_and(|name| name.key() == account_key) {
            execute!(tx, DELETE_BAN, id)?;
        }
    }
    execute!(tx, METADATA, user.id.as_str())?;
    names::lose_all(tx, &user.id).await?;
    tasks::forget_holders(tx, &user.id).await?;
    user.nick.0 = nobody(&user.id)?;
    user.account = None;
    user.away = None;
    user.username = USERNAME.to_owned();
    user.realname = None;
    user.freed_at = Some(now.0);
    Ok(())
}

impl Store {
    /// Erases an account. The events that are told name nobody any more.
    pub async fn erase(&self, user: &UserId, now: Timestamp) -> Result<Vec<UserEvent>> {
        let mut tx = self.db.begin().await?;
        let user = users::lock(&mut tx, user).await?.filter(|user| !user.is_guest());
        let mut user = user.ok_or(ErrorCode::NoSuchAccount)?;
        unname(&mut tx, &mut user, now).await?;
        events::forget_all(&mut tx, &user.id).await?;
        execute!(&mut tx, ACCOUNT, user.id.as_str())?;
        execute!(&mut tx, API_TOKENS, user.id.as_str())?;
        certificates::forget_all(&mut tx, &user.id).await?;
        let mut told = accounts::put_out(&mut tx, &mut user, REASON, now).await?;
        // Only now: a guest would have been freed by the end of the sessions.
        user.account_id = None;
        user.operator = false;
        user.always_on = false;
        user.since = None;
        told.push(events::append(&mut tx, &mut user, now, None, UserChange::Erased).await?);
        // The ends of the sessions remembered the nick that nobody has.
        execute!(&mut tx, FORMER_NICKS, user.id.as_str(), "", "")?;
        users::save(&mut tx, &user).await?;
        tasks::add(&mut tx, &Task::Erase { user: user.id.0.clone(), again: true }, now).await?;

        let selves: Vec<(super::column::Checked<UserId>,)> = fetch_all!(&mut tx, SELVES, user.id.as_str())?;
        for (id,) in selves {
            told.extend(erase_guest(&mut tx, &id, now).await?);
        }
        execute!(&mut tx, FORGET_SELVES, user.id.as_str())?;
        tx.commit().await?;
        Ok(told)
    }

    /// Has SQLite put what is deleted out of its files too: deleted content is overwritten in the pages (`secure_delete`), the log
    /// with the old pages is cut off here. False if a reader is in the way. PostgreSQL's vacuum does as much in its time.
    pub async fn cut_log(&self) -> sqlx::Result<bool> {
        let Backend::Sqlite(pool) = self.db.write() else { return Ok(true) };
        let (busy, _, _): (i64, i64, i64) =
            sqlx::query_as("pragma wal_checkpoint(truncate)").fetch_one(pool).await?;
        Ok(busy == 0)
    }
}

/// A guest who logged in to the account: the same person.
async fn erase_guest(tx: &mut Tx, id: &UserId, now: Timestamp) -> Result<Vec<UserEvent>> {
    tasks::add(tx, &Task::Erase { user: id.clone(), again: true }, now).await?;
    let Some(mut guest) = users::lock(tx, id).await?.filter(UserRow::is_guest) else { return Ok(Vec::new()) };
    unname(tx, &mut guest, now).await?;
    events::forget_all(tx, id).await?;
    let mut told = accounts::put_out(tx, &mut guest, REASON, now).await?;
    guest.since = None;
    guest.held_until = None;
    told.push(events::append(tx, &mut guest, now, None, UserChange::Erased).await?);
    execute!(tx, FORMER_NICKS, id.as_str(), "", "")?;
    users::save(tx, &guest).await?;
    Ok(told)
}
