use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use api::auth::ServiceName;
use reqwest::{Method, RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};

/// Beyond every service's own time-outs.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A program that calls the REST APIs, as one person or service, or as nobody.
#[derive(Clone)]
pub struct Rest {
    http: reqwest::Client,
    /// Of each service's replicas, which are asked in turns.
    bases: BTreeMap<ServiceName, Vec<String>>,
    turn: Arc<AtomicUsize>,
    pub token: Option<String>,
    /// Of the person whose token it is.
    pub id: String,
    /// More than one token is got by one.
    pub refresh_token: Option<String>,
    headers: Vec<(String, String)>,
}

impl Rest {
    pub(crate) fn new(bases: BTreeMap<ServiceName, Vec<String>>) -> Self {
        let http = reqwest::Client::builder().no_proxy().timeout(TIMEOUT).build();
        Self {
            http: http.expect("a plain HTTP client can always be made"),
            bases,
            turn: Arc::default(),
            token: None,
            id: String::new(),
            refresh_token: None,
            headers: Vec::new(),
        }
    }

    /// The same program with this token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// As nobody.
    #[must_use]
    pub fn without_token(&self) -> Self {
        Self { token: None, ..self.clone() }
    }

    /// With this header on every request.
    #[must_use]
    pub fn with_header(&self, name: &str, value: &str) -> Self {
        let mut other = self.clone();
        other.headers.push((name.to_owned(), value.to_owned()));
        other
    }

    /// A guest of that nick.
    ///
    /// # Panics
    /// If the nick is refused.
    pub async fn guest(&self, nick: &str) -> Self {
        self.grant(&json!({ "grant_type": "guest", "nick": nick })).await
    }

    /// Registers an account and logs in.
    ///
    /// # Panics
    /// If either is refused.
    pub async fn account(&self, name: &str, password: &str) -> Self {
        self.without_token()
            .post(ServiceName::Users, "/v1/accounts", &json!({ "name": name, "password": password }))
            .await
            .is(201);
        self.login(name, password).await
    }

    /// # Panics
    /// If it is refused.
    pub async fn login(&self, name: &str, password: &str) -> Self {
        self.grant(&json!({ "grant_type": "password", "name": name, "password": password })).await
    }

    /// Exchanges something for an access token.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn grant(&self, grant: &Value) -> Self {
        let answer = self.without_token().post(ServiceName::Users, "/v1/tokens", grant).await;
        let body = &answer.is(200).body;
        let mut person = self.with_token(body["access_token"].as_str().expect("an access token"));
        person.id = body["user"]["id"].as_str().expect("a user id").to_owned();
        person.refresh_token = body["refresh_token"].as_str().map(str::to_owned);
        person
    }

    pub async fn get(&self, service: ServiceName, path: &str) -> Answer {
        self.send(self.request(Method::GET, service, path)).await
    }

    pub async fn post(&self, service: ServiceName, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, service, path).json(body)).await
    }

    pub async fn put(&self, service: ServiceName, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PUT, service, path).json(body)).await
    }

    pub async fn patch(&self, service: ServiceName, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PATCH, service, path).json(body)).await
    }

    pub async fn delete(&self, service: ServiceName, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, service, path)).await
    }

    /// A request with all that is set here, for whoever needs more than a JSON body.
    ///
    /// # Panics
    /// If the town has no such service.
    pub fn request(&self, method: Method, service: ServiceName, path: &str) -> RequestBuilder {
        let (replicas, turn) = (&self.bases[&service], self.turn.fetch_add(1, Ordering::Relaxed));
        let base = &replicas[turn % replicas.len()];
        let mut request = self.http.request(method, format!("{base}{path}"));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request
    }

    /// # Panics
    /// If there is no answer; see [`try_send`](Self::try_send) for a service that is down.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        self.try_send(request).await.unwrap_or_else(|error| panic!("no answer: {error:?}"))
    }

    /// # Errors
    /// Nobody answers.
    pub async fn try_send(&self, request: RequestBuilder) -> reqwest::Result<Answer> {
        let request = request.build()?;
        let to = format!("{} {}", request.method(), request.url());
        let response = self.http.execute(request).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Answer { status, headers, body, text, to })
    }

    /// Joins a channel.
    pub async fn joins(&self, channel: &str) -> Answer {
        let path = format!("/v1/channels/{}/members/me", segment(channel));
        self.put(ServiceName::Channels, &path, &json!({})).await
    }

    /// Sends a message to a channel.
    pub async fn sends(&self, channel: &str, text: &str) -> Answer {
        let path = format!("/v1/channels/{}/messages", segment(channel));
        self.post(ServiceName::Messages, &path, &json!({ "text": text })).await
    }

    /// The latest 1000 entries of a channel.
    pub async fn history(&self, channel: &str) -> Answer {
        let path = format!("/v1/channels/{}/messages?limit=1000", segment(channel));
        self.get(ServiceName::Messages, &path).await
    }
}

/// A channel (without its first `#`), nick or id as one segment of a path.
pub fn segment(name: &str) -> String {
    let name = name.strip_prefix('#').unwrap_or(name);
    name.bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        })
        .collect()
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// Null if it was no JSON.
    pub body: Value,
    pub text: String,
    /// What was asked.
    to: String,
}

impl Answer {
    /// # Panics
    /// If the status is another.
    #[track_caller]
    pub fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{}: {}", self.to, self.text);
        self
    }

    /// # Panics
    /// If it is no success.
    #[track_caller]
    pub fn ok(&self) -> &Self {
        assert!(self.status < 300, "{}: {} {}", self.to, self.status, self.text);
        self
    }

    /// The problem's code; empty for a success.
    pub fn code(&self) -> &str {
        if self.status < 400 { "" } else { self.body["code"].as_str().unwrap_or("") }
    }

    /// Status and code: `403 banned`, or the status alone.
    pub fn verdict(&self) -> String {
        format!("{} {}", self.status, self.code()).trim_end().to_owned()
    }

    /// # Panics
    /// If it is not refused with this code.
    #[track_caller]
    pub fn refused(&self, code: &str) -> &Self {
        assert_eq!(self.code(), code, "{}: {} {}", self.to, self.status, self.text);
        self
    }

    /// A header's text; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    /// The items of a list.
    ///
    /// # Panics
    /// If it is none.
    #[track_caller]
    pub fn items(&self) -> &Vec<Value> {
        self.ok().body["items"].as_array().unwrap_or_else(|| panic!("{}: no items: {}", self.to, self.text))
    }
}
