//! Accounts: registering, what their owners set and take along.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ApiToken, Certificate, FormerNick, Session, User};
use crate::{AccountName, Person, Timestamp, id::AccountId, metadata::Metadatum, text::LineText};

/// Characters of a new password: at least these.
pub const MIN_PASSWORD_CHARS: usize = 8;
/// Bytes of a password: Argon2id's work must not grow with what a stranger sends.
pub const MAX_PASSWORD_BYTES: usize = 1024;

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
    /// It stays in its channels when its last connection ends, and is away.
    #[serde(default)]
    pub always_on: bool,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PatchAccount {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<LineText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub always_on: Option<bool>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    pub current: String,
    pub new: String,
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
    #[serde(default)]
    pub certificates: Vec<Certificate>,
    pub former_nicks: Vec<FormerNick>,
    #[serde(default)]
    pub metadata: Vec<Metadatum>,
    pub exported_at: Timestamp,
}
