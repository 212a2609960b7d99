//! user-service: accounts, tokens, nicks, sessions, leases.

mod accounts;
mod operators;
mod sessions;
mod tokens;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::{
    accounts::{
        Account, AccountExport, ChangePassword, Invite, MAX_PASSWORD_BYTES, MIN_PASSWORD_CHARS, PatchAccount,
        RegisterAccount,
    },
    operators::{NetworkBan, NewNetworkBan, PasswordWasReset, ResetPassword, Suspend},
    sessions::{Credentials, EndSession, Lease, LeaseState, OpenSession, OpenedSession, RenewLease, Session},
    tokens::{
        ApiToken, MAX_REVOCATIONS, NewApiToken, Revocation, Revocations, RevokeToken, SessionToken, Token,
        TokenRequest, TokenUser, Tokens,
    },
};
use crate::{AccountName, Nick, Person, Timestamp, event::UserEvent, id::UserId, text::LineText};

/// Most users in one lookup.
pub const MAX_LOOKUP: usize = 1000;

/// A person as everybody may see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct User {
    #[serde(flatten)]
    pub person: Person,
    pub account: Option<AccountName>,
    /// Has a session, or a REST token that holds a nick.
    pub online: bool,
    pub away: Option<String>,
    /// `host` of `nick!user@host`: a cloak.
    pub host: String,
    pub operator: bool,
    /// Since when they are online.
    pub since: Option<Timestamp>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PatchUser {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nick: Option<String>,
    /// A text: away. An empty one: back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub away: Option<LineText>,
}

/// A user after a change, with the events that the bus will carry (none when nothing changed).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct UserChanged {
    pub user: User,
    pub events: Vec<UserEvent>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    pub ids: Vec<UserId>,
}

/// A nick that somebody had lately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FormerNick {
    pub nick: Nick,
    pub account: Option<AccountName>,
    pub host: String,
    pub until: Timestamp,
}

/// Events of one user after a version: `GET /v1/users/{id}/events?after=` (services only).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserEvents {
    pub epoch: String,
    pub events: Vec<UserEvent>,
    /// False when the owner no longer has them all.
    pub complete: bool,
    /// The user as they are now.
    pub user: User,
}
