use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use ipnet::IpNet;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use super::{proxy, tend};

/// Out of file handles: a moment for some to be freed.
const BREATH: Duration = Duration::from_millis(50);
/// Between two records of it: what a stranger brings about must not fill the logs.
const SAY_EVERY: Duration = Duration::from_secs(1);

/// Connections of load balancers that have not said yet for whom, at once: a burst of all clients of a restarted gateway.
const UNANNOUNCED: usize = 4096;

/// Accepts connections for as long as it takes, whatever goes wrong.
pub struct Acceptor {
    listener: TcpListener,
    proxies: Vec<IpNet>,
    announced: JoinSet<io::Result<(TcpStream, SocketAddr)>>,
    failures: Failures,
}

impl Acceptor {
    /// `proxies`: networks of load balancers, see [`crate::config::Common::proxies`].
    pub fn new(listener: TcpListener, proxies: Vec<IpNet>) -> Self {
        Self { listener, proxies, announced: JoinSet::new(), failures: Failures::default() }
    }

    /// The next connection, and who is at its other end. What goes wrong is logged once a second at most.
    pub async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            tokio::select! {
                Some(announced) = self.announced.join_next() => match announced.map_err(io::Error::other).flatten() {
                    Ok(connection) => return connection,
                    Err(error) => self.say(&error, "a load balancer did not say for whom it connects"),
                },
                accepted = self.listener.accept(), if self.announced.len() < UNANNOUNCED => match accepted {
                    Ok((stream, peer)) => {
                        // Fails only on a socket that is gone already.
                        let _ = tend(&stream);
                        if !self.is_proxy(peer) {
                            return (stream, peer);
                        }
                        self.announced.spawn(proxy::announced(stream, peer));
                    }
                    Err(error) => {
                        self.say(&error, "could not accept a connection");
                        tokio::time::sleep(BREATH).await;
                    }
                },
            }
        }
    }

    fn is_proxy(&self, peer: SocketAddr) -> bool {
        let address = peer.ip().to_canonical();
        self.proxies.iter().any(|network| network.contains(&address))
    }

    fn say(&mut self, error: &io::Error, what: &str) {
        if let Some(times) = self.failures.count(Instant::now()) {
            tracing::warn!(cause = %error, times, "{what}");
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
