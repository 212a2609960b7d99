//! A log-service of its own for each test, and the people and services that ask it.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use api::{
    Timestamp,
    auth::{AUDIENCE, AccessClaims, ISSUER, Scope, Scopes, ServiceName},
    id::UserId,
    logs::{Level, LogRecord, ShipLogs},
};
use axum::{Json, Router, routing::get};
use ed25519_dalek::{SigningKey, pkcs8::EncodePrivateKey};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use kit::{
    Clock, Running, Service,
    auth::{Jwk, Jwks, Signer},
    config::Settings,
    secrets::Keys,
};
use log_service::{Config, LogService};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

const KID: &str = "2026a";
/// Longest wait for something that happens in the background.
const SOON: Duration = Duration::from_secs(10);

pub(crate) struct Network {
    pub(crate) service: Running,
    pub(crate) http: reqwest::Client,
    pub(crate) dir: TempDir,
    key: EncodingKey,
    shipper: Signer,
    revoked: Arc<Mutex<Vec<Value>>>,
}

impl Network {
    pub(crate) async fn up() -> Self {
        Self::with(Config::default()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        let key = SigningKey::from_bytes(&rand::random());
        let jwk = Jwk::ed25519(KID, key.verifying_key().as_bytes());
        let revoked = Arc::<Mutex<Vec<Value>>>::default();
        let (mut common, dir) = kit::testing::common();
        common.urls.users =
            format!("http://{}", publish(Jwks { keys: vec![jwk] }, revoked.clone()).await).parse().unwrap();
        let shipper = Keys::open(&common.secrets_dir(), ServiceName::Messages).unwrap();
        let config = Config { listen: SocketAddr::from(([127, 0, 0, 1], 0)), ..config };
        Self {
            service: LogService::up(Settings { common, service: config }).await.unwrap(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            dir,
            key: EncodingKey::from_ed_der(key.to_pkcs8_der().unwrap().as_bytes()),
            shipper: Signer::new(Arc::new(shipper), Clock::system()),
            revoked,
        }
    }

    pub(crate) fn token(&self, scopes: Scopes, lives: u64) -> String {
        self.token_of(UserId::random(&mut rand::rng()), scopes, lives)
    }

    pub(crate) fn token_of(&self, user: UserId, scopes: Scopes, lives: u64) -> String {
        let now = Timestamp::now().0;
        let seconds = now.unsigned_abs() / 1_000_000;
        let claims = AccessClaims {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            sub: user,
            iat: seconds,
            exp: seconds + lives,
            issued: now,
            jti: "1".into(),
            scope: scopes,
            nick: "olga".into(),
            user_version: 1,
            account: None,
            sid: None,
            host: "1.cloak".into(),
        };
        let header = Header { kid: Some(KID.into()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, &claims, &self.key).unwrap()
    }

    pub(crate) fn operator(&self) -> String {
        self.token(Scopes::ordinary().with(Scope::Operator), 900)
    }

    /// From now on what was issued to that person before is refused.
    pub(crate) fn revoke(&self, user: UserId) {
        self.revoked.lock().unwrap().push(json!({ "cursor": 1, "user": user, "before": Timestamp::now().0 }));
    }

    /// A request by nobody.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("http://{}{path}", self.service.addr)).timeout(SOON)
    }

    pub(crate) fn by_service(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).header("authorization", self.shipper.bearer())
    }

    pub(crate) fn by_operator(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path).bearer_auth(self.operator())
    }

    pub(crate) async fn ships(&self, records: impl IntoIterator<Item = LogRecord>) {
        let response = self.try_ship(records.into_iter().collect()).await;
        assert_eq!(response.status(), StatusCode::ACCEPTED, "{:?}", response.text().await);
    }

    pub(crate) async fn try_ship(&self, records: Vec<LogRecord>) -> Response {
        self.by_service(Method::POST, "/v1/logs").json(&ShipLogs { records }).send().await.unwrap()
    }

    /// What an operator finds, as it came.
    pub(crate) async fn finds(&self, query: &str) -> Value {
        let response = self.by_operator(&format!("/v1/logs{query}")).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{query}");
        response.json().await.unwrap()
    }

    pub(crate) async fn finds_messages(&self, query: &str) -> Vec<String> {
        let page = self.finds(query).await;
        let items = page["items"].as_array().unwrap();
        items.iter().map(|item| item["message"].as_str().unwrap().to_owned()).collect()
    }
}

/// What those who issue tokens publish: their keys, and whose tokens they took back.
async fn publish(jwks: Jwks, revoked: Arc<Mutex<Vec<Value>>>) -> SocketAddr {
    let revocations = get(|| async move {
        let items = revoked.lock().unwrap().clone();
        Json(json!({ "items": items, "cursor": 0 }))
    });
    let app = Router::new()
        .route("/.well-known/jwks.json", get(|| async { Json(jwks) }))
        .route("/v1/revocations", revocations);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, app).await });
    addr
}

/// Waits until it is so.
pub(crate) async fn eventually<W: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> W) {
    let started = Instant::now();
    while !is_so().await {
        assert!(started.elapsed() < SOON, "never: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Logged so many seconds after some moment.
pub(crate) fn record(seconds: i64, message: &str) -> LogRecord {
    LogRecord {
        at: Timestamp(1_700_000_000_000_000 + seconds * 1_000_000),
        service: "messages".into(),
        instance: "1-a".into(),
        level: Level::Info,
        message: message.into(),
        fields: serde_json::Map::new(),
        trace_id: None,
    }
}

/// The problem's status and code.
pub(crate) async fn problem(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let problem: api::Problem = response.json().await.unwrap();
    assert_eq!(problem.status, status);
    (status, problem.code.as_str().to_owned())
}
