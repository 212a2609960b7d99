//! What the tests of this crate share: a service that answers over real HTTP, and people with tokens.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};

use api::{
    Timestamp,
    auth::{AUDIENCE, AccessClaims, ISSUER, Scopes, ServiceName},
    id::UserId,
};
use axum::response::sse::{Event, Sse};
use ed25519_dalek::{SigningKey, pkcs8::EncodePrivateKey};
use futures_util::StreamExt;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use kit::{
    Caller, Clock, Failure, Kit, Running,
    auth::{FromService, Jwk, Jwks, KeySource},
    config::Common,
    extract::{Json, Path, Query},
};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub const ANYWHERE: &str = "127.0.0.1:0";

/// Asks until the answer is yes; panics after five seconds of no.
pub async fn eventually<W: Future<Output = bool>>(what: &str, mut check: impl FnMut() -> W) {
    let patience = tokio::time::Instant::now() + Duration::from_secs(5);
    while !check().await {
        assert!(tokio::time::Instant::now() < patience, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Signs tokens as the owner of people does.
#[derive(Clone)]
pub struct Issuer {
    key: Arc<SigningKey>,
}

impl Issuer {
    pub fn new() -> Self {
        Self { key: Arc::new(SigningKey::from_bytes(&rand::random())) }
    }

    pub fn jwks(&self) -> Jwks {
        Jwks { keys: vec![Jwk::ed25519("test-1", self.key.verifying_key().as_bytes())] }
    }

    pub fn claims(&self, now: Timestamp, scope: Scopes) -> AccessClaims {
        let iat = u64::try_from(now.0 / 1_000_000).unwrap();
        AccessClaims {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            sub: UserId::random(&mut rand::rng()),
            iat,
            exp: iat + 900,
            issued: now.0,
            jti: "1".into(),
            scope,
            nick: "alice".into(),
            user_version: 1,
            account: None,
            sid: None,
            host: "0.cloak".into(),
        }
    }

    pub fn sign(&self, claims: &AccessClaims) -> String {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some("test-1".into());
        let der = self.key.to_pkcs8_der().unwrap();
        jsonwebtoken::encode(&header, claims, &EncodingKey::from_ed_der(der.as_bytes())).unwrap()
    }
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Letter {
    pub to: Vec<Receiver>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Receiver {
    pub name: String,
}

#[derive(Deserialize)]
pub struct Paging {
    #[serde(default)]
    limit: u32,
}

#[utoipa::path(post, path = "/v1/letters", responses((status = 200, body = Letter)))]
async fn post_letter(Json(letter): Json<Letter>) -> Json<Letter> {
    Json(letter)
}

#[utoipa::path(get, path = "/v1/letters", responses((status = 200)))]
async fn letters(Query(paging): Query<Paging>) -> String {
    paging.limit.to_string()
}

#[utoipa::path(get, path = "/v1/letters/{name}", responses((status = 200)))]
async fn letter(Path(name): Path<String>) -> String {
    name
}

async fn panics() -> String {
    panic!("secret words")
}

async fn hangs() {
    std::future::pending::<()>().await;
}

async fn trace_id() -> String {
    kit::trace::current().unwrap().trace_id.to_string()
}

async fn who(caller: Caller) -> Result<String, Failure> {
    let service = caller.service.map(|name| name.to_string()).unwrap_or_default();
    let person = caller.actor.map(|actor| actor.person.nick.to_string()).unwrap_or_default();
    Ok(format!("{service}/{person}"))
}

async fn person(caller: Caller) -> Result<String, Failure> {
    Ok(caller.require(api::auth::Scope::Write)?.person.nick.to_string())
}

async fn post_from_service(_: FromService, Json(letter): Json<Letter>) -> Json<Letter> {
    Json(letter)
}

async fn broken() -> Result<(), Failure> {
    Err(Failure::internal(anyhow::anyhow!("secret cause")))
}

async fn stream() -> Sse<impl futures_util::Stream<Item = Result<Event, std::convert::Infallible>>> {
    let first = futures_util::stream::once(async { Ok(Event::default().data("hello")) });
    Sse::new(first.chain(futures_util::stream::pending()))
}

pub fn routes() -> OpenApiRouter {
    use axum::routing::{get, post};
    OpenApiRouter::new()
        .routes(routes!(post_letter, letters))
        .routes(routes!(letter))
        .route("/services/letters", post(post_from_service))
        .route("/panics", get(panics))
        .route("/hangs", get(hangs))
        .route("/trace", get(trace_id))
        .route("/who", get(who))
        .route("/person", get(person))
        .route("/broken", get(broken))
        .route("/stream", get(stream))
}

/// A service that runs.
pub struct Up {
    pub running: Running,
    pub kit: Kit,
    pub issuer: Issuer,
    pub dir: TempDir,
}

impl Up {
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.addr)
    }
}

/// A service with local keys and these settings.
pub async fn up_with(settings: impl FnOnce(&mut Common)) -> Up {
    let (mut common, dir) = kit::testing::common();
    settings(&mut common);
    let issuer = Issuer::new();
    let source = KeySource::Local({
        let issuer = issuer.clone();
        Arc::new(move || issuer.jwks())
    });
    let kit = Kit::open_with(ServiceName::Users, &common, source, Clock::system()).await.unwrap();
    let listen: SocketAddr = ANYWHERE.parse().unwrap();
    let running = kit.clone().serve(listen, routes()).await.unwrap();
    Up { running, kit, issuer, dir }
}

pub async fn up() -> Up {
    up_with(|_| {}).await
}
