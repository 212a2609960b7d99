//! A user-service of its own for each test, those who ask it, and a neighbour that writes down what it is told.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use api::{
    Item, Problem,
    auth::{Actor, ServiceName},
    bus::Frame,
    event::UserEvent,
    id::{GatewayId, SessionId},
    page::Batch,
    users::{Credentials, OpenSession, OpenedSession, Tokens},
};
use axum::{Router, extract::State, response::IntoResponse};
use client::Users;
use kit::{
    Clock, Running,
    auth::Signer,
    config::{Period, Settings},
    secrets::Keys,
};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use user_service::{Config, Rate};

/// Longest wait for something that happens in the background.
pub(crate) const SOON: Duration = Duration::from_secs(10);
/// Good enough for everybody here.
pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) struct Town {
    pub(crate) service: Option<Running>,
    pub(crate) settings: Settings<Config>,
    pub(crate) http: reqwest::Client,
    pub(crate) base: String,
    pub(crate) dir: TempDir,
    pub(crate) neighbour: Neighbour,
    pub(crate) clock: Clock,
    signer: Signer,
    // Held for what its end does.
    _database: Option<Box<dyn std::any::Any + Send + Sync>>,
}

/// Everything soon, and nobody is too fast.
pub(crate) fn hasty() -> Config {
    let free = Rate { burst: 10_000, every: Period::millis(1) };
    Config {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        logins_of_account: free,
        logins_from_address: free,
        newcomers_from_address: free,
        takeover: Period::millis(100),
        lease_check: Period::millis(50),
        housekeeping: Period::millis(50),
        follow: Period::millis(50),
        ..Config::default()
    }
}

impl Town {
    pub(crate) async fn up() -> Self {
        Self::with(hasty()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        Self::at(Clock::system(), config).await
    }

    /// With a clock that the test moves.
    pub(crate) async fn at(clock: Clock, mut config: Config) -> Self {
        let mut database: Option<Box<dyn std::any::Any + Send + Sync>> = None;
        if crate::POSTGRES {
            let (url, held) = kit::testing::postgres_url().await;
            config.database = Some(url);
            database = Some(Box::new(held));
        }
        let (mut common, dir) = kit::testing::common();
        let neighbour = Neighbour::up().await;
        common.urls.channels = neighbour.url("channels");
        common.urls.messages = neighbour.url("messages");
        common.urls.logs = neighbour.url("logs");
        let keys = Keys::open(&common.secrets_dir(), ServiceName::Gateway).unwrap();
        let settings = Settings { common, service: config };
        let mut town = Self {
            service: None,
            settings,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            base: String::new(),
            dir,
            neighbour,
            signer: Signer::new(Arc::new(keys), clock.clone()),
            clock,
            _database: database,
        };
        town.start().await;
        town
    }

    pub(crate) async fn start(&mut self) {
        let service = user_service::up(self.settings.clone(), self.clock.clone()).await.unwrap();
        self.base = format!("http://{}", service.addr);
        self.service = Some(service);
    }

    pub(crate) async fn stop(&mut self) {
        assert!(self.service.take().unwrap().stop().await);
    }

    /// As the gateway.
    pub(crate) fn gateway(&self) -> Users {
        let signer = self.signer.clone();
        let credentials =
            Arc::new(move || signer.bearer().to_str().unwrap().trim_start_matches("Bearer ").to_owned());
        Users(client::Service::new(ServiceName::Users, &self.base, credentials).unwrap())
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    pub(crate) fn as_service(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).header("authorization", self.signer.bearer())
    }

    pub(crate) async fn registers(&self, name: &str) -> Value {
        let body = json!({ "name": name, "password": PASSWORD });
        said(self.request(Method::POST, "/v1/accounts").json(&body), 201).await
    }

    pub(crate) async fn logs_in(&self, name: &str) -> Tokens {
        let body = json!({ "grant_type": "password", "name": name, "password": PASSWORD });
        as_(said(self.request(Method::POST, "/v1/tokens").json(&body), 200).await)
    }

    pub(crate) async fn guest(&self, nick: &str) -> Tokens {
        as_(said(self.wants_guest(nick), 200).await)
    }

    pub(crate) fn wants_guest(&self, nick: &str) -> RequestBuilder {
        self.request(Method::POST, "/v1/tokens").json(&json!({ "grant_type": "guest", "nick": nick }))
    }

    /// With an operator's token.
    pub(crate) async fn operator(&self, name: &str) -> Tokens {
        self.registers(name).await;
        user_service::operator::add(&self.settings, &name.try_into().unwrap()).await.unwrap();
        self.logs_in(name).await
    }

    pub(crate) async fn opens_many(&self, items: Vec<OpenSession>) -> Vec<Item<OpenedSession>> {
        self.gateway().open_sessions(&Batch { items }).await.unwrap().items
    }

    pub(crate) async fn opens(&self, item: OpenSession) -> Result<OpenedSession, Problem> {
        self.opens_many(vec![item]).await.remove(0).into()
    }

    /// What the database's files and their logs hold.
    pub(crate) fn files_hold(&self, needle: &str) -> Vec<String> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(self.dir.path()).unwrap().flatten() {
            let bytes = std::fs::read(entry.path()).unwrap_or_default();
            if bytes.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle.as_bytes())) {
                found.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        found
    }
}

/// The answer, which must have that status.
pub(crate) async fn said(request: RequestBuilder, status: u16) -> Value {
    let response = request.send().await.unwrap();
    let (got, text) = (response.status(), response.text().await.unwrap());
    assert_eq!(got, StatusCode::from_u16(status).unwrap(), "{text}");
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

/// The problem's code, which must have its status.
pub(crate) async fn refused(request: RequestBuilder) -> String {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let problem: Problem = response.json().await.unwrap();
    assert_eq!((problem.status, problem.code.status()), (status, status));
    problem.code.as_str().to_owned()
}

pub(crate) fn as_<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

/// Waits for something that happens in the background.
pub(crate) async fn soon<F: Future<Output = bool>>(what: &str, mut happened: impl FnMut() -> F) {
    let deadline = Instant::now() + SOON;
    while !happened().await {
        assert!(Instant::now() < deadline, "waited in vain for: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(crate) fn gateway_id() -> GatewayId {
    GatewayId::random(&mut rand::rng())
}

/// A session that somebody wants on a gateway, from an address.
pub(crate) fn session(gateway: &GatewayId, address: &str, credentials: Credentials) -> OpenSession {
    OpenSession {
        id: SessionId::random(&mut rand::rng()),
        gateway: gateway.clone(),
        address: address.parse::<IpAddr>().unwrap(),
        credentials,
        replaces: None,
        username: None,
        realname: None,
        nick: None,
        authzid: None,
    }
}

pub(crate) fn as_guest(nick: &str) -> Credentials {
    Credentials::Guest { nick: nick.to_owned() }
}

pub(crate) fn by_password(name: &str) -> Credentials {
    Credentials::Password { name: name.to_owned(), password: PASSWORD.to_owned() }
}

pub(crate) fn by_token(token: &str) -> Credentials {
    Credentials::Token { token: token.to_owned() }
}

pub(crate) fn actor(opened: &OpenedSession) -> Actor {
    Actor {
        person: opened.user.person.clone(),
        account: opened.user.account.clone(),
        session: Some(opened.session.clone()),
        scopes: opened.scopes,
        username: "~u".to_owned(),
        host: opened.user.host.clone(),
        since: opened.opened_at.0,
    }
}

/// The user events of a frame: one, or a list.
pub(crate) fn events_of(frame: &Frame) -> Vec<UserEvent> {
    serde_json::from_slice(&frame.payload)
        .unwrap_or_else(|_| vec![serde_json::from_slice(&frame.payload).unwrap()])
}

/// Whatever listens where channel-, message- and log-service would: notes what this service tells them.
#[derive(Clone)]
pub(crate) struct Neighbour {
    addrs: Vec<(&'static str, SocketAddr)>,
    told: Arc<Mutex<Vec<(String, Value)>>>,
    away: Arc<AtomicBool>,
}

impl Neighbour {
    async fn up() -> Self {
        let mut neighbour = Self { addrs: Vec::new(), told: Arc::default(), away: Arc::default() };
        for name in ["channels", "messages", "logs"] {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let addr = listener.local_addr().unwrap();
            let app = Router::new().fallback(note).with_state((name, neighbour.clone()));
            tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
            neighbour.addrs.push((name, addr));
        }
        neighbour
    }

    fn url(&self, name: &str) -> url::Url {
        let (_, addr) = self.addrs.iter().find(|(known, _)| *known == name).unwrap();
        format!("http://{addr}").parse().unwrap()
    }

    pub(crate) fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    /// `<service> <method> <path>` and the body of all that was told, first to last.
    pub(crate) fn told(&self) -> Vec<(String, Value)> {
        self.told.lock().unwrap().clone()
    }

    /// The ends of holders that name this session.
    pub(crate) fn ended(&self, session: &SessionId) -> Vec<Value> {
        let names =
            |body: &Value| body["sessions"].as_array().is_some_and(|ids| ids.contains(&json!(session)));
        self.told().into_iter().map(|(_, body)| body).filter(names).collect()
    }
}

async fn note(
    State((name, neighbour)): State<(&'static str, Neighbour)>,
    request: axum::extract::Request,
) -> axum::response::Response {
    if neighbour.away.load(Ordering::SeqCst) {
        return axum::http::StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let what = format!("{name} {} {}", request.method(), request.uri().path());
    let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    neighbour.told.lock().unwrap().push((what, body));
    axum::Json(json!({ "events": [] })).into_response()
}
