//! user-service: accounts, tokens, nicks, sessions, leases.

mod accounts;
mod certificates;
mod modes;
mod operators;
mod scram;
mod sessions;
mod tokens;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::{
    accounts::{
        Account, AccountExport, ChangePassword, Invite, MAX_PASSWORD_BYTES, MIN_PASSWORD_CHARS, PatchAccount,
        RegisterAccount,
    },
    certificates::{Certificate, Fingerprint, NewCertificate, NoFingerprint},
    modes::{PatchUserModes, UserModes},
    operators::{
        NetworkBan, NewNetworkBan, Operate, PasswordWasReset, ResetPassword, SessionScopes, Suspend, Wallops,
    },
    scram::{ScramBegin, ScramProof, ScramSignature, ScramTerms},
    sessions::{Credentials, EndSession, Lease, LeaseState, OpenSession, OpenedSession, RenewLease, Session},
    tokens::{
        ApiToken, MAX_REVOCATIONS, NewApiToken, Revocation, Revocations, RevokeToken, SessionToken, Token,
        TokenRequest, TokenUser, Tokens,
    },
};
use crate::{
    AccountName, Nick, Person, Timestamp, auth::USERNAME, event::UserEvent, id::UserId, text::LineText,
};

/// Bytes of what somebody calls their user, with the `~` that says that nobody has checked it: what other servers of IRC have.
pub const MAX_USERNAME_BYTES: usize = 20;
/// Bytes of a real name: it stands in lines of IRC beside masks and away texts.
pub const MAX_REALNAME_BYTES: usize = 128;

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
    /// `user` of `nick!user@host`.
    #[serde(default = "username")]
    pub username: String,
    /// `host` of `nick!user@host`: a cloak.
    pub host: String,
    /// What they call themselves beside their nick.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub realname: Option<String>,
    #[serde(default)]
    pub modes: UserModes,
    pub operator: bool,
    /// Since when they are online.
    pub since: Option<Timestamp>,
}

fn username() -> String {
    USERNAME.to_owned()
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PatchUser {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nick: Option<String>,
    /// A text: away. An empty one: back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub away: Option<LineText>,
    /// An empty text: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub realname: Option<LineText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modes: Option<PatchUserModes>,
}

/// A user after a change, with the events that the bus will carry (none when nothing changed).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct UserChanged {
    pub user: User,
    pub events: Vec<UserEvent>,
}

/// Who is asked about: by ids, by the nicks that they wear now, or both.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Lookup {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<UserId>,
    /// What is no nick is nobody's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nicks: Vec<String>,
}

/// A nick that somebody had lately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FormerNick {
    pub nick: Nick,
    pub account: Option<AccountName>,
    #[serde(default = "username")]
    pub username: String,
    pub host: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub realname: Option<String>,
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
