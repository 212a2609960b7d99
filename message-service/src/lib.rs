//! Owns what is said: the entries of channels' and direct conversations, numbered without a hole, their idempotency keys, read markers.
//! Gateways and programs ask it over REST; a send goes routes → channels (may they?) → writer (one transaction for all that waits) →
//! live (bus and streams), and is answered once it is committed. Knows nothing of sockets; see the gateway for those.

mod app;
mod background;
mod channels;
mod config;
pub mod domain;
mod live;
mod routes;
pub mod store;
mod strangers;
mod stream;
pub mod writer;

use std::{sync::Arc, time::Duration};

use anyhow::ensure;
use api::auth::ServiceName;
use kit::{Kit, Running, Service, config::Settings, rate::Pace};

pub use self::config::Config;
use self::{
    app::{App, Parts, Waiting},
    channels::Channels,
    live::Live,
    store::Store,
    strangers::Strangers,
    stream::Streams,
    writer::{Limits, Writer},
};

/// Gateways give up on an item long before.
const WAITING: Duration = Duration::from_secs(30);

pub struct MessageService;

/// The API, for whoever documents it without running it.
pub fn api() -> utoipa::openapi::OpenApi {
    kit::http::document(MessageService::NAME, routes::all())
}

impl Service for MessageService {
    const NAME: ServiceName = ServiceName::Messages;
    type Config = Config;

    async fn up(settings: Settings<Config>) -> anyhow::Result<Running> {
        let Settings { common, service: config } = settings;
        ensure!(config.queue > 0, "messages.queue: at least 1");
        ensure!(config.transaction > 0, "messages.transaction: at least 1");
        let url = common.database(config.database.as_ref(), Self::SECTION);
        let db = kit::db::connect(&url, &store::migrations()).await?;
        let kit = Kit::open(Self::NAME, &common).await?;
        kit.claim(&db).await?;
        kit.readiness.database(&db);
        let store = Store::open(db).await?;
        let owner = client::Channels(neighbour(&kit, ServiceName::Channels)?);
        let channels = Channels::start(&kit, owner, store.clone(), &config);
        let limits = Limits { queue: config.queue, transaction: config.transaction };
        let (writer, committed) = Writer::start(store.clone(), kit.clock.clone(), limits, &kit.tasks);
        let live = Live::default();
        kit.tasks.finish("publisher", live::publish(committed, kit.bus.clone(), live.clone()));
        let listen = config.listen;
        let users = client::Users(neighbour(&kit, ServiceName::Users)?);
        let app = App::from(Parts {
            store,
            writer,
            channels,
            strangers: Strangers::new(users.clone()),
            users,
            live,
            bus: kit.bus.clone(),
            streams: Streams::new(config.streams, config.streams_each),
            verifier: kit.verifier.clone(),
            clock: kit.clock.clone(),
            config,
            erasures: tokio::sync::Notify::new(),
            waiting: Waiting::new(WAITING),
        });
        background::start(&kit.tasks, &app);
        let pace = Pace::new(app.config.writes_of_person, kit.clock.clone());
        kit.serve(listen, routes::served(pace).with_state(app)).await
    }
}

fn neighbour(kit: &Kit, name: ServiceName) -> anyhow::Result<client::Service> {
    let signer = kit.signer.clone();
    let credentials = Arc::new(move || {
        let bearer = signer.bearer();
        bearer.to_str().unwrap_or_default().trim_start_matches("Bearer ").to_owned()
    });
    let url = match name {
        ServiceName::Users => &kit.common.urls.users,
        _ => &kit.common.urls.channels,
    };
    client::Service::new(name, url.as_str(), credentials)
}
