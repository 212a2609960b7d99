//! For the tests of services: keys, settings, and databases of their own.

use std::path::Path;

use tempfile::TempDir;

use crate::config::Common;

#[cfg(feature = "db")]
mod database;
mod ports;
#[cfg(feature = "db")]
pub use self::database::{TestDb, postgres, postgres_url, sqlite};
pub use self::ports::port;

/// Shared settings for a test: data in a temporary folder, nothing shipped.
///
/// # Panics
/// If there is no room for a temporary folder.
pub fn common() -> (Common, TempDir) {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    (common_in(dir.path()), dir)
}

/// Shared settings with data in `dir`.
pub fn common_in(dir: &Path) -> Common {
    let mut common = Common { data: dir.to_owned(), ..Common::default() };
    common.log.ship = false;
    common
}

/// The NATS server for tests.
///
/// # Panics
/// If `CAUSERIE_TEST_NATS` is not set.
pub fn nats_url() -> String {
    std::env::var("CAUSERIE_TEST_NATS")
        .expect("set CAUSERIE_TEST_NATS to a NATS server's URL (cargo xtask test does)")
}
