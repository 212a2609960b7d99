//! The HTTP side: the web page, its socket, health and metrics.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use api::{ErrorCode, Problem};
use axum::{
    extract::{ConnectInfo, State, WebSocketUpgrade, ws::rejection::WebSocketUpgradeRejection},
    http::{
        HeaderMap, HeaderValue,
        header::{CONTENT_SECURITY_POLICY, SEC_WEBSOCKET_PROTOCOL},
    },
    response::{Html, IntoResponse, Response},
};
use kit::{Failure, Kit, Running};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    dialect::{Dialect, irc, plain},
    gateway::Gateway,
    reception::Reception,
    stream::{MAX_MESSAGE, Messages, Stream, Web},
};

/// How often the sizes on `/metrics` are brought up to date.
const MEASURE_EVERY: Duration = Duration::from_secs(5);
/// Bytes that the library may hold before it writes by itself. It is to write only when it is told to flush, and what one
/// connection has in hand is far less: its queue is bounded.
const NEVER_BY_ITSELF: usize = 64 * 1024 * 1024;

/// IRC on a web socket: <https://ircv3.net/specs/extensions/websocket>.
const SUBPROTOCOLS: [(&str, Messages); 2] =
    [("text.ircv3.net", Messages::Text), ("binary.ircv3.net", Messages::Binary)];

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

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

/// A page to chat with, in any browser. IRC clients that were given our bare address get a web socket here as well.
#[utoipa::path(get, path = "/", responses(
    (status = 200, content_type = "text/html"),
    (status = 101, description = "as at /socket, if a web socket is asked for"),
))]
async fn page(
    State(reception): State<Arc<Reception>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Response {
    match upgrade {
        Ok(upgrade) => welcome(reception, peer, &headers, upgrade),
        Err(_) => ([(CONTENT_SECURITY_POLICY, POLICY)], Html(include_str!("web/page.html"))).into_response(),
    }
}

/// A web socket: each message is a line, both ways. With the subprotocol `text.ircv3.net` or `binary.ircv3.net` it speaks IRC, without one
/// the line protocol.
#[utoipa::path(get, path = "/socket", responses(
    (status = 101, description = "the line protocol or IRC begins"),
    (status = 400, body = Problem, description = "no web socket was asked for"),
))]
async fn socket(
    State(reception): State<Arc<Reception>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> kit::Result<Response> {
    let upgrade = upgrade.map_err(|error| Failure::new(ErrorCode::BadRequest).detail(error.body_text()))?;
    Ok(welcome(reception, peer, &headers, upgrade))
}

fn welcome(
    reception: Arc<Reception>,
    peer: SocketAddr,
    headers: &HeaderMap,
    mut upgrade: WebSocketUpgrade,
) -> Response {
    let (dialect, messages) = match subprotocol(headers) {
        Some((name, messages)) => {
            upgrade.set_selected_protocol(HeaderValue::from_static(name));
            (Dialect::Irc(irc::Caps::NONE), messages)
        }
        None => (Dialect::Plain(plain::Format::Wire), Messages::Text),
    };
    let upgrade = upgrade.max_message_size(MAX_MESSAGE).write_buffer_size(NEVER_BY_ITSELF);
    upgrade.on_upgrade(async move |socket| {
        let stream = Stream::Web(Box::new(Web::new(socket, messages)));
        if let Some(visit) = reception.receive(stream, peer, dialect) {
            reception.connections.track_future(visit).await;
        }
    })
}

/// The first that the client names of those that we speak: it names what it likes best first.
fn subprotocol(headers: &HeaderMap) -> Option<(&'static str, Messages)> {
    let lists = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|list| list.to_str().ok());
    let mut names = lists.flat_map(|list| list.split(',')).map(str::trim);
    names.find_map(|name| SUBPROTOCOLS.into_iter().find(|(known, _)| name == *known))
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
