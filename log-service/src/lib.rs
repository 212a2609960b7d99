//! Keeps what every service logged, so that operators can find it: records come in batches from the telemetry layer of each
//! process (`kit::telemetry`), are listed and followed over REST, and go by age and size. At the end of the way that every
//! record takes; nobody waits for this service, and chat goes on without it.

mod config;
pub mod domain;
mod error;
mod routes;
pub mod store;
mod sweep;

use std::sync::Arc;

use api::auth::ServiceName;
use kit::{Clock, Kit, Running, Service, auth::Verifier, config::Settings};
use tokio::sync::{Semaphore, watch};

pub use self::config::Config;
use self::store::Store;

pub struct LogService;

/// The API, for whoever documents it without running it.
pub fn api() -> utoipa::openapi::OpenApi {
    kit::http::document(LogService::NAME, routes::all())
}

impl Service for LogService {
    const NAME: ServiceName = ServiceName::Logs;
    type Config = Config;

    async fn up(settings: Settings<Config>) -> anyhow::Result<Running> {
        let Settings { common, service: config } = settings;
        let url = common.database(config.database.as_ref(), Self::SECTION);
        let db = kit::db::connect(&url, &store::migrations()).await?;
        let kit = Kit::open(Self::NAME, &common).await?;
        kit.readiness.database(&db);
        kit.claim(&db).await?;
        let store = Store::open(db).await?;
        kit.tasks.spawn("retention", sweep::run(store.clone(), kit.clock.clone(), config.clone()));
        let app = App {
            newest: Arc::new(watch::Sender::new(store.head().await?)),
            store,
            clock: kit.clock.clone(),
            verifier: kit.verifier.clone(),
            streams: Arc::new(Semaphore::new(config.streams)),
        };
        let routes = routes::all().with_state(app);
        kit.serve(config.listen, routes).await
    }
}

/// What the handlers have in hand.
#[derive(Clone)]
struct App {
    store: Store,
    clock: Clock,
    verifier: Arc<Verifier>,
    /// The last id stored here, so that streams of this process wait for no clock.
    newest: Arc<watch::Sender<i64>>,
    /// One permit for each open stream.
    streams: Arc<Semaphore>,
}
