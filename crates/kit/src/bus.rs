//! The bus says "look": frames that were lost, repeated or reordered cost time, never truth. Small on purpose: publish and subscribe.

mod http;
mod nats;
mod subscription;

use api::bus::Frame;
use url::Url;
use utoipa_axum::router::OpenApiRouter;

pub use self::{
    http::HttpBus,
    nats::NatsBus,
    subscription::{BusItem, Interest, Subscription},
};
use crate::{
    auth::Signer,
    config::{BusConfig, BusKind},
    service::Tasks,
};

/// How live events travel.
#[derive(Clone)]
pub enum Bus {
    /// Each owner streams its own events at `GET /v1/events`; one replica of each service.
    Http(HttpBus),
    /// Core subjects of NATS; any number of replicas.
    Nats(NatsBus),
}

/// What a reader wants to hear.
#[derive(Debug, Clone)]
pub struct Feed {
    /// The base URL of the service that publishes it; NATS does not need it.
    pub owner: Url,
    /// What subjects begin with, such as `user.`
    pub prefixes: Vec<String>,
    /// Frames of this origin are dropped undecoded: it has applied them already.
    pub own_origin: Option<String>,
    /// Only the subjects named through [`Subscription::interest`], instead of all with the prefixes.
    pub chosen: bool,
}

impl Feed {
    /// All frames of `owner` whose subject begins so.
    pub fn all(owner: &Url, prefixes: &[&str]) -> Self {
        let prefixes = prefixes.iter().map(|&prefix| prefix.to_owned()).collect();
        Self { owner: owner.clone(), prefixes, own_origin: None, chosen: false }
    }

    /// Those subjects among them that are named later, one by one.
    pub fn chosen(owner: &Url, prefixes: &[&str]) -> Self {
        Self { chosen: true, ..Self::all(owner, prefixes) }
    }

    /// Without what this origin caused.
    #[must_use]
    pub fn without(mut self, origin: impl Into<String>) -> Self {
        self.own_origin = Some(origin.into());
        self
    }
}

impl Bus {
    /// Opens the configured bus. NATS may be away: it is followed as soon as it is there.
    pub async fn open(
        config: &BusConfig,
        signer: Signer,
        http: reqwest::Client,
        tasks: &Tasks,
    ) -> anyhow::Result<Self> {
        Ok(match config.kind {
            BusKind::Http => Self::Http(HttpBus::new(signer, http, tasks.clone())),
            BusKind::Nats => Self::Nats(NatsBus::open(config, tasks.clone()).await?),
        })
    }

    /// Publishes what was committed. Never waits; what does not fit is dropped and counted, and readers heal.
    pub fn publish(&self, frame: Frame) {
        metrics::counter!("bus_published_total").increment(1);
        match self {
            Self::Http(bus) => bus.publish(&frame),
            Self::Nats(bus) => bus.publish(frame),
        }
    }

    /// Follows a feed until the subscription is dropped.
    pub fn subscribe(&self, feed: Feed) -> Subscription {
        match self {
            Self::Http(bus) => bus.subscribe(feed),
            Self::Nats(bus) => bus.subscribe(feed),
        }
    }

    /// What the owner must serve for this bus.
    pub fn routes(&self) -> OpenApiRouter {
        match self {
            Self::Http(bus) => bus.routes(),
            Self::Nats(_) => OpenApiRouter::new(),
        }
    }

    /// Whether several replicas of one service hear each other: without it a service runs alone.
    pub fn joins_replicas(&self) -> bool {
        matches!(self, Self::Nats(_))
    }
}

/// What the bus without a bus server adds to every owner's description.
pub(crate) fn described() -> utoipa::openapi::OpenApi {
    http::routes().into_openapi()
}
