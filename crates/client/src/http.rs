//! The one way a request leaves: who asks, the trace it belongs to, the deadline, and what an answer may be.

use std::{sync::Arc, time::Duration};

use api::{
    Problem,
    auth::{ACT_AS, Actor, CLIENT_ADDRESS, ORIGIN, ServiceName},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, RequestBuilder, Url, header::HeaderValue};
use serde::{Serialize, de::DeserializeOwned};
use tower::retry::budget::TpsBudget;

mod exchange;
mod instances;

use self::{exchange::Repeat, instances::Instances};

/// A person at a keyboard is told `503` within three seconds; this leaves half a second for all else.
pub const TIMEOUT: Duration = Duration::from_millis(2500);
/// A live service on any reachable host accepts within it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Idle connections kept for each service: as many as requests are usually in flight.
const IDLE_CONNECTIONS: usize = 32;
/// Bytes of an answer: the snapshot of a channel of 10,000 members has 3 MB.
const MAX_ANSWER_BYTES: usize = 32 * 1024 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The service says no, in the words of the catalogue.
    #[error("refused: {0}")]
    Refused(#[from] Problem),
    /// Nothing is known of what became of the request.
    #[error("{service} is not available")]
    Unavailable {
        service: ServiceName,
        #[source]
        source: reqwest::Error,
    },
    #[error("{service} answered what cannot be read")]
    Unreadable { service: ServiceName, detail: String },
}

impl Error {
    /// As the one who asked us is answered.
    pub fn problem(self) -> Problem {
        match self {
            Self::Refused(problem) => problem,
            Self::Unavailable { service, .. } | Self::Unreadable { service, .. } => {
                Problem::new(api::ErrorCode::Unavailable)
                    .detail(format!("{service} is not available"))
                    .retry_after(1)
            }
        }
    }

    /// Whether the request may or may not have been carried out.
    pub fn is_unknown(&self) -> bool {
        match self {
            Self::Refused(problem) => problem.status >= 500,
            Self::Unavailable { .. } | Self::Unreadable { .. } => true,
        }
    }
}

/// Makes the bearer token of this process's own service.
pub type Credentials = Arc<dyn Fn() -> String + Send + Sync>;

/// On whose behalf a request is made.
#[derive(Debug, Clone, Copy)]
pub enum Caller<'a> {
    /// This service itself.
    Service,
    /// A person, named by a gateway.
    Actor(&'a Actor),
    /// A connection without identity yet, known by its address only.
    Address(std::net::IpAddr),
}

/// One service's API: its address, and who we are to it. Where its name has several addresses, each is an instance of it.
#[derive(Clone)]
pub struct Service {
    name: ServiceName,
    base: Url,
    /// What the name's instances are asked as: some share an address and are told apart by it.
    host: HeaderValue,
    instances: Arc<Instances>,
    budget: Arc<TpsBudget>,
    http: reqwest::Client,
    credentials: Credentials,
    origin: Option<String>,
}

impl Service {
    /// # Errors
    /// `base` is not a URL, or the HTTP client cannot be made.
    pub fn new(name: ServiceName, base: &str, credentials: Credentials) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .tcp_nodelay(true)
            .build()?;
        let base: Url = base.parse()?;
        // Without the user that a URL may name.
        let host = base.authority().rsplit('@').next().unwrap_or_default().parse()?;
        Ok(Self {
            name,
            host,
            instances: Instances::new(base.clone()),
            budget: Arc::new(exchange::budget()),
            base,
            http,
            credentials,
            origin: None,
        })
    }

    /// Marks what comes of our requests as known to us: the bus brings it back with this origin, and we drop it unread.
    #[must_use]
    pub fn with_origin(mut self, origin: String) -> Self {
        self.origin = Some(origin);
        self
    }

    pub fn name(&self) -> ServiceName {
        self.name
    }

    pub(crate) fn request(&self, method: Method, path: &str, caller: Caller<'_>) -> RequestBuilder {
        let mut url = self.base.clone();
        url.set_path(path);
        let mut request = self.http.request(method, url).bearer_auth((self.credentials)());
        if let Some(trace) = kit::trace::current() {
            request = request.header(kit::trace::TRACEPARENT, trace.child().to_string());
        }
        if let Some(origin) = &self.origin {
            request = request.header(ORIGIN, origin);
        }
        match caller {
            Caller::Service => request,
            Caller::Actor(actor) => {
                let json = serde_json::to_vec(actor).expect("an actor is plain data");
                request.header(ACT_AS, BASE64_URL_SAFE_NO_PAD.encode(json))
            }
            Caller::Address(address) => request.header(CLIENT_ADDRESS, address.to_string()),
        }
    }

    /// Sends, and reads the answer or the problem.
    pub(crate) async fn send<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Error> {
        self.send_as(request, None).await
    }

    /// Sends, and expects an answer without a body.
    pub(crate) async fn send_for_nothing(&self, request: RequestBuilder) -> Result<(), Error> {
        let request = request.build().map_err(|source| self.unavailable(source))?;
        let repeat = Repeat::of(&request);
        self.exchange(request, repeat).await.map(drop)
    }

    async fn send_as<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        repeat: Option<Repeat>,
    ) -> Result<T, Error> {
        let request = request.build().map_err(|source| self.unavailable(source))?;
        let repeat = repeat.unwrap_or_else(|| Repeat::of(&request));
        let body = self.exchange(request, repeat).await?;
        serde_json::from_slice(&body).map_err(|error| self.unreadable(error.to_string()))
    }

    fn unavailable(&self, source: reqwest::Error) -> Error {
        Error::Unavailable { service: self.name, source: source.without_url() }
    }

    fn unreadable(&self, detail: String) -> Error {
        tracing::warn!(service = %self.name, detail, "an answer cannot be read");
        Error::Unreadable { service: self.name, detail }
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str, caller: Caller<'_>) -> Result<T, Error> {
        self.send(self.request(Method::GET, path, caller)).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        caller: Caller<'_>,
        body: &impl Serialize,
    ) -> Result<T, Error> {
        self.send(self.request(Method::POST, path, caller).json(body)).await
    }

    /// A POST that does no more when it comes twice.
    pub(crate) async fn post_idempotent<T: DeserializeOwned>(
        &self,
        path: &str,
        caller: Caller<'_>,
        body: &impl Serialize,
    ) -> Result<T, Error> {
        self.send_as(self.request(Method::POST, path, caller).json(body), Some(Repeat::Idempotent)).await
    }

    pub(crate) async fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        caller: Caller<'_>,
        body: &impl Serialize,
    ) -> Result<T, Error> {
        self.send(self.request(Method::PUT, path, caller).json(body)).await
    }

    pub(crate) async fn patch<T: DeserializeOwned>(
        &self,
        path: &str,
        caller: Caller<'_>,
        body: &impl Serialize,
    ) -> Result<T, Error> {
        self.send(self.request(Method::PATCH, path, caller).json(body)).await
    }
}

/// What stands for itself in a path segment (RFC 3986, unreserved).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');

/// A name as one segment of a path.
pub(crate) fn segment(name: &str) -> impl std::fmt::Display + '_ {
    utf8_percent_encode(name, SEGMENT)
}
