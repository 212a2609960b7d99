//! The chores of this repository, in Rust so that they run wherever the code does: `cargo xtask test`,
//! `cargo xtask check-arrows`, `cargo xtask openapi`, `cargo xtask ci`. Nothing that is shipped depends on it.

mod arrows;
mod chaos;
mod ci;
mod openapi;
mod servers;
mod test;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(bin_name = "cargo xtask", about = "The chores of this repository")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run every test, with a PostgreSQL and a NATS server started for the occasion.
    Test {
        /// Handed to `cargo test`: `-- -p causerie-kit`, `-- a_test`, `-- -- --nocapture`
        #[arg(last = true)]
        cargo_test: Vec<String>,
    },
    /// Break everything that can break while people talk, and check that nothing is lost, doubled or out of order.
    Chaos {
        /// How many faults; a hundred take about a quarter of an hour
        #[arg(long, default_value_t = 100)]
        faults: u32,
        /// Of a run before, which says it: the same faults again
        #[arg(long)]
        seed: Option<u64>,
        /// Instead, this many histories of several replicas and gateways, in one process under a scheduler with a seed
        #[arg(long, value_name = "HISTORIES", num_args = 0..=1, default_missing_value = "100000", conflicts_with = "faults")]
        simulate: Option<u32>,
    },
    /// Check that crates and modules depend on each other only the way docs/ARCHITECTURE.md draws it.
    CheckArrows,
    /// Write what each service's /openapi.json says to a folder.
    Openapi {
        /// `target/openapi` of this repository if none is named
        folder: Option<PathBuf>,
    },
    /// Everything a change must pass: format, lints, docs, arrows, tests, and the Compose stack.
    Ci {
        /// Leave out the last step, which needs Docker with Compose.
        #[arg(long)]
        no_compose: bool,
    },
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().task {
        Task::Test { cargo_test } => test::run(&cargo_test),
        Task::Chaos { simulate: Some(histories), seed, .. } => chaos::simulate(histories, seed),
        Task::Chaos { faults, seed, .. } => chaos::run(faults, seed),
        Task::CheckArrows => arrows::check(),
        Task::Openapi { folder } => openapi::run(folder),
        Task::Ci { no_compose } => ci::run(!no_compose),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What the process ends with, as a number that tasks can compare.
type Code = u8;
const PASSED: Code = 0;
const FAILED: Code = 1;

/// The folder of the workspace, so that a task may be started from anywhere in it.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace")
}

/// `cargo` as the person at the terminal would start it.
fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root());
    // `cargo run` describes xtask in the environment. Build scripts that watch these variables would take them for
    // a change and build again, here and once more at the terminal.
    for (name, _) in std::env::vars_os() {
        let described = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
        if name.to_str().is_some_and(|name| described.iter().any(|prefix| name.starts_with(prefix))) {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// Runs a command and makes its failure an error that says which command it was.
fn done(command: &mut Command) -> Result<()> {
    let status = command.status().map_err(|error| not_started(command, &error))?;
    if !status.success() {
        bail!("{} ended with {status}", shown(command));
    }
    Ok(())
}

/// Runs a command for what it prints; what it says on standard error becomes part of the error.
fn output(command: &mut Command) -> Result<String> {
    let output = command.output().map_err(|error| not_started(command, &error))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{} ended with {}: {}", shown(command), output.status, said.trim());
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn not_started(command: &Command, error: &std::io::Error) -> anyhow::Error {
    anyhow::anyhow!("{} could not be started: {error}", shown(command))
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
