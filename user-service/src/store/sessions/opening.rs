//! What a session is opened with, and what comes of it.

use std::{net::IpAddr, time::Duration};

use api::{
    Nick, Timestamp,
    auth::Scopes,
    id::{GatewayId, SessionId, TokenId, UserId},
    users::{Fingerprint, User},
};
use kit::db::Tx;

use super::SessionRow;
use crate::store::{certificates, revocations};

/// One session to open, by somebody who has shown who they are.
#[derive(Debug, Clone)]
pub struct Opening {
    pub id: SessionId,
    pub gateway: GatewayId,
    pub address: IpAddr,
    pub host: String,
    pub identity: Identity,
    pub replaces: Option<SessionId>,
    pub username: String,
    pub realname: Option<String>,
    /// What an account's user is to be called if this is their only session.
    pub nick: Option<Nick>,
}

#[derive(Debug, Clone)]
pub enum Identity {
    /// Somebody new.
    Guest(Nick),
    Known(Known),
}

/// Somebody who has shown who they are.
#[derive(Debug, Clone)]
pub struct Known {
    pub user: UserId,
    pub scopes: Scopes,
    pub proof: Proof,
    /// The session that the proof came from.
    pub takes: Option<SessionId>,
}

/// By what they have shown it. Looked at again in the transaction: it may have been revoked since.
#[derive(Debug, Clone)]
pub enum Proof {
    /// The password's hash that was verified.
    Password(String),
    ApiToken(TokenId),
    AccessToken {
        issued: Timestamp,
        /// What it came of.
        grant: String,
    },
    /// The certificate whose key a connection has.
    Certificate(Fingerprint),
    /// The secret of the session that is taken over.
    SessionSecret,
}

/// The token that a session came of, and whatever that came of.
#[derive(Debug, Default)]
pub(super) struct Origin {
    pub(super) api_token: Option<String>,
    pub(super) grant: Option<String>,
}

impl Origin {
    /// Of what somebody has shown; a session that takes another over has its origin.
    pub(super) async fn of(tx: &mut Tx, known: &Known, taken: Option<&SessionRow>) -> sqlx::Result<Self> {
        let taken = taken.map_or_else(Self::default, |session| Self {
            api_token: session.api_token.clone(),
            grant: session.grant_id.clone(),
        });
        Ok(match &known.proof {
            Proof::Password(_) => Self::default(),
            Proof::Certificate(fingerprint) => {
                let grant = certificates::grant_of(tx, &known.user, fingerprint).await?;
                Self { grant, ..Self::default() }
            }
            Proof::ApiToken(id) => Self { api_token: Some(id.to_string()), grant: Some(id.to_string()) },
            Proof::AccessToken { grant, .. } => {
                let grant = revocations::origin_of(tx, &known.user, grant.clone()).await?;
                Self { grant: Some(grant), ..taken }
            }
            Proof::SessionSecret => taken,
        })
    }
}

/// A session that is open.
#[derive(Debug, Clone)]
pub struct Opened {
    pub session: SessionId,
    pub user: User,
    pub scopes: Scopes,
    pub opened_at: Timestamp,
    pub replaced: Option<SessionId>,
    /// The account stays in its channels without a session.
    pub always_on: bool,
    /// It had done so since then.
    pub missed_since: Option<Timestamp>,
}

/// Limits and pauses of opening.
#[derive(Debug, Clone, Copy)]
pub struct OpenTerms {
    pub sessions_of_user: u32,
    pub takeover: Duration,
}
