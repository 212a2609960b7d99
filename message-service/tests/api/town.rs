//! user-, channel- and message-service as they are, and people who use them over HTTP.

use std::{sync::Arc, time::Duration};

use api::{
    auth::ServiceName,
    messages::{SendItem, SendResult},
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

use crate::{
    answers::Answer,
    people::{Someone, someone},
};

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
        // Each is told of the others before it starts.
        let url = || format!("http://127.0.0.1:{}", kit::testing::port()).parse().unwrap();
        common.urls.users = url();
        common.urls.channels = url();
        common.urls.messages = url();
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

    pub(crate) async fn stop_users(&mut self) {
        assert!(self.users.take().unwrap().stop().await);
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

/// Waits for a condition.
pub(crate) async fn soon(what: &str, mut happened: impl AsyncFnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !happened().await {
        assert!(tokio::time::Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
