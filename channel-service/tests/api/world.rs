//! A running service, and people who speak to it through a gateway.

use std::{sync::Arc, time::Duration};

use api::{
    ErrorCode, Nick, Person, Timestamp,
    auth::{ACT_AS, Actor, ORIGIN, Scope, Scopes, ServiceName},
    channels::{ChannelEvents, EndHolders, EndedHolders, Snapshot},
    id::{SessionId, UserId},
};
use channel_service::{ChannelService, Config};
use kit::{
    Clock, Running, Service,
    auth::{Signer, act_as},
    config::{BusConfig, Common, Period, Settings, Urls},
    rate::Rate,
    secrets::Keys,
};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

/// What a test waits for at most.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// The gateway of these tests.
pub(crate) const GATEWAY: &str = "7gateway0test";

pub(crate) struct World {
    pub(crate) base: String,
    http: reqwest::Client,
    gateway: Signer,
    users: Signer,
    pub(crate) dir: TempDir,
    running: Option<Running>,
}

pub(crate) async fn world() -> World {
    world_with(|_| {}).await
}

pub(crate) async fn world_with(configure: impl FnOnce(&mut Config)) -> World {
    let (common, dir) = kit::testing::common();
    start(common, dir, configure).await
}

/// A world with a user-service that knows everybody it is asked about.
pub(crate) async fn world_with_people(configure: impl FnOnce(&mut Config)) -> World {
    let (mut common, dir) = kit::testing::common();
    let people = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    common.urls.users = format!("http://{}", people.local_addr().unwrap()).parse().unwrap();
    let known = axum::Router::new().fallback(|axum::Json(asked): axum::Json<Value>| async move {
        let items: Vec<_> = asked["ids"].as_array().unwrap().iter().map(somebody).collect();
        axum::Json(json!({ "items": items }))
    });
    tokio::spawn(async move { axum::serve(people, known).await.unwrap() });
    start(common, dir, configure).await
}

fn somebody(id: &Value) -> Value {
    json!({
        "id": id, "nick": "somebody", "user_version": 1, "account": null, "online": true, "away": null,
        "host": "h.cloak", "operator": false, "since": null,
    })
}

pub(crate) async fn world_on(bus: BusConfig) -> World {
    let (mut common, dir) = kit::testing::common();
    common.bus = bus;
    start(common, dir, |_| {}).await
}

async fn start(mut common: Common, dir: TempDir, configure: impl FnOnce(&mut Config)) -> World {
    let mut config = Config { listen: "127.0.0.1:0".parse().unwrap(), ..quick() };
    configure(&mut config);
    // Nobody listens there: the service stands alone.
    let nobody: url::Url = "http://127.0.0.1:1".parse().unwrap();
    let users = if common.urls.users == Urls::default().users { nobody.clone() } else { common.urls.users };
    common.urls = Urls { users, channels: nobody.clone(), messages: nobody.clone(), logs: nobody };
    let secrets = common.secrets_dir();
    let running = ChannelService::up(Settings { common, service: config }).await.unwrap();
    let signer = |name| Signer::new(Arc::new(Keys::open(&secrets, name).unwrap()), Clock::system());
    World {
        base: format!("http://{}", running.addr),
        http: reqwest::Client::new(),
        gateway: signer(ServiceName::Gateway),
        users: signer(ServiceName::Users),
        dir,
        running: Some(running),
    }
}

/// Background loops that a test does not wait long for.
fn quick() -> Config {
    Config {
        expire_every: Period::millis(20),
        sweep_every: Period::millis(50),
        // Stories are told faster than people type; the limit has a test of its own.
        writes_of_person: Rate { burst: 1_000_000, every: Period::seconds(1) },
        ..Config::default()
    }
}

/// A guest who comes over REST; `with_session` and `with_account` make them more.
pub(crate) fn person(nick: &str) -> Actor {
    let id = UserId::random(&mut rand::rng());
    Actor {
        person: Person { id, nick: Nick::try_from(nick).unwrap(), user_version: 1 },
        account: None,
        session: None,
        scopes: Scopes::ordinary(),
        username: "~u".to_owned(),
        host: format!("{nick}.cloak"),
        since: Timestamp::now().as_micros(),
    }
}

pub(crate) fn session_of(actor: &Actor) -> Actor {
    Actor { session: Some(SessionId::random(&mut rand::rng())), ..actor.clone() }
}

pub(crate) fn with_account(nick: &str) -> Actor {
    Actor { account: Some(nick.try_into().unwrap()), ..person(nick) }
}

pub(crate) fn operator(nick: &str) -> Actor {
    Actor { scopes: Scopes::ordinary().with(Scope::Operator), ..with_account(nick) }
}

/// An answer, whatever it is.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) etag: Option<String>,
    pub(crate) body: Value,
}

impl Answer {
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert!(self.status < 300, "{self:?}");
        self.body
    }

    #[track_caller]
    pub(crate) fn refused(self, code: ErrorCode) -> Value {
        assert_eq!(
            (self.status, &self.body["code"]),
            (code.status(), &json!(code.as_str())),
            "expected {code}: {self:?}"
        );
        self.body
    }
}

impl World {
    async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let etag = response.headers().get("etag").map(|value| value.to_str().unwrap().to_owned());
        let text = response.text().await.unwrap();
        Answer { status, etag, body: serde_json::from_str(&text).unwrap_or(Value::Null) }
    }

    fn request(&self, signer: &Signer, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.base);
        self.http.request(method, url).header("authorization", signer.bearer()).header(ORIGIN, GATEWAY)
    }

    /// A request on behalf of somebody.
    pub(crate) async fn ask(&self, actor: &Actor, method: &str, path: &str, body: Value) -> Answer {
        self.ask_if(actor, method, path, body, None).await
    }

    pub(crate) async fn ask_if(
        &self,
        actor: &Actor,
        method: &str,
        path: &str,
        body: Value,
        version: Option<u64>,
    ) -> Answer {
        let tag = version.map(|version| format!("\"{version}\""));
        self.ask_if_match(actor, method, path, body, tag.as_deref()).await
    }

    pub(crate) async fn ask_if_match(
        &self,
        actor: &Actor,
        method: &str,
        path: &str,
        body: Value,
        tag: Option<&str>,
    ) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.request(&self.gateway, method, path).header(ACT_AS, act_as(actor));
        if !body.is_null() {
            request = request.json(&body);
        }
        if let Some(tag) = tag {
            request = request.header("if-match", tag);
        }
        self.send(request).await
    }

    pub(crate) async fn get(&self, actor: &Actor, path: &str) -> Answer {
        self.ask(actor, "GET", path, Value::Null).await
    }

    /// A request of the gateway for itself.
    pub(crate) async fn as_gateway(&self, method: &str, path: &str, body: Value) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.send(self.request(&self.gateway, method, path).json(&body)).await
    }

    pub(crate) async fn as_users(&self, method: &str, path: &str, body: Value) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.send(self.request(&self.users, method, path).json(&body)).await
    }

    pub(crate) async fn unknown(&self, method: &str, path: &str) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.send(self.http.request(method, format!("{}{path}", self.base))).await
    }

    pub(crate) async fn joins(&self, actor: &Actor, name: &str) -> Value {
        self.join(actor, name).await.ok()
    }

    pub(crate) async fn join(&self, actor: &Actor, name: &str) -> Answer {
        self.ask(actor, "PUT", &format!("/v1/channels/{name}/members/me"), Value::Null).await
    }

    pub(crate) async fn joins_with_key(&self, actor: &Actor, name: &str, key: &str) -> Answer {
        self.ask(actor, "PUT", &format!("/v1/channels/{name}/members/me"), json!({ "key": key })).await
    }

    pub(crate) async fn parts(&self, actor: &Actor, name: &str) -> Answer {
        self.ask(actor, "DELETE", &format!("/v1/channels/{name}/members/me"), Value::Null).await
    }

    pub(crate) async fn kicks(&self, actor: &Actor, name: &str, target: &Actor) -> Answer {
        let path = format!("/v1/channels/{name}/members/{}?reason=out", target.id());
        self.ask(actor, "DELETE", &path, Value::Null).await
    }

    pub(crate) async fn modes(&self, actor: &Actor, name: &str, patch: Value) -> Answer {
        self.ask(actor, "PATCH", &format!("/v1/channels/{name}/modes"), patch).await
    }

    pub(crate) async fn gives(
        &self,
        actor: &Actor,
        name: &str,
        target: &Actor,
        role: &str,
        set: bool,
    ) -> Answer {
        let path = format!("/v1/channels/{name}/members/{}/roles", target.id());
        self.ask(actor, "PUT", &path, json!({ "role": role, "set": set })).await
    }

    pub(crate) async fn lists(&self, actor: &Actor, name: &str, list: &str, mask: &str) -> Answer {
        self.ask(actor, "POST", &format!("/v1/channels/{name}/{list}"), json!({ "mask": mask })).await
    }

    pub(crate) async fn ends(&self, ended: &EndHolders) -> EndedHolders {
        let answer = self.as_users("POST", "/v1/holders:end", serde_json::to_value(ended).unwrap()).await;
        serde_json::from_value(answer.ok()).unwrap()
    }

    pub(crate) async fn snapshot(&self, id: &str) -> Snapshot {
        let answer = self.as_gateway("GET", &format!("/v1/channels/{id}?view=replica"), Value::Null).await;
        serde_json::from_value(answer.ok()).unwrap()
    }

    pub(crate) async fn events(&self, id: &str, after: u64) -> ChannelEvents {
        let answer =
            self.as_gateway("GET", &format!("/v1/channels/{id}/events?after={after}"), Value::Null).await;
        serde_json::from_value(answer.ok()).unwrap()
    }

    /// Asks until the answer is as wanted.
    pub(crate) async fn until<T>(&self, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            if let Some(value) = ask().await {
                return value;
            }
            assert!(tokio::time::Instant::now() < deadline, "it did not come");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) async fn stop(&mut self) {
        assert!(self.running.take().unwrap().stop().await);
    }
}

/// The kinds of an answer's events, in order.
pub(crate) fn kinds(changed: &Value) -> Vec<String> {
    let before = changed["before"].as_array().cloned().unwrap_or_default();
    before
        .iter()
        .chain(changed["event"].as_object().map(|_| &changed["event"]))
        .map(|event| event["kind"].as_str().unwrap().to_owned())
        .collect()
}
