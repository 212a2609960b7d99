//! The HTTP side: the web page, its socket, health and metrics.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use api::{ErrorCode, Problem};
use axum::{
    extract::{ConnectInfo, State, WebSocketUpgrade, ws::rejection::WebSocketUpgradeRejection},
    http::header::CONTENT_SECURITY_POLICY,
    response::{Html, IntoResponse, Response},
};
use kit::{Failure, Kit, Running};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    dialect::{Dialect, plain},
    gateway::Gateway,
    reception::Reception,
    stream::{MAX_MESSAGE, Stream, Web},
};

/// How often the sizes on `/metrics` are brought up to date.
const MEASURE_EVERY: Duration = Duration::from_secs(5);
/// Bytes that the library may hold before it writes by itself. It is to write only when it is told to flush, and what one
/// connection has in hand is far less: its queue is bounded.
const NEVER_BY_ITSELF: usize = 64 * 1024 * 1024;

/// The page is one file and talks to nobody but us.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'";

pub(crate) async fn serve(
    kit: Kit,
    listen: SocketAddr,
    reception: Arc<Reception>,
) -> anyhow::Result<Running> {
    let routes = OpenApiRouter::new().routes(routes!(page)).routes(routes!(socket)).with_state(reception);
    kit.serve(listen, routes).await
}

/// A page to chat with, in any browser.
#[utoipa::path(get, path = "/", responses((status = 200, content_type = "text/html")))]
async fn page() -> impl IntoResponse {
    ([(CONTENT_SECURITY_POLICY, POLICY)], Html(include_str!("web/page.html")))
}

/// The line protocol on a web socket: each message is a line, both ways.
#[utoipa::path(get, path = "/socket", responses(
    (status = 101, description = "the line protocol begins"),
    (status = 400, body = Problem, description = "no web socket was asked for"),
))]
async fn socket(
    State(reception): State<Arc<Reception>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> kit::Result<Response> {
    let upgrade = upgrade.map_err(|error| Failure::new(ErrorCode::BadRequest).detail(error.body_text()))?;
    let upgrade = upgrade.max_message_size(MAX_MESSAGE).write_buffer_size(NEVER_BY_ITSELF);
    Ok(upgrade.on_upgrade(async move |socket| {
        let stream = Stream::Web(Box::new(Web::new(socket)));
        if let Some(visit) = reception.receive(stream, peer, Dialect::Plain(plain::Format::Wire)) {
            reception.connections.track_future(visit).await;
        }
    }))
}

/// Keeps the gauges.
pub(crate) async fn measure(gateway: Arc<Gateway>) {
    loop {
        let (clients, channels, people) = gateway.hub.sizes();
        metrics::gauge!("gateway_sessions").set(clients as f64);
        metrics::gauge!("gateway_channels").set(channels as f64);
        metrics::gauge!("gateway_people").set(people as f64);
        tokio::time::sleep(MEASURE_EVERY).await;
    }
}
