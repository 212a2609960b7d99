//! Logs and numbers, set up once for the whole process, however many services it holds.

mod layer;
mod numbers;
mod ship;

use std::{io::IsTerminal, sync::OnceLock, time::Duration};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
#[cfg(target_os = "linux")]
use metrics_process::Collector;
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

pub use self::{layer::LogLayer, numbers::NUMBERS, ship::ship};
use crate::config::{LogConfig, LogFormat};

/// Seconds of a request: from a cache's answer to the timeout.
const BUCKETS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0];
/// Counts, such as what one transaction holds.
const SIZES: [f64; 8] = [1.0, 2.0, 5.0, 10.0, 50.0, 100.0, 500.0, 1000.0];
/// Samples wait in memory until folded into buckets.
const UPKEEP: Duration = Duration::from_secs(5);

/// Starts logging to standard error, and keeps records for [`ship`]. A second call changes nothing.
pub fn init(config: &LogConfig) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.level)
        .map_err(|error| anyhow::anyhow!("log.level: {error}; expected a filter such as info,kit=debug"))?;
    let stderr = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let stderr = match config.format {
        LogFormat::Text => stderr.with_ansi(std::io::stderr().is_terminal()).with_target(false).boxed(),
        LogFormat::Json => stderr.json().boxed(),
    };
    let ship = config.ship.then(LogLayer::new);
    // An error means that this process logs already.
    let _ = tracing_subscriber::registry().with(filter).with(stderr).with(ship).try_init();
    metrics();
    Ok(())
}

/// What `/metrics` shows: what was counted, and what the process takes now.
pub fn render() -> String {
    #[cfg(target_os = "linux")]
    Collector::default().collect();
    metrics().render()
}

/// The process's numbers.
///
/// # Panics
/// If the bucket bounds were empty, which they are not.
pub fn metrics() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let recorder = PrometheusBuilder::new()
            .set_buckets(&BUCKETS)
            .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_size".to_owned()), &SIZES))
            .expect("there are buckets")
            .build_recorder();
        let handle = recorder.handle();
        // An embedding program may count elsewhere already: then these pages stay empty.
        if metrics::set_global_recorder(recorder).is_ok() {
            numbers::describe();
            #[cfg(target_os = "linux")]
            Collector::default().describe();
            // Nothing dropped is worth saying: an alert cannot wait for a number that is not there.
            metrics::counter!("log_records_dropped_total").absolute(0);
            let handle = handle.clone();
            let upkeep = move || loop {
                std::thread::sleep(UPKEEP);
                handle.run_upkeep();
            };
            // Without the thread histograms grow until they are asked for; nothing else suffers.
            let _ = std::thread::Builder::new().name("metrics".into()).spawn(upkeep);
        }
        handle
    })
}
