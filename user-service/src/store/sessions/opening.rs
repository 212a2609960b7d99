//! What a session is opened with, and what comes of it.

use std::{net::IpAddr, time::Duration};

use api::{
    Nick, Timestamp,
    auth::Scopes,
    id::{GatewayId, SessionId, TokenId, UserId},
    users::User,
};

/// One session to open, by somebody who has shown who they are.
#[derive(Debug, Clone)]
pub(crate) struct Opening {
    pub(crate) id: SessionId,
    pub(crate) gateway: GatewayId,
    pub(crate) address: IpAddr,
    pub(crate) host: String,
    pub(crate) identity: Identity,
    pub(crate) replaces: Option<SessionId>,
}

#[derive(Debug, Clone)]
pub(crate) enum Identity {
    /// Somebody new.
    Guest(Nick),
    Known(Known),
}

/// Somebody who has shown who they are.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) user: UserId,
    pub(crate) scopes: Scopes,
    pub(crate) proof: Proof,
    /// The session that the proof came from.
    pub(crate) takes: Option<SessionId>,
}

/// By what they have shown it. Looked at again in the transaction: it may have been revoked since.
#[derive(Debug, Clone)]
pub(crate) enum Proof {
    /// The password's hash that was verified.
    Password(String),
    ApiToken(TokenId),
    /// An access token issued then.
    AccessToken(Timestamp),
    /// The secret of the session that is taken over.
    SessionSecret,
}

/// A session that is open.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    pub(crate) session: SessionId,
    pub(crate) user: User,
    pub(crate) scopes: Scopes,
    pub(crate) opened_at: Timestamp,
    pub(crate) replaced: Option<SessionId>,
}

/// Limits and pauses of opening.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OpenTerms {
    pub(crate) sessions_of_user: u32,
    pub(crate) takeover: Duration,
}
