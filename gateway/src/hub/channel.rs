//! A channel that has a member here: its replica, who is shown it, and what happens in it.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};

use api::{
    Entry,
    channels::{Changed, Member},
    event::{ChannelChange, ChannelEvent},
    id::{ChannelId, UserId},
    messages::Passing,
};
use client::{
    follow::{Following, Next},
    replica::ChannelReplica,
};

use crate::{command::Named, event::Shown};

use super::{ClientId, State, client::Change, due::Thing, join::Joining, keep_early, sent::Owed, show::Doer};

/// What a client waits for a reply whose place in the order is not known yet, because something before it is missing.
pub(super) const OVERDUE: Duration = Duration::from_secs(1);

pub(super) struct Channel {
    pub(super) stage: Stage,
    pub(super) viewers: Vec<Viewer>,
    pub(super) joining: Vec<Joining>,
    /// Said in passing at a version that is not here yet.
    pub(super) passing: Vec<Passing>,
    /// Replies to sends whose entries wait for what comes before them, by seq.
    pub(super) owed: BTreeMap<u64, Owed>,
    /// See [`super::Membership::seen`].
    pub(super) seen: Arc<AtomicU64>,
}

pub(super) enum Stage {
    Loading { asking: bool, retry_at: Instant, events: VecDeque<ChannelEvent>, entries: VecDeque<Entry> },
    Following(Box<Following>),
}

/// A connection that is shown a channel.
pub(super) struct Viewer {
    pub(super) client: ClientId,
    pub(super) user: UserId,
    /// Entries up to this seq are not shown: they came before it, or another way.
    pub(super) after: u64,
    /// It is being shown what it missed; what is new comes after that.
    pub(super) resuming: bool,
}

impl Channel {
    pub(super) fn loading(now: Instant) -> Self {
        let stage = Stage::Loading {
            asking: false,
            retry_at: now,
            events: VecDeque::new(),
            entries: VecDeque::new(),
        };
        Self {
            stage,
            viewers: Vec::new(),
            joining: Vec::new(),
            passing: Vec::new(),
            owed: BTreeMap::new(),
            seen: Arc::default(),
        }
    }

    pub(super) fn viewers(&self) -> impl Iterator<Item = ClientId> + '_ {
        self.viewers.iter().map(|viewer| viewer.client)
    }

    pub(super) fn following(&mut self) -> Option<&mut Following> {
        match &mut self.stage {
            Stage::Following(following) => Some(following),
            Stage::Loading { .. } => None,
        }
    }

    /// Version and seq up to which all is shown.
    pub(super) fn held(&self) -> Option<(u64, u64)> {
        match &self.stage {
            Stage::Following(following) => Some(following.held()),
            Stage::Loading { .. } => None,
        }
    }

    pub(super) fn replica(&self) -> Option<&ChannelReplica> {
        match &self.stage {
            Stage::Following(following) => Some(following.replica()),
            Stage::Loading { .. } => None,
        }
    }

    pub(super) fn replica_mut(&mut self) -> Option<&mut ChannelReplica> {
        self.following().map(Following::replica_mut)
    }

    /// When this needs attention.
    fn due_at(&self) -> Option<Instant> {
        let asks = match &self.stage {
            Stage::Following(following) => following.ask_at(),
            Stage::Loading { asking, retry_at, .. } => (!asking).then_some(*retry_at),
        };
        let joins = self.joining.iter().map(|joining| joining.overdue_at).min();
        let owed = self.owed.values().filter_map(Owed::overdue_at).min();
        [asks, joins, owed].into_iter().flatten().min()
    }
}

impl State {
    /// A change was answered with its events, which the reply of `client` shows: they go the way of all events.
    pub(super) fn changed(&mut self, client: ClientId, changed: Changed, now: Instant) {
        if let Some(local) = self.clients.get(&client) {
            local.client.claim(changed.before.iter().chain(&changed.event).map(Change::of));
        }
        self.apply(changed, now);
    }

    /// The events of an answer.
    pub(super) fn apply(&mut self, changed: Changed, now: Instant) {
        if let Some(channel) = self.channels.get(&changed.channel.id) {
            channel.seen.fetch_max(changed.channel.version, std::sync::atomic::Ordering::AcqRel);
        }
        for event in changed.before.into_iter().chain(changed.event) {
            self.channel_event(event, now);
        }
    }

    /// An event of a channel, from a reply or the bus.
    pub(super) fn channel_event(&mut self, event: ChannelEvent, now: Instant) {
        let id = event.channel.clone();
        let Some(channel) = self.channels.get_mut(&id) else {
            // An invited person is seldom in the channel.
            if matches!(event.change, ChannelChange::Invited { .. }) {
                self.show_change(&event, None);
            }
            return;
        };
        match &mut channel.stage {
            Stage::Loading { events, .. } => keep_early(events, event),
            Stage::Following(following) => {
                following.event(event, now);
                self.pump(&id, now);
            }
        }
    }

    /// An entry of a channel's conversation. `owed`: the reply to the send that it is.
    pub(super) fn channel_entry(&mut self, entry: Entry, owed: Option<Owed>, now: Instant) {
        let id = entry.conversation.as_channel();
        let seq = entry.seq;
        match self.channels.get_mut(&id) {
            Some(Channel { stage: Stage::Following(following), owed: owing, .. }) => {
                let is_new = seq > following.held().1;
                match owed {
                    Some(owed) if is_new && !owing.contains_key(&seq) => drop(owing.insert(seq, owed)),
                    Some(owed) => {
                        self.hand_out();
                        owed.pay();
                        if !is_new {
                            return;
                        }
                    }
                    None => {}
                }
                if let Some(following) = self.channels.get_mut(&id).and_then(Channel::following) {
                    following.entry(entry, now);
                }
                self.pump(&id, now);
            }
            other => {
                if let Some(Channel { stage: Stage::Loading { entries, .. }, .. }) = other {
                    keep_early(entries, entry);
                }
                if let Some(owed) = owed {
                    owed.pay();
                }
            }
        }
    }

    /// Shows all that is ready of a channel.
    pub(super) fn pump(&mut self, id: &ChannelId, now: Instant) {
        loop {
            let Some(channel) = self.channels.get_mut(id) else { return };
            let Some(following) = channel.following() else { break };
            match following.next(now) {
                None => break,
                Some(Next::Event(event)) => {
                    channel.seen.fetch_max(event.version, std::sync::atomic::Ordering::AcqRel);
                    self.happened(&event, now);
                }
                Some(Next::Entry(entry)) => {
                    let owed = channel.owed.remove(&entry.seq);
                    self.spoken(id, entry, owed, now);
                }
            }
        }
        self.attach_ready(id);
        self.pass_on(id);
        self.mind(id);
    }

    /// Notes when the channel needs attention next.
    pub(super) fn mind(&mut self, id: &ChannelId) {
        let at = self.channels.get(id).and_then(Channel::due_at);
        self.due.set(Thing::Channel(id.clone()), at);
    }

    fn happened(&mut self, event: &ChannelEvent, now: Instant) {
        if let Some(by) = &event.by {
            self.learn_of(by, now);
        }
        let doer =
            self.client_of(event.session.as_ref()).map(|client| Doer { client, change: Change::of(event) });
        match &event.change {
            ChannelChange::Joined { member } => self.enter_person(member, &event.channel),
            ChannelChange::Parted { user, .. }
            | ChannelChange::Kicked { user, .. }
            | ChannelChange::Quit { user, .. }
            | ChannelChange::Roles { user, .. } => self.learn(user, None),
            _ => {}
        }
        self.show_change(event, doer.as_ref());
        match &event.change {
            ChannelChange::Parted { user, .. } | ChannelChange::Kicked { user, .. } => {
                self.detach_user(&event.channel, &user.id);
                self.leave_person(&user.id, &event.channel);
            }
            ChannelChange::Quit { user, .. } => {
                self.note_left(&event.channel, &event.name, &user.id);
                self.detach_user(&event.channel, &user.id);
                self.leave_person(&user.id, &event.channel);
            }
            _ => {}
        }
    }

    /// The members, and whether the channel is secret.
    pub(super) fn members(&self, id: &ChannelId) -> Option<(Vec<Named>, bool)> {
        let replica = self.channels.get(id)?.replica()?;
        let named = |member: &Member| {
            let Shown { nick, mask, .. } = self.shown(&member.person);
            Named { nick, roles: member.roles, mask }
        };
        let mut members: Vec<_> = replica.members.values().map(named).collect();
        members.sort_by_cached_key(|named| named.nick.key());
        Some((members, replica.channel.modes.secret))
    }
}
