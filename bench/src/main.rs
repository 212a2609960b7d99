//! What Causerie does in a second, measured from outside over the line protocol: people who are cheap enough to share two
//! cores with the server send and read, and every message is checked for loss, duplicates and order. Durable sends, since
//! a `201` leaves after the commit; so the disk's fsync time stands beside the numbers.

mod disk;
mod histogram;
mod load;
mod machine;
mod report;
mod scenario;
mod server;
mod wire;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context as _;
use clap::Parser;

use crate::{
    load::{Load, Outcome},
    scenario::{Rate, Scenario},
    server::Server,
};

/// Measure a Causerie server over the line protocol.
///
/// Without --addr a release `causerie` is started for every run, on an empty folder, with its limits for one address and
/// one connection raised. Scenarios are named CHANNELSxMEMBERS.
#[derive(Debug, Parser)]
#[command(name = "causerie-bench", version)]
struct Options {
    /// What to measure: sends-1, sends-64, 1x100, 10x50, 1x1000, 500x4, rate, twice; without it, all of them
    #[arg(value_name = "SCENARIO")]
    scenarios: Vec<String>,
    /// Measure a server that runs already (its limits must let this many people in from one address)
    #[arg(long)]
    addr: Option<SocketAddr>,
    /// Count these processes' CPU time (with --addr)
    #[arg(long, value_delimiter = ',')]
    pid: Vec<u32>,
    /// The program to start; without it `causerie` beside this one
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// Start five processes instead of one
    #[arg(long)]
    five: bool,
    /// Another setting of the server to start: --set messages.transaction=100 (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Where the databases are put: the disk that is measured
    #[arg(long, value_name = "DIR", default_value = ".")]
    data: PathBuf,
    /// Runs of each scenario; the table shows the median one
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Seconds of load before the measurement
    #[arg(long, default_value_t = 1.0)]
    warmup: f64,
    /// Seconds measured
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Bytes of a message's text
    #[arg(long, default_value_t = 100)]
    size: usize,
    /// Replace the table in this file (between the lines `<!-- measured -->` and `<!-- /measured -->`)
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    // The server has as many threads: both share the machine, as people and server never do.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let measured =
        runtime.map_err(anyhow::Error::from).and_then(|runtime| runtime.block_on(measure(options)));
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("causerie-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(options: Options) -> anyhow::Result<()> {
    anyhow::ensure!(options.runs > 0, "--runs 0 measures nothing");
    anyhow::ensure!(
        options.size >= wire::HEAD,
        "--size: at least {} bytes carry the time of sending",
        wire::HEAD
    );
    let scenarios = Scenario::chosen(&options.scenarios)?;
    let disk = disk::Fsync::measure(&options.data)?;
    eprintln!("{disk}");
    let mut rows = Vec::new();
    for scenario in scenarios {
        let rate = scenario.rate.map(|rate| messages_per_second(rate, &rows)).transpose()?;
        let mut outcomes = Vec::new();
        for run in 1..=options.runs {
            let outcome = run_once(&options, scenario, rate)
                .await
                .with_context(|| format!("{}, run {run}", scenario.name))?;
            eprintln!("{} run {run}: {outcome}", scenario.name);
            outcomes.push(outcome);
        }
        rows.push((scenario, outcomes));
    }
    let table = report::table(&options, &disk, &rows);
    println!("{table}");
    if let Some(file) = &options.write {
        report::replace(file, &table)?;
    }
    let faults: u64 =
        rows.iter().flat_map(|(_, outcomes)| outcomes).map(|outcome| outcome.faults.sum()).sum();
    anyhow::ensure!(faults == 0, "{faults} messages were lost, duplicated or out of order");
    Ok(())
}

fn messages_per_second(rate: Rate, rows: &[(&'static Scenario, Vec<Outcome>)]) -> anyhow::Result<f64> {
    match rate {
        Rate::Fixed(rate) => Ok(rate),
        Rate::Twice(of) => {
            let row = rows.iter().find(|(scenario, _)| scenario.name == of);
            let (_, outcomes) = row.with_context(|| format!("measure {of} before what is twice as much"))?;
            Ok(2.0 * load::middle(outcomes).sends_per_second())
        }
    }
}

async fn run_once(
    options: &Options,
    scenario: &'static Scenario,
    rate: Option<f64>,
) -> anyhow::Result<Outcome> {
    let server = match options.addr {
        Some(address) => Server::running(address, options.pid.clone()),
        None => Server::start(options.binary.as_deref(), &options.data, options.five, &options.set).await?,
    };
    let load = Load {
        address: server.address,
        processes: server.processes(),
        scenario,
        rate,
        size: options.size,
        warmup: Duration::from_secs_f64(options.warmup),
        measured: Duration::from_secs_f64(options.seconds),
    };
    load.run().await
}
