//! `cargo xtask test`: plain `cargo test` between starting and stopping the servers that tests need.

use std::future::Future;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};

use crate::servers::Servers;
use crate::{Code, cargo, done};

/// What a shell reports for a process that ended by Ctrl-C.
const INTERRUPTED: Code = 130;

pub(crate) fn run(arguments: &[String]) -> Result<Code> {
    run_with(arguments, [])
}

/// With variables of the environment that tests look at.
pub(crate) fn run_with(
    arguments: &[String],
    variables: impl IntoIterator<Item = (&'static str, String)>,
) -> Result<Code> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(test(arguments, variables))
}

async fn test(
    arguments: &[String],
    variables: impl IntoIterator<Item = (&'static str, String)>,
) -> Result<Code> {
    // Watched before anything is started: from here on a signal does not end this process on the spot, and the
    // servers are stopped on the way out whatever happens.
    let interrupted = interrupted()?;
    let servers = Servers::start()?;
    let mut command = cargo();
    command.arg("test");
    if !names_a_package(arguments) {
        command.arg("--workspace");
    }
    // A group of its own, which can be told to stop as a whole: cargo does not pass a signal on to the tests.
    command.args(arguments).envs(servers.variables()).envs(variables).process_group(0);
    let mut tests = tokio::process::Command::from(command)
        .kill_on_drop(true)
        .spawn()
        .context("cargo test could not be started")?;
    tokio::select! {
        status = tests.wait() => {
            let status = status?;
            let code = status.code().with_context(|| format!("cargo test ended with {status}"))?;
            Ok(Code::try_from(code).unwrap_or(Code::MAX))
        }
        () = interrupted => {
            if let Some(group) = tests.id() {
                // Outside our own group, where a second Ctrl-C would end it.
                let mut kill = Command::new("sh");
                done(kill.args(["-c", "kill -s TERM -- \"-$0\""]).arg(group.to_string()).process_group(0))?;
            }
            tests.wait().await?;
            Ok(INTERRUPTED)
        }
    }
}

/// `--workspace` would outvote `-p`.
fn names_a_package(arguments: &[String]) -> bool {
    let cargos = arguments.iter().take_while(|argument| *argument != "--");
    cargos.into_iter().any(|argument| argument.starts_with("-p") || argument.starts_with("--package"))
}

fn interrupted() -> Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => (),
            _ = terminate.recv() => (),
        }
    })
}

#[test]
fn a_package_named_for_cargo_replaces_the_workspace() {
    let names = |line: &str| names_a_package(&line.split(' ').map(String::from).collect::<Vec<_>>());
    assert!(names("-p causerie-kit"));
    assert!(names("--package=causerie-kit some_test"));
    assert!(!names("some_test -- -p"));
}
