//! People: the rows of `users`.

use std::collections::BTreeMap;

use api::{
    AccountName, ErrorCode, HeadsReply, Nick, Person, Timestamp,
    auth::USERNAME,
    id::{AccountId, UserId},
    users::{User, UserModes},
};
use kit::{
    Failure,
    db::{Backend, Tx},
};
use sqlx::FromRow;

use super::{Store, column::Checked, execute, fetch_optional, read_optional};

macro_rules! columns {
    () => {
        "users.id, users.nick, users.version, users.away, users.host, users.since, users.held_until, users.freed_at, \
         users.created_at, users.account_id, users.account, users.operator, users.suspended, users.valid_from, users.username, \
         users.realname, users.modes, users.always_on, users.left_at"
    };
}
pub(crate) use columns;

/// A person as the database has them.
#[derive(Debug, Clone, FromRow)]
pub struct UserRow {
    pub id: Checked<UserId>,
    pub nick: Checked<Nick>,
    pub version: i64,
    pub away: Option<String>,
    pub host: String,
    pub since: Option<i64>,
    pub held_until: Option<i64>,
    pub freed_at: Option<i64>,
    pub created_at: i64,
    pub account_id: Option<Checked<AccountId>>,
    pub account: Option<Checked<AccountName>>,
    pub operator: bool,
    pub suspended: bool,
    /// Tokens issued earlier are refused.
    pub valid_from: i64,
    pub username: String,
    pub realname: Option<String>,
    /// Their letters.
    modes: String,
    /// An account that stays when its last session ends.
    pub always_on: bool,
    /// Since when it is there without a session.
    pub left_at: Option<i64>,
}

impl UserRow {
    /// Somebody new without an account.
    pub fn guest(id: UserId, nick: Nick, host: String, now: Timestamp) -> Self {
        Self {
            id: id.into(),
            nick: nick.into(),
            version: 1,
            away: None,
            host,
            since: Some(now.0),
            held_until: None,
            freed_at: None,
            created_at: now.0,
            account_id: None,
            account: None,
            operator: false,
            suspended: false,
            valid_from: 0,
            username: USERNAME.to_owned(),
            realname: None,
            modes: String::new(),
            always_on: false,
            left_at: None,
        }
    }

    pub fn person(&self) -> Person {
        Person {
            id: self.id.0.clone(),
            nick: self.nick.0.clone(),
            user_version: self.version.cast_unsigned(),
        }
    }

    pub fn account(&self) -> Option<&AccountName> {
        self.account.as_deref()
    }

    pub fn modes(&self) -> UserModes {
        UserModes::of(&self.modes)
    }

    pub fn set_modes(&mut self, modes: UserModes) {
        self.modes = modes.letters();
    }

    pub fn is_guest(&self) -> bool {
        self.account_id.is_none()
    }

    /// As everybody may see them.
    pub fn view(&self) -> User {
        User {
            person: self.person(),
            account: self.account().cloned(),
            online: self.since.is_some(),
            away: self.away.clone(),
            username: self.username.clone(),
            host: self.host.clone(),
            realname: self.realname.clone(),
            modes: self.modes(),
            operator: self.operator,
            since: self.since.map(Timestamp),
        }
    }
}

/// Reads the row and keeps others from changing it until the end of the transaction, in either engine.
const LOCK: &str = concat!("update users set version = version where id = $1 returning ", columns!());

/// Everything about a person that can change.
const SAVE: &str = "update users set nick = $2, version = $3, away = $4, host = $5, since = $6, held_until = $7, freed_at = $8, \
    account_id = $9, account = $10, operator = $11, suspended = $12, valid_from = $13, username = $14, realname = $15, modes = $16, \
    always_on = $17, left_at = $18 where id = $1";

const INSERT: &str = "insert into users (id, nick, version, away, host, since, held_until, freed_at, account_id, account, operator, \
    suspended, valid_from, username, realname, modes, always_on, left_at, created_at) \
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)";

const BY_ID: &str = concat!("select ", columns!(), " from users where id = $1");

/// Names that look alike have one row: whether it is the very name is for the caller to see.
const BY_SKELETON: &str = concat!(
    "select ",
    columns!(),
    " from users join names on names.user_id = users.id where names.skeleton = $1"
);

const BY_SKELETONS_SQLITE: &str = concat!(
    "select ",
    columns!(),
    " from users join names on names.user_id = users.id where names.skeleton in (select value from json_each($1))"
);
const BY_SKELETONS_POSTGRES: &str = concat!(
    "select ",
    columns!(),
    " from users join names on names.user_id = users.id where names.skeleton = any($1)"
);

// SQLite has no arrays, PostgreSQL no json_each.
const MANY_SQLITE: &str =
    concat!("select ", columns!(), " from users where id in (select value from json_each($1)) order by id");
const MANY_POSTGRES: &str = concat!("select ", columns!(), " from users where id = any($1) order by id");
const VERSIONS_SQLITE: &str = "select id, version from users where id in (select value from json_each($1))";
const VERSIONS_POSTGRES: &str = "select id, version from users where id = any($1)";

pub(crate) async fn lock(tx: &mut Tx, id: &UserId) -> sqlx::Result<Option<UserRow>> {
    fetch_optional!(tx, LOCK, id.as_str())
}

/// As [`lock`], of somebody who is still there to change something.
pub(crate) async fn lock_present(tx: &mut Tx, id: &UserId) -> kit::Result<UserRow> {
    let user = lock(tx, id).await?.filter(|user| user.freed_at.is_none());
    user.ok_or_else(|| Failure::new(ErrorCode::NotAuthenticated).detail("that nick is given up"))
}

pub(crate) async fn save(tx: &mut Tx, user: &UserRow) -> sqlx::Result<()> {
    execute!(
        tx,
        SAVE,
        user.id.as_str(),
        user.nick.as_str(),
        user.version,
        user.away.as_deref(),
        &user.host,
        user.since,
        user.held_until,
        user.freed_at,
        user.account_id.as_ref().map(|id| id.as_str()),
        user.account.as_ref().map(|name| name.as_str()),
        user.operator,
        user.suspended,
        user.valid_from,
        &user.username,
        user.realname.as_deref(),
        &user.modes,
        user.always_on,
        user.left_at,
    )?;
    Ok(())
}

pub(crate) async fn insert(tx: &mut Tx, user: &UserRow) -> sqlx::Result<()> {
    execute!(
        tx,
        INSERT,
        user.id.as_str(),
        user.nick.as_str(),
        user.version,
        user.away.as_deref(),
        &user.host,
        user.since,
        user.held_until,
        user.freed_at,
        user.account_id.as_ref().map(|id| id.as_str()),
        user.account.as_ref().map(|name| name.as_str()),
        user.operator,
        user.suspended,
        user.valid_from,
        &user.username,
        user.realname.as_deref(),
        &user.modes,
        user.always_on,
        user.left_at,
        user.created_at,
    )?;
    Ok(())
}

/// A list of ids as SQLite takes it.
pub(crate) fn json_list<'a>(ids: impl IntoIterator<Item = &'a str>) -> String {
    let ids: Vec<&str> = ids.into_iter().collect();
    serde_json::to_string(&ids).expect("a list of texts is JSON")
}

impl Store {
    pub async fn user(&self, id: &UserId) -> sqlx::Result<Option<UserRow>> {
        read_optional!(self.db, BY_ID, id.as_str())
    }

    /// Whoever wears this very nick.
    pub async fn by_nick(&self, nick: &Nick) -> sqlx::Result<Option<UserRow>> {
        let holder: Option<UserRow> = read_optional!(self.db, BY_SKELETON, nick.skeleton())?;
        Ok(holder.filter(|user| user.nick.0 == *nick))
    }

    /// Those who wear one of these very nicks.
    pub async fn wearers(&self, nicks: &[Nick]) -> sqlx::Result<Vec<UserRow>> {
        let skeletons: Vec<String> = nicks.iter().map(Nick::skeleton).collect();
        let mut found: Vec<UserRow> = match self.db.read() {
            Backend::Sqlite(pool) => {
                let skeletons = json_list(skeletons.iter().map(String::as_str));
                sqlx::query_as(BY_SKELETONS_SQLITE).bind(skeletons).fetch_all(pool).await?
            }
            Backend::Postgres(pool) => {
                sqlx::query_as(BY_SKELETONS_POSTGRES).bind(skeletons).fetch_all(pool).await?
            }
        };
        found.retain(|user| nicks.contains(&user.nick));
        Ok(found)
    }

    pub async fn many(&self, ids: &[UserId]) -> sqlx::Result<Vec<UserRow>> {
        let ids = ids.iter().map(UserId::as_str);
        match self.db.read() {
            Backend::Sqlite(pool) => sqlx::query_as(MANY_SQLITE).bind(json_list(ids)).fetch_all(pool).await,
            Backend::Postgres(pool) => {
                sqlx::query_as(MANY_POSTGRES).bind(ids.collect::<Vec<_>>()).fetch_all(pool).await
            }
        }
    }

    /// Which of these people have changed since the version that the asker holds.
    pub async fn heads(&self, held: &BTreeMap<String, u64>) -> sqlx::Result<HeadsReply> {
        let ids = held.keys().map(String::as_str);
        let found: Vec<(String, i64)> = match self.db.read() {
            Backend::Sqlite(pool) => {
                sqlx::query_as(VERSIONS_SQLITE).bind(json_list(ids)).fetch_all(pool).await?
            }
            Backend::Postgres(pool) => {
                sqlx::query_as(VERSIONS_POSTGRES).bind(ids.collect::<Vec<_>>()).fetch_all(pool).await?
            }
        };
        let versions: BTreeMap<String, u64> =
            found.into_iter().map(|(id, version)| (id, version.cast_unsigned())).collect();
        let gone = held.keys().filter(|id| !versions.contains_key(*id)).cloned().collect();
        let behind =
            versions.into_iter().filter(|(id, version)| held.get(id).is_some_and(|held| held < version));
        Ok(HeadsReply { epoch: self.epoch.clone(), behind: behind.collect(), gone })
    }
}
