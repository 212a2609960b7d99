//! Accounts: who can log in, and as whom.

use std::time::Duration;

use api::{
    AccountName, ErrorCode, Timestamp,
    event::{UserChange, UserEvent},
    id::{AccountId, SessionId, UserId},
    metadata::Metadatum,
    users::{Account, ApiToken, Certificate, FormerNick, Session},
};
use kit::{Failure, Result, db::Tx};
use sqlx::FromRow;

use super::{
    Store,
    column::Checked,
    execute, fetch_optional, invites, names, operating, read_all, read_optional, revocations,
    sessions::{How, end_locked, live_of},
    staying,
    users::{self, UserRow},
};

macro_rules! columns {
    () => {
        concat!(
            super::users::columns!(),
            ", accounts.password, accounts.display_name, accounts.created_at as registered_at, \
             case when accounts.scram_of = accounts.password then accounts.scram end as scram"
        )
    };
}

/// An account with its user.
#[derive(Debug, Clone, FromRow)]
pub struct AccountRow {
    #[sqlx(flatten)]
    pub user: UserRow,
    pub password: String,
    pub display_name: Option<String>,
    pub registered_at: i64,
    /// What verifies the same password without seeing it.
    pub scram: Option<String>,
}

/// What is kept of a password.
#[derive(Debug, Clone)]
pub struct Kept {
    pub hash: String,
    /// None for one that SCRAM cannot say.
    pub scram: Option<String>,
}

impl AccountRow {
    /// As its owner and operators see it.
    pub fn view(&self) -> Option<Account> {
        Some(Account {
            id: self.user.account_id.as_ref()?.0.clone(),
            name: self.user.account()?.clone(),
            user: self.user.person(),
            created_at: Timestamp(self.registered_at),
            operator: self.user.operator,
            suspended: self.user.suspended,
            display_name: self.display_name.clone(),
            always_on: self.user.always_on,
        })
    }
}

const BY_SKELETON: &str = concat!(
    "select ",
    columns!(),
    " from names join users on users.id = names.user_id join accounts on accounts.user_id = users.id \
     where names.skeleton = $1 and names.account"
);
const BY_USER: &str = concat!(
    "select ",
    columns!(),
    " from users join accounts on accounts.user_id = users.id where users.id = $1"
);
const TAKEN: &str = "select 1 from names where skeleton = $1 and user_id <> $2";
const INSERT: &str = "insert into accounts (id, user_id, password, display_name, created_at, scram, scram_of) \
    values ($1, $2, $3, null, $4, $5, $3)";
const PASSWORD: &str = "select password from accounts where user_id = $1";
const SET_PASSWORD: &str = "update accounts set password = $2, scram = $3, scram_of = $2 where user_id = $1";
const SET_SCRAM: &str = "update accounts set scram = $3, scram_of = $2 where user_id = $1 and password = $2";
const SET_DISPLAY_NAME: &str = "update accounts set display_name = $2 where user_id = $1";
const FORMER: &str = "select nick, username, host, realname, until from former_nicks where user_id = $1 order by until desc limit 1000";

type Former = (Checked<api::Nick>, String, String, Option<String>, i64);

/// Whether the password's hash is still the one that was verified.
pub(crate) async fn password_is(tx: &mut Tx, user: &UserId, hash: &str) -> sqlx::Result<bool> {
    let found: Option<(String,)> = fetch_optional!(tx, PASSWORD, user.as_str())?;
    Ok(found.is_some_and(|(now,)| now == hash))
}

pub(crate) async fn set_password(tx: &mut Tx, user: &UserId, new: &Kept) -> sqlx::Result<()> {
    execute!(tx, SET_PASSWORD, user.as_str(), &new.hash, &new.scram).map(drop)
}

/// Ends all sessions of a locked user, with those that operate by their password, and refuses all their tokens. The caller saves the
/// user.
pub(crate) async fn put_out(
    tx: &mut Tx,
    user: &mut UserRow,
    reason: &str,
    now: Timestamp,
) -> sqlx::Result<Vec<UserEvent>> {
    let sessions = live_of(tx, &user.id).await?;
    let granted = operating::end_granted(tx, &user.id, reason, now).await?;
    let why = |_: &SessionId| reason.to_owned();
    let mut told = end_locked(tx, user, &sessions, How::Forced, &why, now, Duration::ZERO).await?;
    if user.left_at.is_some() {
        told.extend(staying::let_go(tx, user, reason, now).await?);
    }
    told.push(revocations::revoke_user(tx, user, now).await?);
    told.extend(granted);
    Ok(told)
}

/// A registration that has passed all checks but the name's.
pub struct Registering<'a> {
    pub name: &'a AccountName,
    pub password: Kept,
    /// The hash of an invitation that is used up by it.
    pub invite: Option<String>,
    /// A guest who registers: if they wear the name, they become the account's user.
    pub guest: Option<&'a UserId>,
    pub host: String,
    pub always_on: bool,
}

impl Store {
    pub async fn account(&self, name: &AccountName) -> sqlx::Result<Option<AccountRow>> {
        let found: Option<AccountRow> = read_optional!(self.db, BY_SKELETON, name.skeleton())?;
        Ok(found.filter(|account| account.user.account() == Some(name)))
    }

    pub async fn account_of(&self, user: &UserId) -> sqlx::Result<Option<AccountRow>> {
        read_optional!(self.db, BY_USER, user.as_str())
    }

    /// Whether somebody other than `guest` holds the name: worth knowing before a password is hashed for nothing.
    pub async fn name_is_taken(&self, name: &AccountName, guest: Option<&UserId>) -> sqlx::Result<bool> {
        let guest = guest.map_or("", UserId::as_str);
        let taken: Option<(i32,)> = read_optional!(self.db, TAKEN, name.skeleton(), guest)?;
        Ok(taken.is_some())
    }

    pub async fn register(&self, new: Registering<'_>, now: Timestamp) -> Result<AccountRow> {
        let mut tx = self.db.begin().await?;
        if let Some(invite) = &new.invite
            && !invites::use_up(&mut tx, invite, now).await?
        {
            return Err(
                Failure::new(ErrorCode::RegistrationClosed).detail("that invitation is not valid (any more)")
            );
        }
        let id = AccountId::random(&mut rand::rng());
        let guest = match new.guest {
            Some(guest) => users::lock(&mut tx, guest).await?,
            None => None,
        };
        let wears_it =
            |user: &UserRow| user.is_guest() && user.freed_at.is_none() && user.nick.key() == new.name.key();
        let (mut user, known) = match guest.filter(wears_it) {
            Some(guest) => (guest, true),
            None => {
                let mut user =
                    UserRow::guest(UserId::random(&mut rand::rng()), new.name.clone().into(), new.host, now);
                user.since = None;
                (user, false)
            }
        };
        user.account_id = Some(id.clone().into());
        user.account = Some(new.name.clone().into());
        user.held_until = None;
        user.always_on = new.always_on;
        if !names::own(&mut tx, &new.name.skeleton(), &user.id).await? {
            return Err(ErrorCode::AccountExists.into());
        }
        if known {
            // A token alone is no presence of an account.
            if live_of(&mut tx, &user.id).await?.is_empty() {
                user.since = None;
            }
            users::save(&mut tx, &user).await?;
        } else {
            users::insert(&mut tx, &user).await?;
        }
        let Kept { hash: password, scram } = new.password;
        execute!(&mut tx, INSERT, id.as_str(), user.id.as_str(), &password, now.0, &scram)?;
        tx.commit().await?;
        Ok(AccountRow { user, password, display_name: None, registered_at: now.0, scram })
    }

    /// Keeps what verifies the password of that hash, if it is still the account's.
    pub async fn set_scram(&self, user: &UserId, hash: &str, scram: &str) -> sqlx::Result<()> {
        super::write_one!(self.db, SET_SCRAM, user.as_str(), hash, scram).map(drop)
    }

    pub async fn set_display_name(&self, user: &UserId, name: Option<&str>) -> sqlx::Result<()> {
        super::write_one!(self.db, SET_DISPLAY_NAME, user.as_str(), name).map(drop)
    }

    /// Replaces a password whose hash is still `old`. Everything that was let in with the old one goes.
    pub async fn change_password(
        &self,
        user: &UserId,
        old: &str,
        new: &Kept,
        now: Timestamp,
    ) -> Result<Vec<UserEvent>> {
        let mut tx = self.db.begin().await?;
        let mut user = users::lock(&mut tx, user).await?.ok_or(ErrorCode::BadCredentials)?;
        if !password_is(&mut tx, &user.id, old).await? {
            return Err(ErrorCode::BadCredentials.into());
        }
        set_password(&mut tx, &user.id, new).await?;
        let told = put_out(&mut tx, &mut user, "the password was changed", now).await?;
        users::save(&mut tx, &user).await?;
        tx.commit().await?;
        Ok(told)
    }

    /// Keeps an account out for a reason, or lets it in again; no events if it is so already.
    pub async fn suspend(
        &self,
        user: &UserId,
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<Vec<UserEvent>> {
        let mut tx = self.db.begin().await?;
        let mut user = users::lock(&mut tx, user).await?.ok_or(ErrorCode::NoSuchAccount)?;
        if user.suspended == reason.is_some() {
            return Ok(Vec::new());
        }
        user.suspended = reason.is_some();
        let change = if user.suspended { UserChange::Suspended } else { UserChange::Unsuspended };
        let mut told = vec![super::events::append(&mut tx, &mut user, now, None, change).await?];
        if let Some(reason) = reason {
            told.extend(put_out(&mut tx, &mut user, reason, now).await?);
        }
        users::save(&mut tx, &user).await?;
        tx.commit().await?;
        Ok(told)
    }

    /// Everything that this service has about an account, but its secrets.
    pub async fn export(&self, user: &UserId) -> sqlx::Result<Option<Exported>> {
        let Some(account) = self.account_of(user).await? else { return Ok(None) };
        let sessions = self.sessions_of(user, "", 1000).await?;
        let api_tokens = self.api_tokens(user, "", 1000).await?;
        let certificates = self.certificates(user, "", 1000).await?;
        let former: Vec<Former> = read_all!(self.db, FORMER, user.as_str())?;
        let former_nicks = former.into_iter().map(|(nick, username, host, realname, until)| FormerNick {
            nick: nick.0,
            account: account.user.account().cloned(),
            username,
            host,
            realname,
            until: Timestamp(until),
        });
        Ok(Some(Exported {
            sessions: sessions.iter().map(super::sessions::SessionRow::view).collect(),
            former_nicks: former_nicks.collect(),
            metadata: self.metadata(user).await?,
            api_tokens,
            certificates,
            account,
        }))
    }
}

/// What an export is made of.
pub struct Exported {
    pub account: AccountRow,
    pub sessions: Vec<Session>,
    pub api_tokens: Vec<ApiToken>,
    pub certificates: Vec<Certificate>,
    pub former_nicks: Vec<FormerNick>,
    pub metadata: Vec<Metadatum>,
}
