//! user-, channel- and message-service as they are, and people who use them over HTTP.

use std::{net::TcpListener, sync::Arc, time::Duration};

use api::{
    ErrorCode, Person, Timestamp,
    auth::{Actor, Scopes, ServiceName},
    id::{ChannelId, SessionId, UserId},
    messages::{SendItem, SendResult, SendTo},
    page::Batch,
};
use channel_service::ChannelService;
use kit::{
    Clock, Running, Service,
    auth::Signer,
    config::{Common, Period, Settings},
    rate::Rate,
    secrets::Keys,
};
use message_service::{Config, MessageService};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;
use user_service::UserService;

/// What a test waits for at most.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);
/// The gateway of these tests.
pub(crate) const GATEWAY: &str = "7gateway0test";

/// Good enough for everybody here.
const PASSWORD: &str = "correct horse battery";

pub(crate) struct Town {
    pub(crate) common: Common,
    pub(crate) config: Config,
    pub(crate) http: reqwest::Client,
    pub(crate) dir: TempDir,
    users: Option<Running>,
    channels: Option<Running>,
    messages: Option<Running>,
}

/// Somebody with a token.
#[derive(Clone)]
pub(crate) struct Someone {
    pub(crate) token: String,
    pub(crate) id: UserId,
    pub(crate) nick: String,
}

/// An answer, whatever it is.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
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
        let expected = (code.status(), &json!(code.as_str()));
        assert_eq!((self.status, &self.body["code"]), expected, "expected {code}: {self:?}");
        self.body
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// Background loops that a test does not wait long for.
fn quick() -> Config {
    Config {
        heads_every: Period::millis(100),
        stream_heartbeat: Period::millis(100),
        clean_every: Period::millis(50),
        // Stories are told faster than people type; the limit has a test of its own.
        writes_of_person: Rate { burst: 1_000_000, every: Period::seconds(1) },
        ..Config::default()
    }
}

impl Town {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(configure: impl FnOnce(&mut Config)) -> Self {
        let (mut common, dir) = kit::testing::common();
        common.http.test_faults = true;
        // Found free, then taken: each is told of the others before it starts.
        let sockets: Vec<_> = (0..3).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let url = |at: usize| format!("http://{}", sockets[at].local_addr().unwrap()).parse().unwrap();
        common.urls.users = url(0);
        common.urls.channels = url(1);
        common.urls.messages = url(2);
        drop(sockets);
        let mut config = quick();
        configure(&mut config);
        let http = reqwest::Client::new();
        let mut town = Self { common, config, http, dir, users: None, channels: None, messages: None };
        town.start_users().await;
        town.start_channels().await;
        town.start_messages().await;
        town
    }

    pub(crate) async fn start_users(&mut self) {
        let config = user_service::Config { listen: listen(&self.common.urls.users), ..Default::default() };
        let settings = Settings { common: self.common.clone(), service: config };
        self.users = Some(UserService::up(settings).await.unwrap());
    }

    pub(crate) async fn start_channels(&mut self) {
        let config =
            channel_service::Config { listen: listen(&self.common.urls.channels), ..Default::default() };
        let settings = Settings { common: self.common.clone(), service: config };
        self.channels = Some(ChannelService::up(settings).await.unwrap());
    }

    pub(crate) async fn start_messages(&mut self) {
        let config = Config { listen: listen(&self.common.urls.messages), ..self.config.clone() };
        let settings = Settings { common: self.common.clone(), service: config };
        self.messages = Some(MessageService::up(settings).await.unwrap());
    }

    pub(crate) async fn stop_channels(&mut self) {
        assert!(self.channels.take().unwrap().stop().await);
    }

    pub(crate) async fn stop_messages(&mut self) {
        assert!(self.messages.take().unwrap().stop().await);
    }

    fn base(&self, service: ServiceName) -> String {
        let urls = &self.common.urls;
        let url = match service {
            ServiceName::Users => &urls.users,
            ServiceName::Channels => &urls.channels,
            _ => &urls.messages,
        };
        url.as_str().trim_end_matches('/').to_owned()
    }

    pub(crate) fn request(
        &self,
        service: ServiceName,
        who: Option<&Someone>,
        method: &str,
        path: &str,
    ) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.http.request(method, format!("{}{path}", self.base(service))).timeout(PATIENCE);
        match who {
            Some(who) => request.bearer_auth(&who.token),
            None => request,
        }
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::Null) }
    }

    /// Asks message-service.
    pub(crate) async fn ask(&self, who: &Someone, method: &str, path: &str, body: Value) -> Answer {
        let request = self.request(ServiceName::Messages, Some(who), method, path);
        self.send(if body.is_null() { request } else { request.json(&body) }).await
    }

    pub(crate) async fn get(&self, who: &Someone, path: &str) -> Answer {
        self.ask(who, "GET", path, Value::Null).await
    }

    pub(crate) async fn says(&self, who: &Someone, channel: &str, text: &str) -> Answer {
        self.ask(who, "POST", &format!("/v1/channels/{channel}/messages"), json!({ "text": text })).await
    }

    pub(crate) async fn says_once(&self, who: &Someone, channel: &str, text: &str, key: &str) -> Answer {
        let path = format!("/v1/channels/{channel}/messages");
        let request =
            self.request(ServiceName::Messages, Some(who), "POST", &path).header("idempotency-key", key);
        self.send(request.json(&json!({ "text": text }))).await
    }

    /// Texts of the latest entries.
    pub(crate) async fn texts(&self, who: &Someone, path: &str) -> Vec<String> {
        let page = self.get(who, path).await.ok();
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["text"].as_str().unwrap().to_owned())
            .collect()
    }

    /// message-service's own database, beside it.
    pub(crate) async fn rows(&self) -> sqlx::SqlitePool {
        let file = self.dir.path().join("messages.db");
        sqlx::SqlitePool::connect(&format!("sqlite:{}", file.display())).await.unwrap()
    }

    pub(crate) async fn account(&self, name: &str) -> Someone {
        let password = "correct horse battery";
        let register = self.request(ServiceName::Users, None, "POST", "/v1/accounts");
        self.send(register.json(&json!({ "name": name, "password": password }))).await.ok();
        let request = self.request(ServiceName::Users, None, "POST", "/v1/tokens");
        let grant = json!({ "grant_type": "password", "name": name, "password": password });
        someone(name, &self.send(request.json(&grant)).await.ok())
    }

    pub(crate) async fn guest(&self, nick: &str) -> Someone {
        let request = self.request(ServiceName::Users, None, "POST", "/v1/tokens");
        let tokens = self.send(request.json(&json!({ "grant_type": "guest", "nick": nick }))).await.ok();
        someone(nick, &tokens)
    }

    /// Another token of an account, with these scopes.
    pub(crate) async fn logs_in(&self, name: &str, scopes: &str) -> Someone {
        let body = json!({ "grant_type": "password", "name": name, "password": PASSWORD, "scope": scopes });
        let request = self.request(ServiceName::Users, None, "POST", "/v1/tokens");
        someone(name, &self.send(request.json(&body)).await.ok())
    }

    /// Asks channel-service.
    pub(crate) async fn rules(&self, who: &Someone, method: &str, path: &str, body: Value) -> Value {
        self.send(self.request(ServiceName::Channels, Some(who), method, path).json(&body)).await.ok()
    }

    pub(crate) async fn joins(&self, who: &Someone, channel: &str) -> Value {
        self.rules(who, "PUT", &format!("/v1/channels/{channel}/members/me"), json!({})).await
    }

    /// channel-service takes so much longer for the next request to `path`.
    pub(crate) async fn slows_channels(&self, path: &str, millis: u64) {
        let fault = json!({ "path": path, "fault": "slow", "millis": millis });
        self.send(self.request(ServiceName::Channels, None, "POST", "/v1/test/faults").json(&fault))
            .await
            .ok();
    }

    pub(crate) async fn kicks(&self, who: &Someone, channel: &str, whom: &Someone) -> u64 {
        let path = format!("/v1/channels/{channel}/members/{}", whom.id);
        self.rules(who, "DELETE", &path, json!({})).await["channel"]["version"].as_u64().unwrap()
    }

    pub(crate) async fn modes(&self, who: &Someone, channel: &str, modes: Value) {
        self.rules(who, "PATCH", &format!("/v1/channels/{channel}/modes"), modes).await;
    }

    /// What another service is to this one.
    pub(crate) fn client_of(&self, name: ServiceName) -> client::Messages {
        let keys = Arc::new(Keys::open(&self.common.secrets_dir(), name).unwrap());
        let signer = Signer::new(keys, Clock::system());
        let credentials =
            Arc::new(move || signer.bearer().to_str().unwrap().trim_start_matches("Bearer ").to_owned());
        let base = self.base(ServiceName::Messages);
        let service = client::Service::new(ServiceName::Messages, &base, credentials).unwrap();
        client::Messages(service.with_origin(GATEWAY.to_owned()))
    }

    pub(crate) fn gateway(&self) -> client::Messages {
        self.client_of(ServiceName::Gateway)
    }

    /// Sends a batch again and again as a gateway does, until nothing in it is stale.
    pub(crate) async fn batch(&self, items: &[SendItem]) -> Vec<SendResult> {
        let gateway = self.gateway();
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let results = gateway.send(&Batch { items: items.to_vec() }).await.unwrap().items;
            if !results.iter().any(|result| matches!(result, SendResult::Stale)) {
                return results;
            }
            assert!(tokio::time::Instant::now() < deadline, "still stale: {results:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) fn stream(&self, who: &Someone, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.base(ServiceName::Messages))).bearer_auth(&who.token)
    }
}

fn listen(url: &url::Url) -> std::net::SocketAddr {
    ([127, 0, 0, 1], url.port().unwrap()).into()
}

fn someone(nick: &str, tokens: &Value) -> Someone {
    Someone {
        token: tokens["access_token"].as_str().unwrap().to_owned(),
        id: tokens["user"]["id"].as_str().unwrap().try_into().unwrap(),
        nick: nick.to_owned(),
    }
}

impl Someone {
    /// As a gateway names them.
    pub(crate) fn actor(&self) -> Actor {
        Actor {
            person: Person {
                id: self.id.clone(),
                nick: self.nick.as_str().try_into().unwrap(),
                user_version: 1,
            },
            account: None,
            session: Some(SessionId::try_from("5session").unwrap()),
            scopes: Scopes::ordinary(),
            username: "~u".to_owned(),
            host: "h.cloak".to_owned(),
            since: Timestamp::now().as_micros(),
        }
    }

    pub(crate) fn item(&self, to: SendTo, text: &str, key: &str) -> SendItem {
        SendItem {
            actor: self.actor(),
            to,
            channel_version: None,
            kind: api::EntryKind::Message,
            text: text.to_owned(),
            reply_to: None,
            of: None,
            key: key.to_owned(),
            trace: None,
        }
    }
}

pub(crate) fn channel_id(joined: &Value) -> ChannelId {
    joined["channel"]["id"].as_str().unwrap().try_into().unwrap()
}

#[track_caller]
pub(crate) fn stored(result: &SendResult) -> api::Entry {
    match result {
        SendResult::Stored { entry, .. } => entry.clone(),
        other => panic!("not stored: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn problem(result: &SendResult) -> ErrorCode {
    match result {
        SendResult::Problem(problem) => problem.code,
        other => panic!("not refused: {other:?}"),
    }
}

/// A stream of server-sent events being read.
pub(crate) struct Events {
    response: reqwest::Response,
    text: String,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) data: Value,
}

impl Events {
    pub(crate) async fn open(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The next event; none when the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        tokio::time::timeout(PATIENCE, self.read()).await.expect("an event in time")
    }

    async fn read(&mut self) -> Option<Event> {
        loop {
            while let Some((frame, rest)) = self.text.split_once("\n\n") {
                let event = parse(frame);
                self.text = rest.to_owned();
                if event.is_some() {
                    return event;
                }
            }
            let chunk = self.response.chunk().await.ok()??;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    pub(crate) async fn texts(&mut self, count: usize) -> Vec<String> {
        let mut texts = Vec::new();
        for _ in 0..count {
            let event = self.next().await.expect("the stream goes on");
            texts.push(event.data["text"].as_str().unwrap_or_default().to_owned());
        }
        texts
    }
}

/// Comments are none.
fn parse(frame: &str) -> Option<Event> {
    let field = |name: &str| {
        let prefix = format!("{name}: ");
        frame.lines().find_map(|line| line.strip_prefix(prefix.as_str())).map(str::to_owned)
    };
    let data = field("data")?;
    Some(Event {
        id: field("id").unwrap_or_default(),
        kind: field("event").unwrap_or_default(),
        data: serde_json::from_str(&data).unwrap(),
    })
}

/// Waits until something is refused so: a change of the rules needs a moment on its way here.
pub(crate) async fn refused_soon(code: ErrorCode, mut ask: impl AsyncFnMut() -> Answer) -> Value {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let answer = ask().await;
        if answer.status >= 400 || tokio::time::Instant::now() > deadline {
            return answer.refused(code);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits for a condition.
pub(crate) async fn soon(what: &str, mut happened: impl AsyncFnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !happened().await {
        assert!(tokio::time::Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
