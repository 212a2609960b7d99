//! How this server calls itself.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use api::Timestamp;

#[derive(Debug)]
pub(crate) struct Server {
    /// Of IRC: where its messages come from.
    pub(crate) name: String,
    pub(crate) network: String,
    /// When it was started.
    pub(crate) since: Timestamp,
    /// Connections that have not said who they are.
    strangers: AtomicUsize,
    /// People who were here at once, at most.
    most: AtomicUsize,
}

/// A connection that has not said who it is, as long as this lives.
pub(crate) struct Stranger(Arc<Server>);

impl Server {
    pub(crate) fn new(name: &str, network: &str) -> Self {
        Self {
            name: name.to_owned(),
            network: network.to_owned(),
            since: Timestamp::now(),
            strangers: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        }
    }

    pub(crate) fn stranger(self: &Arc<Self>) -> Stranger {
        self.strangers.fetch_add(1, Ordering::Relaxed);
        Stranger(self.clone())
    }

    pub(crate) fn strangers(&self) -> usize {
        self.strangers.load(Ordering::Relaxed)
    }

    /// The most people there have been, of whom there are `people` now.
    pub(crate) fn most(&self, people: usize) -> usize {
        self.most.fetch_max(people, Ordering::Relaxed).max(people)
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.0.strangers.fetch_sub(1, Ordering::Relaxed);
    }
}
