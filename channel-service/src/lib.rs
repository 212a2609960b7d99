//! Owns channels: who is in them and who may do what there. Gateways, message-service and programs ask it over REST; every change goes
//! routes → changes → domain (the rules) → store (one transaction) → bus, and is answered with the event that the bus carries.
//! Knows nothing of messages; see message-service for those, and of nicks only what user-service tells.

mod changes;
mod config;
pub mod domain;
mod error;
mod people;
mod routes;
pub mod store;
mod upkeep;

use std::sync::Arc;

use anyhow::ensure;
use api::auth::ServiceName;
use kit::{Kit, Running, Service, auth::Verifier, config::Settings, db::Migrations, rate::Pace};

pub use self::config::Config;
use self::{changes::Changes, store::Store};

pub struct ChannelService;

/// The tables, for the service and for tests of the store.
pub fn migrations() -> Migrations {
    kit::migrations!()
}

/// The API, for whoever documents it without running it.
pub fn api() -> utoipa::openapi::OpenApi {
    kit::http::document(ChannelService::NAME, routes::all())
}

impl Service for ChannelService {
    const NAME: ServiceName = ServiceName::Channels;
    type Config = Config;

    async fn up(settings: Settings<Config>) -> anyhow::Result<Running> {
        let Settings { common, service: config } = settings;
        let url = common.database(config.database.as_ref(), Self::SECTION);
        let db = kit::db::connect(&url, &migrations()).await?;
        let kit = Kit::open(Self::NAME, &common).await?;
        kit.claim(&db).await?;
        kit.readiness.database(&db);
        let neighbour = |name, url: &dyn std::fmt::Display| {
            let signer = kit.signer.clone();
            let credentials = Arc::new(move || {
                let bearer = signer.bearer();
                let bearer = bearer.to_str().unwrap_or_default();
                bearer.trim_start_matches("Bearer ").to_owned()
            });
            client::Service::new(name, &url.to_string(), credentials)
        };
        let changes = Changes {
            store: Store::open(db).await?,
            bus: kit.bus.clone(),
            clock: kit.clock.clone(),
            config: Arc::new(config),
            users: client::Users(neighbour(ServiceName::Users, &common.urls.users)?),
            messages: client::Messages(neighbour(ServiceName::Messages, &common.urls.messages)?),
        };
        upkeep::start(&kit.tasks, &changes);
        people::start(&kit, &changes);
        ensure!(changes.config.max_members > 0, "channels.max_members: at least 1");
        let listen = changes.config.listen;
        let pace = Pace::new(changes.config.writes_of_person, kit.clock.clone());
        let routes = routes::served(pace).with_state(App { changes, verifier: kit.verifier.clone() });
        kit.serve(listen, routes).await
    }
}

/// What the handlers have in hand.
#[derive(Clone)]
struct App {
    changes: Changes,
    verifier: Arc<Verifier>,
}
