//! What people and channels say of themselves for programs to show, and which connections want to hear of which keys of it
//! (<https://ircv3.net/specs/extensions/metadata>). It is not kept here: whoever wants to know it now is told by its owner.

use std::collections::BTreeSet;

use api::{
    Person,
    event::ChannelEvent,
    id::{ChannelId, UserId},
    metadata::{MAX_METADATA_LOOKUP, MetadataKey, MetadatumOf},
};

use super::{Ask, Channel, ClientId, Hub, State, due::Thing, show::Doer};

/// Keys that a connection hears of: as many as somebody may set. `maxsub` of the capability.
pub(crate) const MAX_SUBSCRIPTIONS: usize = 50;

/// People who have come into channels since their metadata was last asked for: more at once is a net split healed, and those who want
/// to know can still ask.
const MAX_NEWCOMERS: usize = MAX_METADATA_LOOKUP;

/// Somebody who has come into a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Newcomer {
    channel: ChannelId,
    pub(super) user: UserId,
    /// [`super::Known::said_at`] when that was asked: an answer may be older than what was shown since.
    said_at: u64,
}

impl Hub {
    /// Hears of these keys from now on; gives the first for which there is no room.
    pub(crate) fn subscribe(&self, client: ClientId, keys: &[MetadataKey]) -> Option<MetadataKey> {
        self.with(|state, _| {
            let subscriptions = &mut state.clients.get_mut(&client)?.subscriptions;
            for key in keys {
                if subscriptions.contains(key) {
                    continue;
                }
                if subscriptions.len() == MAX_SUBSCRIPTIONS {
                    return Some(key.clone());
                }
                subscriptions.push(key.clone());
            }
            None
        })
    }

    pub(crate) fn unsubscribe(&self, client: ClientId, keys: &[MetadataKey]) {
        self.with(|state, _| {
            if let Some(local) = state.clients.get_mut(&client) {
                local.subscriptions.retain(|key| !keys.contains(key));
            }
        });
    }

    pub(crate) fn subscriptions(&self, client: ClientId) -> Vec<MetadataKey> {
        self.state.lock().clients.get(&client).map(|local| local.subscriptions.clone()).unwrap_or_default()
    }

    /// What somebody is called here now.
    pub(crate) fn called(&self, person: &Person) -> String {
        self.state.lock().nick_of(person).to_string()
    }
}

impl State {
    /// Shows what is said now to those of these who hear of it; to the connection that said it only if its reply does not.
    pub(super) fn show_metadata(
        &mut self,
        viewers: Vec<ClientId>,
        target: &str,
        (key, value): (&MetadataKey, Option<&str>),
        doer: Option<&Doer>,
    ) {
        self.hand_out();
        for viewer in viewers {
            let Some(local) = self.clients.get(&viewer) else { continue };
            let written = |dialect: crate::dialect::Dialect| {
                dialect.metadata(&local.client, target, key.as_str(), value)
            };
            let own = doer.filter(|doer| doer.client == viewer);
            if own.is_some_and(|doer| local.client.is_told_by_reply(&doer.change)) {
                continue;
            }
            if own.is_none() && !local.subscriptions.contains(key) {
                continue;
            }
            local.client.queue.event(written);
        }
    }

    /// Something is said of a channel.
    pub(super) fn channel_said(
        &mut self,
        event: &ChannelEvent,
        said: (&MetadataKey, Option<&str>),
        doer: Option<&Doer>,
    ) {
        let viewers = self.channels.get(&event.channel).into_iter().flat_map(Channel::viewers).collect();
        self.show_metadata(viewers, event.name.as_str(), said, doer);
    }

    /// Somebody has come into a channel: those in it who hear of such things are to be told what they say of themselves.
    pub(super) fn has_come(&mut self, channel: &ChannelId, user: &UserId) {
        let Some(replica) = self.channels.get(channel) else { return };
        let hears = |client: ClientId| {
            self.clients
                .get(&client)
                .is_some_and(|local| local.user != *user && !local.subscriptions.is_empty())
        };
        if replica.viewers().any(hears) && self.newcomers.len() < MAX_NEWCOMERS {
            self.newcomers.push(Newcomer { channel: channel.clone(), user: user.clone(), said_at: 0 });
            self.due.set(Thing::Newcomers, Some(std::time::Instant::now()));
        }
    }

    /// What to ask about those who have come.
    pub(super) fn ask_newcomers(&mut self) -> Option<Ask> {
        let mut newcomers = std::mem::take(&mut self.newcomers);
        for newcomer in &mut newcomers {
            newcomer.said_at = self.people.get(&newcomer.user).map_or(0, |known| known.said_at);
        }
        let viewers = newcomers.iter().filter_map(|newcomer| self.channels.get(&newcomer.channel));
        let viewers: BTreeSet<ClientId> = viewers.flat_map(Channel::viewers).collect();
        let keys = viewers.iter().filter_map(|client| self.clients.get(client));
        let keys: BTreeSet<MetadataKey> =
            keys.flat_map(|local| local.subscriptions.iter().cloned()).collect();
        let keys: Vec<_> = keys.into_iter().take(MAX_SUBSCRIPTIONS).collect();
        (!newcomers.is_empty() && !keys.is_empty()).then_some(Ask::Metadata(newcomers, keys))
    }

    /// What those who have come say of themselves.
    pub(super) fn newcomers_say(&mut self, newcomers: &[Newcomer], said: &[MetadatumOf]) {
        for Newcomer { channel: id, user, said_at } in newcomers {
            let Some(channel) = self.channels.get(id) else { continue };
            let is_there = channel.replica().is_some_and(|replica| replica.member(user).is_some());
            let Some(known) = self.people.get(user).filter(|_| is_there) else { continue };
            if known.said_at != *said_at {
                self.has_come(id, user);
                continue;
            }
            let (nick, own) = (known.nick.to_string(), known.clients.clone());
            let viewers: Vec<_> = channel.viewers().filter(|viewer| !own.contains(viewer)).collect();
            for said in said.iter().filter(|said| said.user == *user) {
                let datum = (&said.datum.key, Some(said.datum.value.as_str()));
                self.show_metadata(viewers.clone(), &nick, datum, None);
            }
        }
    }
}
