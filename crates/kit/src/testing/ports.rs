use std::{
    collections::HashSet,
    net::{Ipv4Addr, TcpListener},
};

use parking_lot::Mutex;
use rand::RngExt;

/// Below the range that the system hands out by itself, so that no client's port and no listener on port 0 is in the way, and a
/// port stays free for its service while that is stopped and started again.
const RANGE: std::ops::Range<u16> = 10_000..32_000;

/// Those that this test process has given away already.
static TAKEN: Mutex<Option<HashSet<u16>>> = Mutex::new(None);

/// A port that nobody listens on, for services that must know of each other before they listen; others listen on port 0.
pub fn port() -> u16 {
    let mut taken = TAKEN.lock();
    let taken = taken.get_or_insert_default();
    let mut rng = rand::rng();
    loop {
        let port = rng.random_range(RANGE);
        if !taken.contains(&port) && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            taken.insert(port);
            return port;
        }
    }
}
