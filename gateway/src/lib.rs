//! TCP in, REST out, events back: speaks with clients, asks the owners, and shows everyone what happens. Owns nothing durable; the
//! order of one client's commands, bounded queues, and that no half-dead connection stays are its to keep.
//!
//! A line's way: `connection` → `dialect` → `commands` → `client` (REST) → `hub` → `sendq` → `connection`.

mod command;
mod commands;
mod config;
mod connection;
mod dialect;
mod event;
mod feeds;
mod gateway;
mod hub;
mod lane;
mod lease;
mod listener;
mod rate;
mod refusal;
mod reopen;
mod reply;
mod sendq;
mod session;
mod web;

use std::net::SocketAddr;

use api::auth::ServiceName;
use kit::{Kit, Running, Service, config::Settings};

pub use self::config::{Config, Limits};
use self::{
    dialect::{Dialect, plain},
    hub::Healer,
};

/// The gateway, as it is started like the other services.
pub struct Gateway;

impl Service for Gateway {
    const NAME: ServiceName = ServiceName::Gateway;
    type Config = Config;

    async fn up(settings: Settings<Config>) -> anyhow::Result<Running> {
        Ok(start(settings).await?.running)
    }
}

/// A gateway that runs.
pub struct Started {
    pub running: Running,
    /// Where the line protocol is spoken; the port is real if 0 was asked for.
    pub lines: SocketAddr,
}

/// Starts a gateway; it takes connections when this returns.
pub async fn start(settings: Settings<Config>) -> anyhow::Result<Started> {
    let Settings { common, service: config } = settings;
    let listener = kit::http::bind(config.lines, "gateway.lines")?;
    let lines = listener.local_addr()?;
    let kit = Kit::open(ServiceName::Gateway, &common).await?;
    let listen = config.listen;
    let gateway = gateway::Gateway::new(&kit, config)?;
    let healer = Healer::new(gateway.clone());
    feeds::follow(&kit, &gateway, &healer);
    let leased = kit.readiness.gate("lease");
    let tasks = kit.tasks.clone();
    tasks.keep("heal", {
        let healer = healer.clone();
        move || healer.clone().run()
    });
    tasks.keep("heads", {
        let healer = healer.clone();
        move || healer.clone().heads()
    });
    tasks.keep("doubts", move || healer.clone().resolve_doubts());
    tasks.keep("lease", {
        let gateway = gateway.clone();
        move || lease::keep(gateway.clone(), leased.clone())
    });
    tasks.keep("measure", {
        let gateway = gateway.clone();
        move || web::measure(gateway.clone())
    });
    let before = lease::take_turns(&common.data, lines.port(), &gateway.id);
    lease::begin(&gateway, before, &tasks).await;
    let running = web::serve(kit, listen).await?;
    let dialect = Dialect::Plain(plain::Format::Wire);
    let draining = tasks.draining_token();
    tasks.serve("lines", async move {
        listener::run(listener, gateway.clone(), dialect, draining).await;
        lease::end(&gateway).await;
    });
    tracing::info!(addr = %lines, "the line protocol is spoken at {lines}");
    Ok(Started { running, lines })
}
