//! Accepts connections, within limits.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use api::ErrorCode;
use parking_lot::Mutex;
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    command::Refusal,
    connection::Connection,
    dialect::{Dialect, Label},
    gateway::Gateway,
};

/// A half-open connection is noticed by its first unanswered probes, and given up some 20 s after its last sign of life: within
/// the 30 s in which everybody else must have seen it leave.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
#[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
const UNACKNOWLEDGED: Duration = Duration::from_secs(20);
/// Out of file handles: a moment for some to be freed.
const BREATH: Duration = Duration::from_millis(50);
/// A refused connection has this long to take its answer.
const REFUSE_WITHIN: Duration = Duration::from_secs(2);

/// Accepts until told to drain, then waits for the connections to end.
pub(crate) async fn run(
    listener: TcpListener,
    gateway: Arc<Gateway>,
    dialect: Dialect,
    draining: CancellationToken,
) {
    let counts = Arc::new(Counts::default());
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = draining.cancelled() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(cause = %error, "could not accept a connection");
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        let limits = &gateway.config.limits;
        match counts.enter(peer, limits.connections, limits.connections_per_address) {
            Ok(place) => {
                // Fails only on a socket that is gone already.
                let _ = set_up(&stream);
                let connection = Connection::new(stream, peer.ip().to_canonical(), gateway.clone(), dialect);
                let draining = draining.clone();
                connections.spawn(async move {
                    connection.run(draining).await;
                    drop(place);
                });
            }
            Err(detail) => drop(connections.spawn(refuse(stream, dialect, detail))),
        }
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

fn set_up(stream: &TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_IDLE);
    #[cfg(not(any(target_os = "openbsd", target_os = "haiku", target_os = "redox", target_os = "solaris")))]
    let keepalive = keepalive.with_interval(KEEPALIVE_INTERVAL);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED))?;
    Ok(())
}

/// One line that says why, then the end.
async fn refuse(mut stream: TcpStream, dialect: Dialect, detail: &'static str) {
    metrics::counter!("gateway_connections_refused_total").increment(1);
    let refusal = Refusal::new(ErrorCode::TooManyConnections).detail(detail);
    let line = dialect.answer(&Label::default(), &Err(refusal));
    let _ = tokio::time::timeout(REFUSE_WITHIN, async {
        stream.write_all(&line).await?;
        stream.shutdown().await
    })
    .await;
}

/// How many connections there are, and from where.
#[derive(Default)]
struct Counts(Mutex<Connected>);

#[derive(Default)]
struct Connected {
    all: usize,
    from: HashMap<IpAddr, usize>,
}

/// A connection's place in the counts, given back when dropped.
struct Place {
    counts: Arc<Counts>,
    from: IpAddr,
}

impl Counts {
    fn enter(
        self: &Arc<Self>,
        peer: SocketAddr,
        most: usize,
        most_each: usize,
    ) -> Result<Place, &'static str> {
        let from = network(peer.ip().to_canonical());
        let mut connected = self.0.lock();
        if connected.all >= most {
            return Err("the server is full, try again later");
        }
        let here = connected.from.entry(from).or_default();
        if *here >= most_each {
            return Err("there are too many connections from your address");
        }
        *here += 1;
        connected.all += 1;
        metrics::gauge!("gateway_connections").set(connected.all as f64);
        Ok(Place { counts: self.clone(), from })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut connected = self.counts.0.lock();
        if let Some(here) = connected.from.get_mut(&self.from) {
            *here -= 1;
            if *here == 0 {
                connected.from.remove(&self.from);
            }
        }
        connected.all -= 1;
        metrics::gauge!("gateway_connections").set(connected.all as f64);
    }
}

/// What counts as one address: a whole /64 of IPv6, which one customer gets.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from(u128::from(v6) >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(address: &str) -> SocketAddr {
        SocketAddr::new(address.parse().unwrap(), 1)
    }

    #[test]
    fn an_address_has_its_places_and_all_have_theirs() {
        let counts = Arc::new(Counts::default());
        let first = counts.enter(peer("192.0.2.1"), 3, 2).ok().unwrap();
        let _second = counts.enter(peer("192.0.2.1"), 3, 2).ok().unwrap();
        assert!(counts.enter(peer("192.0.2.1"), 3, 2).is_err(), "a third from one address");
        let _third = counts.enter(peer("192.0.2.2"), 3, 2).ok().unwrap();
        assert!(counts.enter(peer("192.0.2.3"), 3, 2).is_err(), "a fourth in all");
        drop(first);
        assert!(counts.enter(peer("192.0.2.1"), 3, 2).is_ok());
    }

    #[test]
    fn a_v6_network_counts_as_one_address() {
        let counts = Arc::new(Counts::default());
        let _one = counts.enter(peer("2001:db8::1"), 9, 1).ok().unwrap();
        assert!(counts.enter(peer("2001:db8::2"), 9, 1).is_err());
        assert!(counts.enter(peer("2001:db8:0:1::2"), 9, 1).is_ok());
    }
}
