use std::sync::Arc;

use api::{
    ErrorCode,
    auth::{ACT_AS, AccessClaims, Actor, Scope, ServiceName},
};
use axum::extract::FromRequestParts;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderValue, header, request::Parts};

use super::{Verified, Verifier};
use crate::problem::Failure;

/// Who sent a request: a person with an access token, a service, or a gateway acting for a person. Nobody is refused with 401, and
/// before the body is read: see [`Caller::or_nobody`] for routes that are open to everybody.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// The service that sent it, if one did.
    pub service: Option<ServiceName>,
    /// The person for whom it was sent.
    pub actor: Option<Actor>,
    /// The person's own token, if one came.
    pub claims: Option<Arc<AccessClaims>>,
}

impl Caller {
    /// The person who asks; 401 if none does.
    pub fn person(&self) -> Result<&Actor, Failure> {
        self.actor.as_ref().ok_or_else(unknown)
    }

    /// The service that asks; 401 for nobody, 403 for a person.
    pub fn service(&self) -> Result<ServiceName, Failure> {
        match self.service {
            Some(name) => Ok(name),
            None if self.actor.is_some() => {
                Err(Failure::new(ErrorCode::Forbidden).detail("this is for the services only"))
            }
            None => Err(unknown()),
        }
    }

    /// Passes gateways; 403 for others.
    pub fn gateway(&self) -> Result<(), Failure> {
        match self.service()? {
            ServiceName::Gateway => Ok(()),
            _ => Err(Failure::new(ErrorCode::Forbidden).detail("this is for gateways only")),
        }
    }

    /// The person who asks, if their token has the scope.
    pub fn require(&self, scope: Scope) -> Result<&Actor, Failure> {
        let actor = self.person()?;
        if actor.scopes.contains(scope) {
            return Ok(actor);
        }
        let detail = format!("the token lacks the scope {}", scope.as_str());
        Err(Failure::new(ErrorCode::InsufficientScope).detail(detail))
    }

    /// The person who asks, if they operate the network; 403 `forbidden` otherwise.
    pub fn operator(&self) -> Result<&Actor, Failure> {
        let actor = self.person()?;
        if actor.is_operator() {
            return Ok(actor);
        }
        Err(Failure::new(ErrorCode::Forbidden).detail("this is for operators of the network only"))
    }

    /// Who asks, for routes open to everybody: nobody if no token came, 401 if one came that is not valid.
    pub async fn or_nobody(parts: &Parts) -> Result<Self, Failure> {
        // The frame has asked already: for a request of ours nothing is verified twice.
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        let Some(authorization) = parts.headers.get(header::AUTHORIZATION) else {
            return Ok(Self::default());
        };
        let verifier = parts
            .extensions
            .get::<Arc<Verifier>>()
            .ok_or_else(|| Failure::internal(anyhow::anyhow!("no verifier is set up for this listener")))?;
        match verifier.verify(bearer(authorization)?).await? {
            Verified::Person(claims) => {
                let actor = verifier.actor(&claims)?;
                Ok(Self { service: None, actor: Some(actor), claims: Some(claims) })
            }
            Verified::Service(name, _) => {
                let actor = match parts.headers.get(ACT_AS) {
                    None => None,
                    Some(_) if name != ServiceName::Gateway => {
                        return Err(
                            Failure::new(ErrorCode::Forbidden).detail("only a gateway may act for a person")
                        );
                    }
                    Some(header) => Some(named_actor(header)?),
                };
                actor.as_ref().map_or(Ok(()), |actor| verifier.check_actor(actor))?;
                Ok(Self { service: Some(name), actor, claims: None })
            }
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let caller = Self::or_nobody(parts).await?;
        if caller.service.is_none() && caller.actor.is_none() {
            return Err(unknown());
        }
        Ok(caller)
    }
}

/// A service. Others are refused before their body is read, so that they cannot have us hold it.
#[derive(Debug, Clone)]
pub struct FromService(pub Caller);

impl<S: Send + Sync> FromRequestParts<S> for FromService {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let caller = Caller::from_request_parts(parts, state).await?;
        caller.service()?;
        Ok(Self(caller))
    }
}

/// A gateway. Others are refused before their body is read, so that they cannot have us hold it.
#[derive(Debug, Clone)]
pub struct FromGateway(pub Caller);

impl<S: Send + Sync> FromRequestParts<S> for FromGateway {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let caller = Caller::from_request_parts(parts, state).await?;
        caller.gateway()?;
        Ok(Self(caller))
    }
}

/// For routes open to everybody: a token that is not valid counts as none.
#[derive(Debug, Clone, Default)]
pub struct MaybePerson(pub Option<Actor>);

impl<S: Send + Sync> FromRequestParts<S> for MaybePerson {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(Caller::or_nobody(parts).await.ok().and_then(|caller| caller.actor)))
    }
}

/// The `act-as` header that names an actor.
///
/// # Panics
/// Never: an actor is JSON, and base64 is ASCII.
pub fn act_as(actor: &Actor) -> HeaderValue {
    let json = serde_json::to_vec(actor).expect("an actor is JSON");
    HeaderValue::try_from(URL_SAFE_NO_PAD.encode(json)).expect("base64 is ASCII")
}

fn named_actor(header: &HeaderValue) -> Result<Actor, Failure> {
    let actor = URL_SAFE_NO_PAD.decode(header).ok().and_then(|json| serde_json::from_slice(&json).ok());
    actor.ok_or_else(|| Failure::new(ErrorCode::BadRequest).detail("the act-as header names no actor"))
}

fn bearer(header: &HeaderValue) -> Result<&str, Failure> {
    let (scheme, token) = header.to_str().ok().and_then(|text| text.split_once(' ')).unwrap_or_default();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Ok(token.trim());
    }
    Err(Failure::new(ErrorCode::NotAuthenticated).detail("send Authorization: Bearer <access token>"))
}

fn unknown() -> Failure {
    Failure::new(ErrorCode::NotAuthenticated).detail("send Authorization: Bearer <access token>")
}
