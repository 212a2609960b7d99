//! How many connections there are from each address. Neighbours are not counted: they come from few addresses, maybe from a
//! stranger's, and are known by their own tokens.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use ipnet::IpNet;
use parking_lot::Mutex;

use crate::address::network;

/// Connections of an address that has had its share, which may still show by their first request that a neighbour sent it.
const MORE: usize = 64;

pub(super) struct Crowd {
    most_each: usize,
    uncounted: Vec<IpNet>,
    from: Mutex<HashMap<IpAddr, Here>>,
}

/// The connections of one address.
#[derive(Default)]
struct Here {
    counted: usize,
    more: usize,
}

/// Whose connection a request came by, as far as it is known: a neighbour's, or one from where nobody is counted, has no place.
#[derive(Clone)]
pub(super) struct Visitor(Arc<Mutex<Option<Place>>>);

/// A place in the counts, given back when dropped.
struct Place {
    crowd: Arc<Crowd>,
    from: IpAddr,
    /// One too many, unless it is a neighbour.
    more: bool,
}

impl Crowd {
    pub(super) fn new(most_each: usize, uncounted: Vec<IpNet>) -> Arc<Self> {
        Arc::new(Self { most_each, uncounted, from: Mutex::default() })
    }

    /// Lets a connection in; `None` if it is not even to be listened to.
    pub(super) fn enter(self: &Arc<Self>, peer: IpAddr) -> Option<Visitor> {
        let peer = peer.to_canonical();
        if self.uncounted.iter().any(|network| network.contains(&peer)) {
            return Some(Visitor::new(None));
        }
        let from = network(peer);
        let mut all = self.from.lock();
        let here = all.entry(from).or_default();
        let place = |more| Place { crowd: self.clone(), from, more };
        if here.counted < self.most_each {
            here.counted += 1;
            return Some(Visitor::new(Some(place(false))));
        }
        if here.more < MORE {
            here.more += 1;
            return Some(Visitor::new(Some(place(true))));
        }
        None
    }
}

impl Visitor {
    fn new(place: Option<Place>) -> Self {
        Self(Arc::new(Mutex::new(place)))
    }

    /// A service's own token came by it: its place is free for strangers.
    pub(super) fn is_neighbour(&self) {
        drop(self.0.lock().take());
    }

    pub(super) fn is_one_too_many(&self) -> bool {
        self.0.lock().as_ref().is_some_and(|place| place.more)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = self.crowd.from.lock();
        if let Some(here) = all.get_mut(&self.from) {
            let count = if self.more { &mut here.more } else { &mut here.counted };
            *count -= 1;
            if here.counted + here.more == 0 {
                all.remove(&self.from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(crowd: &Arc<Crowd>, address: &str) -> Option<Visitor> {
        crowd.enter(address.parse().unwrap())
    }

    #[test]
    fn an_address_has_its_places_and_a_few_that_must_show_who_they_are() {
        let crowd = Crowd::new(2, vec!["192.0.2.0/30".parse().unwrap()]);
        let counted: Vec<_> = (0..2).filter_map(|_| enter(&crowd, "2001:db8::1")).collect();
        assert!(counted.iter().all(|visitor| !visitor.is_one_too_many()));
        let more: Vec<_> = (0..MORE).filter_map(|_| enter(&crowd, "2001:db8::2")).collect();
        assert!(more.len() == MORE && more.iter().all(Visitor::is_one_too_many), "the /64 is one address");
        assert!(enter(&crowd, "2001:db8::3").is_none());
        assert!(enter(&crowd, "2001:db8:0:1::1").is_some_and(|other| !other.is_one_too_many()));

        more[0].is_neighbour();
        assert!(!more[0].is_one_too_many());
        assert!(enter(&crowd, "2001:db8::3").is_some(), "it has given its place back");
        for _ in 0..9 {
            std::mem::forget(enter(&crowd, "::ffff:192.0.2.1"));
        }
        assert!(enter(&crowd, "192.0.2.1").is_some_and(|free| !free.is_one_too_many()));
        drop((counted, more));
        assert!(crowd.from.lock().is_empty());
    }
}
