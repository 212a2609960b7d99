use std::{net::SocketAddr, sync::Arc, time::Duration};

use api::auth::ServiceName;
use utoipa_axum::router::OpenApiRouter;

use super::{Running, Tasks};
use crate::{
    auth::{KeySource, Signer, Verifier},
    bus::Bus,
    clock::Clock,
    config::Common,
    http::{Readiness, ServiceFrame, serve},
    secrets::Keys,
    telemetry,
};

/// Connecting to a neighbour: it is on the same network or it is away.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);

/// Idle connections are given up before the other end does (`http.header_timeout`, 90 s), so that no request meets a closing one.
const IDLE: Duration = Duration::from_secs(60);

/// What a service has in hand before it knows anything of its own.
#[derive(Clone)]
pub struct Kit {
    pub name: ServiceName,
    pub clock: Clock,
    /// Signs this service's calls to others.
    pub signer: Signer,
    pub verifier: Arc<Verifier>,
    pub bus: Bus,
    pub tasks: Tasks,
    pub readiness: Readiness,
    /// For calls to other services; pooled, so clone it.
    pub http: reqwest::Client,
    pub common: Common,
}

impl Kit {
    /// Opens keys and bus, with the keys of people's tokens fetched from `common.urls.users`.
    pub async fn open(name: ServiceName, common: &Common) -> anyhow::Result<Self> {
        let source = KeySource::Remote(common.urls.users.clone());
        Self::open_with(name, common, source, Clock::system()).await
    }

    /// As [`open`](Self::open), for the owner of people's keys ([`KeySource::Local`]) and for tests with a clock of their own.
    pub async fn open_with(
        name: ServiceName,
        common: &Common,
        source: KeySource,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        telemetry::metrics();
        let tasks = Tasks::new(name);
        let keys = Arc::new(Keys::open(&common.secrets_dir(), name)?);
        let http = client()?;
        let signer = Signer::new(keys.clone(), clock.clone());
        let verifier = Verifier::new(keys, clock.clone(), source, signer.clone(), http.clone(), &tasks);
        let bus = Bus::open(&common.bus, signer.clone(), http.clone(), &tasks).await?;
        if common.log.ship {
            telemetry::ship(common.urls.logs.clone(), signer.clone(), http.clone(), &tasks);
        }
        let (readiness, common) = (Readiness::default(), common.clone());
        Ok(Self { name, clock, signer, verifier, bus, tasks, readiness, http, common })
    }

    /// Makes sure that no second replica runs where replicas could not hear each other (no NATS) or SQLite has its one process, and
    /// that nobody copies the database meanwhile or has copied half of it.
    #[cfg(feature = "db")]
    pub async fn claim(&self, db: &crate::db::Db) -> anyhow::Result<()> {
        let claim = if self.bus.joins_replicas() {
            db.claim_together(self.name).await?
        } else {
            db.claim(self.name).await?
        };
        db.refuse_half_a_copy().await?;
        let stopping = self.tasks.stopping_token();
        self.tasks.finish("claim", async move {
            stopping.cancelled().await;
            drop(claim);
        });
        Ok(())
    }

    /// Serves `routes` (and what every service has) at `listen`, and the bus's stream if this bus needs it.
    pub async fn serve(self, listen: SocketAddr, routes: OpenApiRouter) -> anyhow::Result<Running> {
        let (name, tasks) = (self.name, self.tasks.clone());
        let frame = ServiceFrame {
            name,
            listen,
            routes: routes.merge(self.bus.routes()),
            readiness: self.readiness,
            limits: self.common.http,
            proxies: self.common.proxies,
            verifier: Some(self.verifier),
            tasks: tasks.clone(),
        };
        let addr = serve(frame).await?;
        Ok(Running { name, addr, tasks })
    }
}

fn client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .no_proxy()
        .tcp_nodelay(true)
        .connect_timeout(CONNECT_WITHIN)
        .pool_idle_timeout(IDLE)
        .redirect(reqwest::redirect::Policy::none())
        .build()
}
