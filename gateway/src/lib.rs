//! TCP in, REST out, events back: speaks with clients, asks the owners, and shows everyone what happens. Owns nothing durable; the
//! order of one client's commands, bounded queues, and that no half-dead connection stays are its to keep.
//!
//! A line's way: `connection` → `dialect` → `commands` → `client` (REST) → `hub` → `sendq` → `connection`.

mod certificate;
mod command;
mod commands;
mod config;
mod connection;
mod dialect;
mod drain;
mod event;
mod feeds;
mod gateway;
mod hub;
mod lane;
mod lease;
mod leaving;
mod listener;
mod outcome;
mod rate;
mod reception;
mod refusal;
mod reopen;
mod reply;
mod sendq;
mod server;
mod session;
mod stream;
mod web;

use std::{net::SocketAddr, path::Path};

use api::auth::ServiceName;
use kit::{Kit, Running, Service, config::Settings, http::Acceptor};
use tokio_util::sync::CancellationToken;

pub use self::config::{Config, Limits};
use self::{
    certificate::Certificate,
    dialect::{Dialect, plain},
    hub::Healer,
    reception::Reception,
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
    /// The same over TLS.
    pub lines_tls: SocketAddr,
    /// Where IRC is spoken, and the same over TLS.
    pub irc: SocketAddr,
    pub irc_tls: SocketAddr,
}

/// Starts a gateway; it takes connections when this returns.
pub async fn start(settings: Settings<Config>) -> anyhow::Result<Started> {
    let Settings { common, service: config } = settings;
    let listener = kit::http::bind(config.lines, "gateway.lines")?;
    let lines = listener.local_addr()?;
    let tls_listener = kit::http::bind(config.lines_tls, "gateway.lines_tls")?;
    let lines_tls = tls_listener.local_addr()?;
    let irc_listener = kit::http::bind(config.irc, "gateway.irc")?;
    let irc = irc_listener.local_addr()?;
    let irc_tls_listener = kit::http::bind(config.irc_tls, "gateway.irc_tls")?;
    let irc_tls = irc_tls_listener.local_addr()?;
    let kit = Kit::open(ServiceName::Gateway, &common).await?;
    let certificate = Certificate::open(&config, &common)?;
    let listen = config.listen;
    let gateway = gateway::Gateway::new(&kit, config, certificate.clone())?;
    let healer = Healer::new(gateway.clone());
    feeds::follow(&kit, &gateway, &healer);
    let leased = kit.readiness.gate("user-service");
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
    let before = lease::take_turns(&common.data, lines, &gateway.id);
    lease::begin(&gateway, before, &tasks).await;
    certificate.reload_on_hangup(&tasks)?;
    let plain = Dialect::Plain(plain::Format::Wire);
    let chat = Dialect::Irc(dialect::irc::Caps::NONE);
    let leaving = CancellationToken::new();
    tasks.serve("drain", drain::run(gateway.clone(), tasks.draining_token(), leaving.clone()));
    let reception = Reception::new(gateway.clone(), tasks.draining_token(), leaving);
    let running = web::serve(kit, listen, reception.clone()).await?;
    let accept = move |listener| Acceptor::new(listener, common.proxies.clone());
    tasks.serve("lines", async move {
        tokio::join!(
            listener::run(accept(listener), None, reception.clone(), plain),
            listener::run(accept(tls_listener), Some(certificate.clone()), reception.clone(), plain),
            listener::run(accept(irc_listener), None, reception.clone(), chat),
            listener::run(accept(irc_tls_listener), Some(certificate), reception.clone(), chat),
        );
        lease::end(&gateway, &common.data, lines).await;
    });
    tracing::info!(addr = %lines, "the line protocol is spoken at {lines}");
    tracing::info!(addr = %irc, "IRC is spoken at {irc}");
    Ok(Started { running, lines, lines_tls, irc, irc_tls })
}

/// Makes what a gateway would make in its secrets folder, which it may not be allowed to write to.
///
/// # Errors
/// The folder cannot be written to.
pub fn init(secrets: &Path) -> anyhow::Result<()> {
    certificate::own_pair(secrets).map(drop)
}
