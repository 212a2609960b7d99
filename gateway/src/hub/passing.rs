//! What is said in passing: shown to those who are there, never asked for again.

use api::{
    Timestamp,
    id::UserId,
    messages::{Marked, Passing, Signal},
    mode::Role,
};

use super::{ClientId, Hub, State, channel::Channel, now};
use crate::event::Event;

/// Signals of a channel that wait for its replica to come as far: it is a moment behind.
const MAX_WAITING: usize = 64;

impl Hub {
    /// From the bus.
    pub(crate) fn signals(&self, signals: Vec<Signal>) {
        self.with(|state, _| {
            for signal in signals {
                match signal {
                    Signal::Said(passing) => state.passing(passing),
                    Signal::Marked(marked) => state.marked_elsewhere(&marked),
                    Signal::Unknown => {}
                }
            }
        });
    }

    /// From the answer to somebody who is connected here.
    pub(crate) fn passing(&self, passing: Vec<Passing>) {
        self.with(|state, _| passing.into_iter().for_each(|passing| state.passing(passing)));
    }
}

impl State {
    fn passing(&mut self, passing: Passing) {
        let Some(id) = &passing.channel else { return self.show_passing(&passing, self.parties(&passing)) };
        let Some(channel) = self.channels.get_mut(id) else { return };
        let is_behind = channel.held().is_none_or(|(version, _)| passing.channel_version > Some(version));
        if is_behind {
            if channel.passing.len() < MAX_WAITING {
                channel.passing.push(passing);
            }
            return;
        }
        let viewers = viewers(channel, passing.to_role);
        self.show_passing(&passing, viewers);
    }

    /// Shows what has waited for the replica of a channel.
    pub(super) fn pass_on(&mut self, id: &api::id::ChannelId) {
        let Some(channel) = self.channels.get_mut(id).filter(|channel| !channel.passing.is_empty()) else {
            return;
        };
        let waiting = std::mem::take(&mut channel.passing);
        waiting.into_iter().for_each(|passing| self.passing(passing));
    }

    fn parties(&self, passing: &Passing) -> Vec<ClientId> {
        let to = passing.to.as_ref().map(|to| &to.id);
        let clients = |user: &UserId| self.people.get(user).map(|known| known.clients.to_vec());
        let mut viewers = to.and_then(clients).unwrap_or_default();
        if to != Some(&passing.author.id) {
            let own = clients(&passing.author.id).unwrap_or_default();
            let shows_own = |client: &ClientId| {
                self.clients.get(client).is_some_and(|local| local.client.queue.dialect().shows_own())
            };
            viewers.extend(own.into_iter().filter(shows_own));
        }
        viewers
    }

    fn show_passing(&mut self, passing: &Passing, mut viewers: Vec<ClientId>) {
        self.hand_out();
        // Whoever said it is answered; to themselves they are shown it all the same.
        let to_self = passing.to.as_ref().is_some_and(|to| to.id == passing.author.id);
        if let Some(doer) = self.client_of(passing.session.as_ref()).filter(|_| !to_self) {
            viewers.retain(|&viewer| viewer != doer);
        }
        let author = self.shown(&passing.author);
        self.show(&viewers, &Event::Passing { passing, author: author.who() }, passing.at);
    }

    /// Shows a client's other connections how far their user has read.
    pub(super) fn has_read(&mut self, client: ClientId, target: &str, until: Option<Timestamp>) {
        self.hand_out();
        let Some(local) = self.clients.get(&client) else { return };
        let Some(known) = self.people.get(&local.user) else { return };
        let others: Vec<_> = known.clients.iter().copied().filter(|&other| other != client).collect();
        self.show(&others, &Event::Marked { target, until }, now());
    }

    fn marked_elsewhere(&mut self, marked: &Marked) {
        self.hand_out();
        let doer = self.client_of(marked.session.as_ref());
        let Some(known) = self.people.get(&marked.user) else { return };
        let viewers: Vec<_> = known.clients.iter().copied().filter(|&client| Some(client) != doer).collect();
        let event = Event::Marked { target: &marked.target, until: Some(marked.at) };
        self.show(&viewers, &event, now());
    }
}

/// Those who are shown a channel, and have a role there if one is asked for.
fn viewers(channel: &Channel, role: Option<Role>) -> Vec<ClientId> {
    let Some(replica) = channel.replica() else { return Vec::new() };
    let has_role = |user: &UserId| match role {
        Some(role) => replica.member(user).is_some_and(|member| member.roles.at_least(role)),
        None => true,
    };
    channel.viewers.iter().filter(|viewer| has_role(&viewer.user)).map(|viewer| viewer.client).collect()
}
