use std::{
    fmt::Display,
    io::Write,
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::{CommandFactory, FromArgMatches, Parser};

use super::{Running, STOP_WITHIN, Service};
use crate::{
    config::{self, Flags, Listen},
    telemetry,
};

/// What even the last service gets when those before it took all the time.
const LAST_MOMENT: Duration = Duration::from_millis(500);

#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(flatten)]
    flags: Flags,
    #[command(flatten)]
    listen: Listen,
}

/// A service's whole `main`: flags, settings, telemetry, up, and a graceful end at SIGTERM or ctrl-c.
pub fn main<S: Service>() -> ExitCode {
    let matches = Cli::command().name(S::SECTION).bin_name(format!("causerie-{}", S::NAME)).get_matches();
    let outcome =
        Cli::from_arg_matches(&matches).map_err(Into::into).and_then(|cli| run::<S>(cli.flags, cli.listen));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("causerie-{}: {error:#}", S::NAME);
            ExitCode::FAILURE
        }
    }
}

/// One service alone, until a signal stops it: what its own binary does, and `causerie <section>` too.
///
/// # Errors
/// Settings that cannot be used, or a service that cannot start.
pub fn run<S: Service>(flags: Flags, listen: Listen) -> anyhow::Result<()> {
    let flags = flags.listening(listen);
    let settings = config::load::<S::Config>(S::SECTION, &flags)?;
    if flags.print_config {
        print(settings.to_toml(S::SECTION)?);
        return Ok(());
    }
    telemetry::init(&settings.common.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let running = S::up(settings).await?;
        run_until_signal(vec![running]).await;
        Ok(())
    })
}

/// On standard output. Whoever read it may have gone (`causerie | head`): that is no reason to stop.
pub fn print(text: impl Display) {
    let mut out = std::io::stdout().lock();
    let _ = write!(out, "{text}").and_then(|()| out.flush());
}

/// Waits for SIGTERM or ctrl-c, then stops all, the last started first. A second signal ends the wait at once.
pub async fn run_until_signal(running: Vec<Running>) {
    for service in &running {
        tracing::info!(service = %service.name, addr = %service.addr, "{} is up at {}", service.name, service.addr);
    }
    signal().await;
    tracing::info!("stopping");
    let deadline = Instant::now() + STOP_WITHIN;
    let stop = async {
        for service in running.into_iter().rev() {
            let left = deadline.saturating_duration_since(Instant::now());
            service.stop_within(left.max(LAST_MOMENT)).await;
        }
    };
    tokio::select! {
        () = stop => {}
        () = signal() => tracing::warn!("told twice to stop, leaving at once"),
    }
}

/// Resolves at SIGTERM or ctrl-c.
///
/// # Panics
/// If the system gives no signals.
pub async fn signal() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    let terminate = async {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::terminate()).expect("the system delivers signals").recv().await;
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        _ = interrupt => {}
        () = terminate => {}
    }
}
