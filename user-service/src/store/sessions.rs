//! Sessions: opening, ending, taking over.

mod end;
mod open;
mod opening;

use std::str::FromStr;

use api::{
    Timestamp,
    auth::Scopes,
    id::{GatewayId, SessionId, UserId},
    users::Session,
};
use kit::db::Tx;
use sqlx::FromRow;

pub(crate) use self::end::{Left, end_locked, live_of, remember_nick, settle};
pub use self::opening::{Identity, Known, OpenTerms, Opened, Opening, Proof};
use super::{Store, column::Checked, fetch_all, fetch_optional, read_all, read_optional};

/// A session as the database has it.
#[derive(Debug, Clone, FromRow)]
pub struct SessionRow {
    pub id: Checked<SessionId>,
    pub user_id: Checked<UserId>,
    pub gateway: Checked<GatewayId>,
    pub host: String,
    pub address: Option<String>,
    scopes: String,
    pub opened_at: i64,
    ended_at: Option<i64>,
    ended_how: Option<String>,
    pub api_token: Option<String>,
    /// The login or personal API token that it came of; none if a password or a guest's nick opened it.
    pub grant_id: Option<String>,
    /// The operator by whose password it operates.
    pub granted_by: Option<String>,
    /// Since when its account had been there without a session.
    pub missed_since: Option<i64>,
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Its client or its gateway wanted it.
    Closed,
    /// An operator, a suspension, a new password or an erasure.
    Forced,
    /// Its gateway's lease lapsed: with its secret it can be had back.
    Lapsed,
    /// Another session took its place.
    Replaced,
}

impl How {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Forced => "forced",
            Self::Lapsed => "lapsed",
            Self::Replaced => "replaced",
        }
    }
}

impl SessionRow {
    pub fn is_live(&self) -> bool {
        self.ended_at.is_none()
    }

    /// Whether its secret can still be used.
    pub fn can_be_taken(&self) -> bool {
        self.is_live() || self.ended_how.as_deref() == Some(How::Lapsed.as_str())
    }

    pub fn scopes(&self) -> Scopes {
        Scopes::from(self.scopes.clone())
    }

    pub fn address(&self) -> Option<std::net::IpAddr> {
        self.address.as_deref().and_then(|text| std::net::IpAddr::from_str(text).ok())
    }

    pub fn view(&self) -> Session {
        Session {
            id: self.id.0.clone(),
            gateway: self.gateway.0.clone(),
            host: self.host.clone(),
            opened_at: Timestamp(self.opened_at),
        }
    }
}

macro_rules! columns {
    () => {
        "sessions.id, sessions.user_id, sessions.gateway, sessions.host, sessions.address, sessions.scopes, \
         sessions.opened_at, sessions.ended_at, sessions.ended_how, sessions.api_token, sessions.grant_id, \
         sessions.granted_by, sessions.missed_since"
    };
}
pub(crate) use columns;

const BY_ID: &str = concat!("select ", columns!(), " from sessions where id = $1");
const PAGE_OF_USER: &str = concat!(
    "select ",
    columns!(),
    " from sessions where user_id = $1 and ended_at is null and id > $2 order by id limit $3"
);
const LIVE_PAGE: &str =
    concat!("select ", columns!(), " from sessions where ended_at is null and id > $1 order by id limit $2");
/// The last release noted personal API tokens only.
const OF_GRANT: &str = concat!(
    "select ",
    columns!(),
    " from sessions where user_id = $1 and (grant_id = $2 or api_token = $2) \
     and (ended_at is null or ended_at > $3) order by id"
);

/// The sessions that came of a grant and are open, or were after a moment.
pub(crate) async fn of_grant(
    tx: &mut Tx,
    user: &UserId,
    grant: &str,
    after: Timestamp,
) -> sqlx::Result<Vec<SessionRow>> {
    fetch_all!(tx, OF_GRANT, user.as_str(), grant, after.0)
}

pub(crate) async fn by_id(tx: &mut Tx, id: &SessionId) -> sqlx::Result<Option<SessionRow>> {
    fetch_optional!(tx, BY_ID, id.as_str())
}

impl Store {
    pub async fn session(&self, id: &SessionId) -> sqlx::Result<Option<SessionRow>> {
        read_optional!(self.db, BY_ID, id.as_str())
    }

    /// A user's open sessions, in the order of their ids.
    pub async fn sessions_of(&self, user: &UserId, after: &str, limit: i64) -> sqlx::Result<Vec<SessionRow>> {
        read_all!(self.db, PAGE_OF_USER, user.as_str(), after, limit)
    }

    /// All open sessions, in the order of their ids.
    pub async fn live_sessions(&self, after: &str, limit: i64) -> sqlx::Result<Vec<SessionRow>> {
        read_all!(self.db, LIVE_PAGE, after, limit)
    }
}
