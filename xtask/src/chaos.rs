//! `cargo xtask chaos`: the tests that break things, for longer than in an ordinary run.

use anyhow::Result;

use crate::{Code, test};

/// Faults in a scaled town of real processes, a PostgreSQL and a NATS of its own.
pub(crate) fn run(faults: u32, seed: Option<u64>) -> Result<Code> {
    let faults = ("CAUSERIE_TEST_FAULTS", faults.to_string());
    let seed = seed.map(|seed| ("CAUSERIE_TEST_SEED", seed.to_string()));
    test::run_with(&arguments("causerie-e2e", "chaos"), std::iter::once(faults).chain(seed))
}

/// Histories of the consistency contract, without a socket.
pub(crate) fn simulate(histories: u32, seed: Option<u64>) -> Result<Code> {
    let histories = ("CAUSERIE_HISTORIES", histories.to_string());
    let seed = seed.map(|seed| ("CAUSERIE_SEED", seed.to_string()));
    test::run_with(&arguments("causerie-client", "histories"), std::iter::once(histories).chain(seed))
}

fn arguments(package: &str, test: &str) -> Vec<String> {
    ["-p", package, "--test", test, "--", "--nocapture"].map(str::to_owned).into()
}
