//! Tokens, and what is refused though it has not expired.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    AccountName, Nick, Person, Timestamp,
    auth::{Scopes, asked_scopes},
    id::{TokenId, UserId},
    text::LineText,
};

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
