//! The HTTP frame of every service: one listener, one set of limits, one way to refuse.

mod accept;
mod crowd;
mod faults;
mod frame;
mod handles;
mod listen;
mod pages;
mod proxy;
mod readiness;
mod slots;

use std::{net::SocketAddr, sync::Arc};

use api::auth::ServiceName;
use ipnet::IpNet;
use utoipa_axum::router::OpenApiRouter;

pub use self::{
    accept::Acceptor,
    handles::line_connections,
    listen::{ListenError, bind, tend},
    pages::document,
    readiness::{Gate, Readiness},
};
use crate::{auth::Verifier, config::HttpLimits, service::Tasks};

/// A service's routes and what goes around them.
pub struct ServiceFrame {
    pub name: ServiceName,
    pub listen: SocketAddr,
    /// Its own routes; server-sent events among them end when the service drains.
    pub routes: OpenApiRouter,
    pub readiness: Readiness,
    pub limits: HttpLimits,
    /// Load balancers: see [`crate::config::Common::proxies`].
    pub proxies: Vec<IpNet>,
    /// What [`crate::Caller`] asks.
    pub verifier: Option<Arc<Verifier>>,
    pub tasks: Tasks,
}

/// Listens and serves until `tasks` drain; gives the address, whose port is real if 0 was asked for.
pub async fn serve(frame: ServiceFrame) -> Result<SocketAddr, ListenError> {
    let listener = bind(frame.listen, &format!("{}.listen", frame.name))?;
    let addr = listener.local_addr().map_err(|source| ListenError::Other { addr: frame.listen, source })?;
    let tasks = frame.tasks.clone();
    let limits = frame.limits.clone();
    let acceptor = Acceptor::new(listener, frame.proxies.clone());
    let app = frame::app(frame);
    tasks.serve("http", listen::run(acceptor, app, limits, tasks.draining_token()));
    Ok(addr)
}
