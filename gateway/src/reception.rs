//! Lets clients in, within limits, whichever door they came by, and waits for them in the end.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use api::ErrorCode;
use futures_util::future::Either;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{command::Refusal, connection::Connection, dialect::Dialect, gateway::Gateway, stream::Stream};

/// A refused connection has this long to take its answer.
const REFUSE_WITHIN: Duration = Duration::from_secs(2);
/// Refused connections that are being told why, at once: a flood of them gets no more file handles than this.
const TOLD_AT_ONCE: usize = 256;

pub(crate) struct Reception {
    gateway: Arc<Gateway>,
    counts: Arc<Counts>,
    /// Connections at once.
    most: usize,
    told: Arc<Semaphore>,
    pub(crate) connections: TaskTracker,
    pub(crate) draining: CancellationToken,
}

impl Reception {
    pub(crate) fn new(gateway: Arc<Gateway>, draining: CancellationToken) -> Arc<Self> {
        let most =
            kit::http::line_connections(gateway.config.limits.connections, "gateway.limits.connections");
        Arc::new(Self {
            gateway,
            most,
            counts: Arc::default(),
            told: Arc::new(Semaphore::new(TOLD_AT_ONCE)),
            connections: TaskTracker::new(),
            draining,
        })
    }

    /// What is to be run for this connection: its visit, or why there is none.
    pub(crate) fn receive(
        &self,
        stream: Stream,
        peer: SocketAddr,
        dialect: Dialect,
    ) -> Option<impl Future<Output = ()> + Send + 'static> {
        let limits = &self.gateway.config.limits;
        match self.counts.enter(peer, self.most, limits.connections_per_address) {
            Ok(place) => {
                let address = peer.ip().to_canonical();
                let connection = Connection::new(stream, address, self.gateway.clone(), dialect);
                let draining = self.draining.clone();
                Some(Either::Left(async move {
                    connection.run(draining).await;
                    drop(place);
                }))
            }
            Err(detail) => {
                metrics::counter!("gateway_connections_refused_total").increment(1);
                let told = self.told.clone().try_acquire_owned().ok()?;
                Some(Either::Right(async move {
                    refuse(stream, dialect, detail).await;
                    drop(told);
                }))
            }
        }
    }

    /// Waits for the connections to end, once they have been told to.
    pub(crate) async fn all_gone(&self) {
        self.connections.close();
        self.connections.wait().await;
    }
}

/// One line that says why, then the end.
async fn refuse(stream: Stream, dialect: Dialect, detail: &'static str) {
    let refusal = Refusal::new(ErrorCode::TooManyConnections).detail(detail);
    let line = dialect.refused(refusal);
    let _ = tokio::time::timeout(REFUSE_WITHIN, stream.write_last(&line)).await;
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
        let from = kit::address::network(peer.ip());
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
