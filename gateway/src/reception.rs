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
    /// Nobody new is let in.
    pub(crate) draining: CancellationToken,
    /// Those who are in are sent away.
    leaving: CancellationToken,
}

impl Reception {
    pub(crate) fn new(
        gateway: Arc<Gateway>,
        draining: CancellationToken,
        leaving: CancellationToken,
    ) -> Arc<Self> {
        let most =
            kit::http::line_connections(gateway.config.limits.connections, "gateway.limits.connections");
        Arc::new(Self {
            gateway,
            most,
            counts: Arc::default(),
            told: Arc::new(Semaphore::new(TOLD_AT_ONCE)),
            connections: TaskTracker::new(),
            draining,
            leaving,
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
                let connection = Connection::new(stream, place, self.gateway.clone(), dialect);
                Some(Either::Left(connection.run(self.leaving.clone())))
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
pub(crate) struct Counts(Mutex<Connected>);

#[derive(Default)]
struct Connected {
    all: usize,
    from: HashMap<IpAddr, usize>,
}

/// A connection's place in the counts, given back when dropped.
pub(crate) struct Place {
    counts: Arc<Counts>,
    /// Who has it.
    pub(crate) address: IpAddr,
}

impl Counts {
    pub(crate) fn enter(
        self: &Arc<Self>,
        peer: SocketAddr,
        most: usize,
        most_each: usize,
    ) -> Result<Place, &'static str> {
        let address = peer.ip().to_canonical();
        let mut connected = self.0.lock();
        if connected.all >= most {
            return Err("the server is full, try again later");
        }
        connected.enter(address, most_each)?;
        connected.all += 1;
        metrics::gauge!("gateway_connections").set(connected.all as f64);
        Ok(Place { counts: self.clone(), address })
    }
}

impl Connected {
    fn enter(&mut self, address: IpAddr, most_each: usize) -> Result<(), &'static str> {
        let here = self.from.entry(kit::address::network(address)).or_default();
        if *here >= most_each {
            return Err("there are too many connections from your address");
        }
        *here += 1;
        Ok(())
    }

    fn leave(&mut self, address: IpAddr) {
        let from = kit::address::network(address);
        if let Some(here) = self.from.get_mut(&from) {
            *here -= 1;
            if *here == 0 {
                self.from.remove(&from);
            }
        }
    }
}

impl Place {
    /// It is somebody else's: of whom a gateway has spoken.
    pub(crate) fn is_of(&mut self, address: IpAddr, most_each: usize) -> Result<(), &'static str> {
        let mut connected = self.counts.0.lock();
        connected.enter(address, most_each)?;
        connected.leave(std::mem::replace(&mut self.address, address));
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut connected = self.counts.0.lock();
        connected.leave(self.address);
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
    fn a_place_goes_over_to_whom_it_is_for_and_counts_there() {
        let counts = Arc::new(Counts::default());
        let address = |text: &str| text.parse().unwrap();
        let mut one = counts.enter(peer("192.0.2.1"), 9, 1).ok().unwrap();
        let _held = counts.enter(peer("192.0.2.7"), 9, 1).ok().unwrap();
        assert!(one.is_of(address("192.0.2.7"), 1).is_err(), "they have theirs");
        assert!(counts.enter(peer("192.0.2.1"), 9, 1).is_err(), "it is where it was");
        assert!(one.is_of(address("192.0.2.8"), 1).is_ok());
        let _again = counts.enter(peer("192.0.2.1"), 9, 1).ok().unwrap();
        assert!(counts.enter(peer("192.0.2.8"), 9, 1).is_err());
        drop(one);
        assert!(counts.enter(peer("192.0.2.8"), 9, 1).is_ok());
    }

    #[test]
    fn a_v6_network_counts_as_one_address() {
        let counts = Arc::new(Counts::default());
        let _one = counts.enter(peer("2001:db8::1"), 9, 1).ok().unwrap();
        assert!(counts.enter(peer("2001:db8::2"), 9, 1).is_err());
        assert!(counts.enter(peer("2001:db8:0:1::2"), 9, 1).is_ok());
    }
}
