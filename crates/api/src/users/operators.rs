//! What operators do: keep out, and let in again.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Timestamp, auth::Scopes, id::NetworkBanId, text::LineText};

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

/// Lets a session operate the network, by the name and password of an operator's account.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Operate {
    pub name: String,
    pub password: String,
}

/// What a session may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionScopes {
    pub scopes: Scopes,
}

/// What an operator tells all who want to read that.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wallops {
    pub text: LineText,
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
