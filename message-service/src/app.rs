//! What handlers have in hand.

use std::{sync::Arc, time::Instant};

use api::{id::UserId, messages::SendTo};
use kit::{Clock, auth::Verifier, bus::Bus};
use moka::sync::Cache;

use crate::{
    channels::Channels, config::Config, live::Live, store::Store, strangers::Strangers, stream::Streams,
    writer::Writer,
};

/// Batch items that wait for a copy to catch up: some 200 bytes each, for the seconds that it takes.
const MOST_WAITING: u64 = 20_000;

#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) writer: Writer,
    pub(crate) channels: Channels,
    pub(crate) users: client::Users,
    pub(crate) strangers: Strangers,
    pub(crate) live: Live,
    /// For what is passed on and not kept.
    pub(crate) bus: Bus,
    pub(crate) streams: Streams,
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) clock: Clock,
    pub(crate) config: Config,
    /// Wakes whoever erases.
    pub(crate) erasures: tokio::sync::Notify,
    pub(crate) waiting: Waiting,
}

impl From<Parts> for App {
    fn from(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl std::ops::Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// When items first came that were told to come again: a refusal must be newer than that, not than their last try.
#[derive(Clone)]
pub(crate) struct Waiting(Cache<Item, Instant>);

type Item = (UserId, SendTo, String);

impl Waiting {
    /// `keep`: longer than anybody tries again.
    pub(crate) fn new(keep: std::time::Duration) -> Self {
        Self(Cache::builder().max_capacity(MOST_WAITING).time_to_live(keep).build())
    }

    /// When this item came first: now, unless it was here before.
    pub(crate) fn since(&self, item: Item, came: Instant) -> Instant {
        self.0.get_with(item, || came)
    }
}
