//! Records on their way to log-service.

#![allow(clippy::unwrap_used)] // helpers of tests, whose panic is the message

mod common;

use std::sync::Arc;

use api::{
    auth::ServiceName,
    logs::{Level, LogRecord, ShipLogs},
};
use axum::{extract::State, routing::post};
use common::{ANYWHERE, eventually};
use http::StatusCode;
use kit::{Caller, Failure, Kit, config::LogConfig, extract::Json, telemetry};
use parking_lot::Mutex;
use tracing::{info, info_span, warn};
use tracing_subscriber::layer::SubscriberExt;
use utoipa_axum::router::OpenApiRouter;

type Received = Arc<Mutex<Vec<LogRecord>>>;

async fn receive(
    State(received): State<Received>,
    caller: Caller,
    Json(batch): Json<ShipLogs>,
) -> Result<StatusCode, Failure> {
    caller.service()?;
    received.lock().extend(batch.records);
    Ok(StatusCode::ACCEPTED)
}

/// The one test that sets the process's subscriber.
#[tokio::test]
async fn records_reach_the_log_service_with_their_service_and_trace() {
    let (mut common, _dir) = kit::testing::common();
    telemetry::init(&LogConfig { level: "info".into(), ..LogConfig::default() }).unwrap();
    info!("kept until somebody ships");

    let received = Received::default();
    let logs = Kit::open(ServiceName::Logs, &common).await.unwrap();
    let routes = OpenApiRouter::new().route("/v1/logs", post(receive)).with_state(received.clone());
    let running = logs.clone().serve(ANYWHERE.parse().unwrap(), routes).await.unwrap();

    common.log.ship = true;
    common.urls.logs = format!("http://{}", running.addr).parse().unwrap();
    let users = Kit::open(ServiceName::Users, &common).await.unwrap();
    info_span!("request", service = "users", trace_id = "abc", route = "/x").in_scope(|| {
        warn!(count = 3, big = "x".repeat(20_000), "something {}", "odd");
    });

    eventually("both records arrive", || async { received.lock().len() >= 2 }).await;
    let records = received.lock().clone();
    let of = |message: &str| records.iter().find(|record| record.message == message).unwrap();
    assert_eq!(of("kept until somebody ships").level, Level::Info);
    let odd = of("something odd");
    assert_eq!(
        (odd.service.as_str(), odd.trace_id.as_deref(), odd.level),
        ("users", Some("abc"), Level::Warn)
    );
    assert_eq!((&odd.fields["count"], &odd.fields["route"]), (&3.into(), &"/x".into()));
    assert!(odd.fields["big"].as_str().unwrap().len() <= 8192);

    // What is logged last leaves before the process does.
    info!(service = "users", "the last words");
    users.tasks.stop(std::time::Duration::from_secs(5)).await;
    assert!(received.lock().iter().any(|record| record.message == "the last words"));
}

/// Its own subscriber, with room for one record.
#[test]
fn a_full_queue_drops_and_counts() {
    let dropped = || {
        let numbers = telemetry::metrics().render();
        let line = numbers.lines().find(|line| line.starts_with("log_records_dropped_total"));
        line.map_or(0, |line| line.split(' ').next_back().unwrap().parse::<u64>().unwrap())
    };
    let before = dropped();
    let (queue, mut records) = tokio::sync::mpsc::channel(1);
    let layers = tracing_subscriber::registry().with(telemetry::LogLayer::with_queue(queue));
    tracing::subscriber::with_default(layers, || {
        for n in 0..3 {
            info!(target: "user_service::routes", "record {n}");
        }
    });
    assert_eq!(dropped() - before, 2);
    let kept = records.try_recv().unwrap();
    assert_eq!((kept.message.as_str(), kept.service.as_str()), ("record 0", "users"));
}
