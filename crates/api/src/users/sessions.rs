//! Sessions on gateways, and gateways' leases.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Fingerprint, ScramProof, User};
use crate::{
    Timestamp,
    auth::Scopes,
    id::{GatewayId, SessionId},
};

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
    /// Shown to be known by SCRAM-SHA-256, without being said.
    Scram(ScramProof),
    /// A TLS client certificate that the connection has shown to have the key of.
    Certificate {
        fingerprint: Fingerprint,
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
    /// `user` of `nick!user@host`, where the client was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub realname: Option<String>,
    /// What an account's user is to be called if this is their only session; taken or not allowed, they keep the nick that they have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nick: Option<String>,
    /// What SASL calls the authorization identity. If it is there, the session is to be an account's; if it says something, of that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authzid: Option<String>,
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
    /// The account stays in its channels: the session is shown those that it is in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub always_on: bool,
    /// It was there without a connection since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed_since: Option<Timestamp>,
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
