//! Keeps accounts, tokens, nicks, sessions and gateways' leases: who people are, and whether they are there. Asked by gateways and
//! programs over REST; tells everybody what happened to people over the bus; asks channel-, message- and log-service only to
//! carry ends and erasures to them.

mod app;
mod background;
mod config;
pub mod domain;
mod keyring;
mod login;
pub mod operator;
mod passwords;
mod routes;
pub mod store;
mod work;

use std::sync::Arc;

use api::auth::ServiceName;
use arc_swap::ArcSwap;
use kit::{Clock, Kit, Running, Service, auth::KeySource, config::Settings, rate::Tries};
use parking_lot::Mutex;

pub use self::config::{AlwaysOn, Config, PasswordRules, Rate, Registration};
use self::{
    app::{App, Parts, Tried},
    keyring::Keyring,
    passwords::Passwords,
    store::Store,
    work::Neighbours,
};

pub struct UserService;

/// The API, for whoever documents it without running it.
pub fn api() -> utoipa::openapi::OpenApi {
    kit::http::document(UserService::NAME, routes::all())
}

impl Service for UserService {
    const NAME: ServiceName = ServiceName::Users;
    type Config = Config;

    async fn up(settings: Settings<Config>) -> anyhow::Result<Running> {
        up(settings, Clock::system()).await
    }
}

/// Starts the service, with a clock of the caller's.
pub async fn up(settings: Settings<Config>, clock: Clock) -> anyhow::Result<Running> {
    let Settings { common, service: config } = settings;
    let url = common.database(config.database.as_ref(), UserService::SECTION);
    let db = kit::db::connect(&url, &store::migrations()).await?;
    let keyring = Arc::new(ArcSwap::from_pointee(Keyring::default()));
    let published = keyring.clone();
    let source = KeySource::Local(Arc::new(move || published.load().jwks()));
    let kit = Kit::open_with(UserService::NAME, &common, source, clock).await?;
    kit.claim(&db).await?;
    kit.readiness.database(&db);
    let store = Store::open(db).await?;
    let listen = config.listen;
    let tries = |rate| Mutex::new(Tries::new(rate));
    let app = App::from(Parts {
        clock: kit.clock.clone(),
        bus: kit.bus.clone(),
        verifier: kit.verifier.clone(),
        passwords: Passwords::new(config.hashes_at_once, config.hashes_waiting)?,
        keyring,
        bans: ArcSwap::default(),
        tries: Tried {
            accounts: tries(config.logins_of_account),
            addresses: tries(config.logins_from_address),
            newcomers: tries(config.newcomers_from_address),
        },
        cloak_key: store.secret("cloak").await?,
        session_key: store.secret("sessions").await?,
        scram_key: store.secret("scram").await?,
        work: tokio::sync::Notify::new(),
        looking: tokio::sync::Mutex::default(),
        neighbours: Neighbours::new(&kit)?,
        store,
        config,
    });
    app.look().await?;
    background::start(&app, &kit);
    kit.serve(listen, routes::all().with_state(app)).await
}
