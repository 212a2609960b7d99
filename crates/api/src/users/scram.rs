//! Logins in which the password is not said: SCRAM-SHA-256 (RFC 5802, RFC 7677). What a client and a gateway say to each other stays
//! between them; user-service gives the terms and judges the proof.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who wants to log in (gateways only).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScramBegin {
    pub name: String,
}

/// What a client makes its keys with. Every name has some, whether there is such an account or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ScramTerms {
    /// Base64.
    pub salt: String,
    pub iterations: u32,
}

/// What shows that somebody knows an account's password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ScramProof {
    pub name: String,
    /// What was said on the way to it (RFC 5802 §3). The gateway has made a part of it up, and takes it once.
    pub auth_message: String,
    /// Base64.
    pub proof: String,
}

/// What shows a client that this server knows its keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ScramSignature {
    /// Base64.
    pub signature: String,
}
