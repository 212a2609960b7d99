//! `cargo xtask ci`: what a change must pass, cheapest first, each step with the time it took.

use std::process::Command;
use std::time::Instant;

use anyhow::{Result, ensure};

use crate::{Code, PASSED, arrows, cargo, done, root, test};

/// A workspace of its own: its targets run with nightly only.
const FUZZ: &str = "crates/proto/fuzz/Cargo.toml";

/// The stacks of containers, and how many of what.
const STACKS: [&[&str]; 2] = [
    &["docker-compose.small.yml"],
    &["docker-compose.yml", "--scale", "gateway=2", "--scale", "message-service=2"],
];

pub(crate) fn run(compose: bool) -> Result<Code> {
    let start = Instant::now();
    step("format", || done(cargo().args(["fmt", "--all", "--check"])))?;
    step("arrows", || passed(arrows::check()?))?;
    step("clippy", || {
        done(cargo().args(["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"]))
    })?;
    step("fuzz targets", || {
        let command = ["clippy", "--locked", "--manifest-path", FUZZ, "--no-default-features"];
        done(cargo().args(command).args(["--", "-D", "warnings"]))
    })?;
    step("docs", || {
        done(cargo().args(["doc", "--locked", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
    })?;
    step("tests", || passed(test::run(&["--no-fail-fast".to_owned()])?))?;
    if compose {
        for stack in STACKS {
            step(stack[0], || {
                done(Command::new("bash").arg("e2e/compose.sh").args(stack).current_dir(root()))
            })?;
        }
    }
    eprintln!("── all passed in {} s", start.elapsed().as_secs());
    Ok(PASSED)
}

fn step(name: &str, run: impl FnOnce() -> Result<()>) -> Result<()> {
    let start = Instant::now();
    eprintln!("── {name}");
    let outcome = run();
    let how = if outcome.is_ok() { "passed" } else { "failed" };
    eprintln!("── {name} {how} after {} s", start.elapsed().as_secs());
    outcome
}

fn passed(code: Code) -> Result<()> {
    ensure!(code == PASSED, "see above");
    Ok(())
}
