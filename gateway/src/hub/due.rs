//! What is missing, and when to ask for it.

use std::{collections::HashMap, time::Instant};

use api::{
    id::{ChannelId, ConversationId, UserId},
    metadata::MetadataKey,
};

use super::{ClientId, metadata::Newcomer};

/// A question for an owner. Each thing has one of a kind in flight at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ask {
    /// A new replica: the snapshot and the conversation's last seq.
    Load(ChannelId),
    ChannelEvents(ChannelId, u64),
    Entries(ChannelId, u64),
    Snapshot(ChannelId),
    UserEvents(UserId, u64),
    DirectEntries(ConversationId, u64),
    /// To open a session again that has ended while its connection is here.
    Reopen(ClientId),
    /// Where a direct conversation stood when the connections of these users began.
    DirectBase(ConversationId),
    /// What those who have come into channels say under these keys.
    Metadata(Vec<Newcomer>, Vec<MetadataKey>),
}

/// What can have something missing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Thing {
    Channel(ChannelId),
    User(UserId),
    Direct(ConversationId),
    Session(ClientId),
    /// Those who have come in.
    Newcomers,
}

/// The few things that need attention at some moment: most are complete most of the time.
#[derive(Default)]
pub(super) struct Due {
    at: HashMap<Thing, Instant>,
    /// Something was added since [`Due::take_news`].
    news: bool,
}

impl Due {
    pub(super) fn set(&mut self, thing: Thing, at: Option<Instant>) {
        let Some(at) = at else {
            return self.forget(&thing);
        };
        let before = self.at.insert(thing, at);
        self.news |= before.is_none_or(|before| at < before);
    }

    pub(super) fn forget(&mut self, thing: &Thing) {
        if !self.at.is_empty() {
            self.at.remove(thing);
        }
    }

    pub(super) fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.news)
    }

    /// The earliest moment.
    pub(super) fn next(&self) -> Option<Instant> {
        self.at.values().min().copied()
    }

    /// Takes those whose moment has come.
    pub(super) fn take(&mut self, now: Instant) -> Vec<Thing> {
        let due: Vec<_> =
            self.at.iter().filter(|(_, at)| **at <= now).map(|(thing, _)| thing.clone()).collect();
        for thing in &due {
            self.at.remove(thing);
        }
        due
    }
}
