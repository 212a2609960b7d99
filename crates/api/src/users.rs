//! user-service: accounts, tokens, nicks, sessions, leases.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    AccountName, Nick, Person, Timestamp,
    auth::{Scopes, asked_scopes},
    event::UserEvent,
    id::{AccountId, GatewayId, NetworkBanId, SessionId, TokenId, UserId},
    text::LineText,
};

/// Most users in one lookup.
pub const MAX_LOOKUP: usize = 1000;
/// Characters of a new password: at least these.
pub const MIN_PASSWORD_CHARS: usize = 8;
/// Bytes of a password: Argon2id's work must not grow with what a stranger sends.
pub const MAX_PASSWORD_BYTES: usize = 512;

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

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterAccount {
    #[schema(value_type = String)]
    pub name: String,
    pub password: String,
    /// Needed when registration is by invitation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite: Option<String>,
}

/// An account as its owner and operators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Account {
    pub id: AccountId,
    pub name: AccountName,
    pub user: Person,
    pub created_at: Timestamp,
    pub operator: bool,
    pub suspended: bool,
    /// Free to set by its owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PatchAccount {
    pub display_name: Option<LineText>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    pub current: String,
    pub new: String,
}

/// `POST /v1/tokens`, as JSON or form.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "grant_type", rename_all = "snake_case")]
pub enum TokenRequest {
    Password {
        name: String,
        password: String,
        /// Fewer scopes than all.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "asked_scope")]
        scope: Option<Scopes>,
    },
    Guest {
        nick: String,
    },
    RefreshToken {
        refresh_token: String,
    },
    ApiToken {
        api_token: String,
    },
}

fn asked_scope<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Scopes>, D::Error> {
    asked_scopes(deserializer).map(Some)
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Tokens {
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: String,
    /// Seconds.
    pub expires_in: u64,
    /// None for an API token: it is exchanged again instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    pub scope: Scopes,
    pub user: TokenUser,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenUser {
    pub id: UserId,
    pub nick: Nick,
    pub account: Option<AccountName>,
}

/// Either kind of token may be given; unknown ones are no error (RFC 7009).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RevokeToken {
    pub token: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiToken {
    pub label: LineText,
    #[serde(default = "Scopes::ordinary", deserialize_with = "asked_scopes")]
    pub scopes: Scopes,
}

/// A personal API token; `secret` only in the answer to its making.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ApiToken {
    pub id: TokenId,
    pub label: String,
    pub scopes: Scopes,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
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

/// Who a connection says it is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Credentials {
    Guest {
        nick: String,
    },
    Password {
        name: String,
        password: String,
    },
    /// An access token or a personal API token. One that came from a session takes that session over.
    Token {
        token: String,
    },
}

/// One session to open (gateways only). Asking again with the same id gives the same session.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct OpenSession {
    pub id: SessionId,
    pub gateway: GatewayId,
    /// The client's address: cloaked before anyone else sees it.
    #[schema(value_type = String)]
    pub address: IpAddr,
    pub credentials: Credentials,
    /// A session of this gateway that ends in the same transaction (a guest who logs in and keeps the nick).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<SessionId>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct OpenedSession {
    pub session: SessionId,
    /// Lets its holder take the session over on another gateway.
    pub secret: String,
    pub user: User,
    pub scopes: Scopes,
    pub opened_at: Timestamp,
    /// The session that was taken over, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<SessionId>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EndSession {
    pub session: SessionId,
    pub reason: String,
}

/// One of the caller's sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    pub id: SessionId,
    pub gateway: GatewayId,
    pub host: String,
    pub opened_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LeaseState {
    Active,
    /// The gateway is going; for 30 s its sessions can be taken over elsewhere.
    Draining,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RenewLease {
    pub state: LeaseState,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Lease {
    pub gateway: GatewayId,
    pub state: LeaseState,
    /// Milliseconds until it lapses if not renewed.
    pub lapses_in_ms: u64,
    /// It had lapsed and its sessions have ended: the gateway reopens or closes them.
    pub was_lapsed: bool,
}

/// Gateways make a token for a session (`/token`).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SessionToken {
    /// With a label: a personal API token; without: an access token.
    pub label: Option<LineText>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Token {
    pub token: String,
    /// Seconds; none for a personal API token.
    pub expires_in: Option<u64>,
}

/// A nick that somebody had lately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FormerNick {
    pub nick: Nick,
    pub account: Option<AccountName>,
    pub host: String,
    pub until: Timestamp,
}

/// Tokens of `user` issued before `before` (microseconds) are refused; all of them, or those of one grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Revocation {
    pub cursor: u64,
    pub user: UserId,
    pub before: i64,
    /// A login or personal API token: only what came of it, told by the part of a token's `jti` before the dot. Or a whole `jti`: only
    /// that token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
}

/// Revocations, and people renamed, in one answer; as many of either tell that there may be more.
pub const MAX_REVOCATIONS: usize = 1000;

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Revocations {
    pub items: Vec<Revocation>,
    /// Who has another nick by now than tokens issued earlier say.
    #[serde(default)]
    pub renamed: Vec<Person>,
    /// To ask from next time.
    pub cursor: u64,
}

/// Who may not come in at all; operators only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NetworkBan {
    pub id: NetworkBanId,
    /// An address or range (`192.0.2.0/24`), a mask (`nick!user@host`), or `~account:name`.
    pub target: String,
    pub reason: String,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNetworkBan {
    pub target: String,
    pub reason: LineText,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// Suspends an account; operators only. The body may be left out.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Suspend {
    /// Told to those whose sessions end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<LineText>,
}

/// Sets another's password; operators only. Without `password` one is made and shown once.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ResetPassword {
    pub password: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PasswordWasReset {
    /// Only when it was made here.
    pub password: Option<String>,
}

/// An invitation to register (when `registration = invite`).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Invite {
    pub code: String,
    pub expires_at: Timestamp,
}

/// Everything that user-service has about an account, but its secrets: `GET /v1/accounts/me/export`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AccountExport {
    pub account: Account,
    pub user: User,
    pub sessions: Vec<Session>,
    pub api_tokens: Vec<ApiToken>,
    pub former_nicks: Vec<FormerNick>,
    pub exported_at: Timestamp,
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
