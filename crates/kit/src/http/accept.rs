use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use tokio::net::{TcpListener, TcpStream};

use super::tend;

/// Out of file handles: a moment for some to be freed.
const BREATH: Duration = Duration::from_millis(50);
/// Between two records of it: what a stranger brings about must not fill the logs.
const SAY_EVERY: Duration = Duration::from_secs(1);

/// Accepts connections for as long as it takes, whatever goes wrong.
pub struct Acceptor {
    listener: TcpListener,
    failures: Failures,
}

impl Acceptor {
    pub fn new(listener: TcpListener) -> Self {
        Self { listener, failures: Failures::default() }
    }

    /// The next connection. What goes wrong is logged once a second at most.
    pub async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, peer)) => {
                    // Fails only on a socket that is gone already.
                    let _ = tend(&stream);
                    return (stream, peer);
                }
                Err(error) => {
                    self.say(&error);
                    tokio::time::sleep(BREATH).await;
                }
            }
        }
    }

    fn say(&mut self, error: &io::Error) {
        if let Some(times) = self.failures.count(Instant::now()) {
            tracing::warn!(cause = %error, times, "could not accept a connection");
        }
    }
}

/// Failures since the last record of them.
#[derive(Default)]
struct Failures {
    unsaid: u64,
    said_at: Option<Instant>,
}

impl Failures {
    /// How many there were, if it is time to say so.
    fn count(&mut self, now: Instant) -> Option<u64> {
        self.unsaid += 1;
        if self.said_at.is_some_and(|at| now.duration_since(at) < SAY_EVERY) {
            return None;
        }
        self.said_at = Some(now);
        Some(std::mem::take(&mut self.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_full_of_failures_is_one_record() {
        let (start, mut failures) = (Instant::now(), Failures::default());
        assert_eq!(failures.count(start), Some(1), "the first is said at once");
        for after in [1, 500, 999] {
            assert_eq!(failures.count(start + Duration::from_millis(after)), None);
        }
        assert_eq!(failures.count(start + SAY_EVERY), Some(4));
    }
}
