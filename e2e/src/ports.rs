use std::{collections::HashSet, net::TcpListener, sync::Mutex};

use rand::RngExt;

/// Below the range that the system hands out by itself, so that no client's port is in the way, and a port stays free for its
/// process while that is killed and started again.
const RANGE: std::ops::Range<u16> = 10_000..32_000;

/// Those that this test process has given away already.
static TAKEN: Mutex<Option<HashSet<u16>>> = Mutex::new(None);

/// A port that nobody listens on now.
pub(crate) fn free() -> u16 {
    let mut taken = TAKEN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let taken = taken.get_or_insert_default();
    let mut rng = rand::rng();
    loop {
        let port = rng.random_range(RANGE);
        if !taken.contains(&port) && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            taken.insert(port);
            return port;
        }
    }
}
