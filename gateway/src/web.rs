//! The HTTP side: health, metrics and problem pages. The web page and its socket come to live here.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use kit::{Kit, Running};
use utoipa_axum::router::OpenApiRouter;

use crate::gateway::Gateway;

/// How often the sizes on `/metrics` are brought up to date.
const MEASURE_EVERY: Duration = Duration::from_secs(5);

pub(crate) async fn serve(kit: Kit, listen: SocketAddr) -> anyhow::Result<Running> {
    kit.serve(listen, OpenApiRouter::new()).await
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
