//! Who asks, from which address, and through which gateway.

use std::net::{IpAddr, SocketAddr};

use api::{
    ErrorCode,
    auth::{CLIENT_ADDRESS, ORIGIN, Scope, ServiceName},
    id::{GatewayId, UserId},
};
use axum::extract::{ConnectInfo, FromRequestParts};
use http::request::Parts;
use kit::{Caller, Failure, Result};

use crate::{app::App, store::users::UserRow};

pub(super) struct Asker {
    pub(super) caller: Caller,
    /// The peer's, or the one that a gateway names.
    pub(super) address: IpAddr,
    /// The gateway that applies what comes of it from the answer.
    pub(super) origin: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Asker {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let caller = Caller::or_nobody(parts).await?;
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.ok_or_else(|| Failure::internal(anyhow::anyhow!("a request without a peer")))?.0.ip();
        let from_gateway = caller.service == Some(ServiceName::Gateway);
        let header =
            |name| parts.headers.get(name).filter(|_| from_gateway).and_then(|value| value.to_str().ok());
        let address = header(CLIENT_ADDRESS).and_then(|text| text.parse().ok()).unwrap_or(peer);
        let origin = header(ORIGIN).filter(|text| GatewayId::try_from(*text).is_ok()).map(str::to_owned);
        Ok(Self { caller, address: address.to_canonical(), origin })
    }
}

/// An asker with a token; nobody is refused before their body is read.
pub(super) struct Known(pub(super) Asker);

impl<S: Send + Sync> FromRequestParts<S> for Known {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        Caller::from_request_parts(parts, state).await?;
        Asker::from_request_parts(parts, state).await.map(Self)
    }
}

impl Asker {
    /// The user whom a path means: `me`, or one's own id; others only for operators.
    pub(super) async fn own_or_operated(&self, app: &App, user: &str) -> Result<(UserRow, bool)> {
        let actor = self.caller.person()?;
        if user == "me" || user == actor.id().as_str() {
            let actor = self.caller.require(Scope::Account)?;
            let found = app.store.user(actor.id()).await?.ok_or(ErrorCode::NotAuthenticated)?;
            return Ok((found, true));
        }
        self.caller.operator()?;
        Ok((by_path(app, user).await?, false))
    }
}

/// A user by id or nick.
pub(super) async fn by_path(app: &App, user: &str) -> Result<UserRow> {
    let found = match (UserId::try_from(user), api::Nick::try_from(user)) {
        (Ok(id), _) => app.store.user(&id).await?,
        (_, Ok(nick)) => app.store.by_nick(&nick).await?,
        (Err(_), Err(_)) => None,
    };
    found.ok_or_else(|| ErrorCode::NoSuchNick.into())
}
