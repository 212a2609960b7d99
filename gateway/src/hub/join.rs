//! Who is shown which channel: from the answer to their join until they leave or are removed.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use api::{
    auth::ServiceName,
    bus::Subject,
    channels::{Changed, Snapshot},
    event::ChannelChange,
    id::{ChannelId, UserId},
};
use client::follow::Following;

use tokio::sync::oneshot;

use super::{
    ClientId, Membership, State,
    channel::{Channel, Stage, Viewer},
    due::Thing,
    now,
    sent::Owed,
};
use crate::{
    command::{Found, Outcome, Refusal, Scene},
    event::{Event, Shown},
    reply::Reply,
};

/// What a joiner waits for the replica; then `503`.
const JOIN_WITHIN: Duration = Duration::from_millis(2500);

/// From where on a connection is shown a channel's entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attach {
    /// What comes after the reply.
    Live,
    /// Nothing, until what came after this seq has been shown otherwise.
    Resume(u64),
}

pub(super) struct Joining {
    client: ClientId,
    /// The replica must have got here.
    version: u64,
    attach: Attach,
    told: Told,
    pub(super) overdue_at: Instant,
}

/// Who is told that a connection is attached now.
pub(crate) enum Told {
    Nobody,
    /// The client, by the reply to its join.
    Client(Reply, Box<Found>),
    /// The client, which has not asked for it.
    Back(Box<Found>, oneshot::Sender<()>),
    /// A command that goes on then. Dropped: it could not be attached.
    Command(oneshot::Sender<()>),
}

impl Told {
    fn refuse(self, refusal: Refusal) {
        if let Self::Client(reply, _) = self {
            reply.give(&Err(refusal));
        }
    }
}

impl State {
    pub(super) fn joined(
        &mut self,
        client: ClientId,
        changed: Changed,
        attach: Attach,
        told: Told,
        now: Instant,
    ) {
        let id = changed.channel.id.clone();
        if !self.channels.contains_key(&id) {
            self.follow(&id, &changed, now);
        }
        let Some(channel) = self.channels.get_mut(&id) else { return };
        let version = changed.channel.version;
        channel.joining.push(Joining { client, version, attach, told, overdue_at: now + JOIN_WITHIN });
        if let Some(following) = channel.following() {
            following.expect_version(version, now + client::sequence::HOLE_WAIT);
        }
        self.apply(changed, now);
        self.pump(&id, now);
    }

    fn follow(&mut self, id: &ChannelId, changed: &Changed, now: Instant) {
        for (interest, subject) in [
            (&self.channel_interest, Subject::Channel(id.clone())),
            (&self.conversation_interest, Subject::Conversation(id.clone().into())),
            (&self.conversation_interest, Subject::Signal(id.clone())),
        ] {
            if let Some(interest) = interest {
                interest.add(subject);
            }
        }
        let mut channel = Channel::loading(now);
        let newborn = self.newborn(changed);
        if let Some(snapshot) = newborn {
            channel.stage = Stage::Following(Box::new(Following::new(snapshot, 0)));
        }
        self.channels.insert(id.clone(), channel);
        if let Some(ChannelChange::Joined { member }) = changed.event.as_ref().map(|event| &event.change)
            && self.channels.get(id).is_some_and(|channel| channel.replica().is_some())
        {
            self.enter_person(member, id);
        }
    }

    /// A channel that this very join has made needs no snapshot: it is known whole.
    fn newborn(&self, changed: &Changed) -> Option<Snapshot> {
        let event = changed.event.as_ref()?;
        let ChannelChange::Joined { member } = &event.change else { return None };
        let is_new = event.version == 1 && changed.before.is_empty() && changed.channel.version == 1;
        is_new.then_some(())?;
        Some(Snapshot {
            epoch: self.epochs.channels.clone()?,
            channel: changed.channel.clone(),
            members: vec![member.clone()],
            bans: Vec::new(),
            excepts: Vec::new(),
            invite_masks: Vec::new(),
            dormant: false,
        })
    }

    /// A new replica's snapshot and last seq have come; none: they have not.
    pub(super) fn loaded(&mut self, id: &ChannelId, answer: Option<(Snapshot, u64)>, at: Instant) {
        let Some(channel) = self.channels.get_mut(id) else { return };
        let Stage::Loading { asking, retry_at, events, entries } = &mut channel.stage else { return };
        *asking = false;
        let Some((snapshot, last_seq)) = answer else {
            *retry_at = at + client::sequence::RETRY_WAIT;
            return self.mind(id);
        };
        let (events, entries) = (std::mem::take(events), std::mem::take(entries));
        let people = snapshot.members.clone();
        channel.seen.fetch_max(snapshot.channel.version, Ordering::AcqRel);
        self.epochs.channels.get_or_insert_with(|| snapshot.epoch.clone());
        let mut following = Following::new(snapshot, last_seq);
        for event in events {
            following.event(event, at);
        }
        for entry in entries {
            following.entry(entry, at);
        }
        channel.stage = Stage::Following(Box::new(following));
        for person in &people {
            self.enter_person(person, id);
        }
        self.pump(id, at);
    }

    /// Attaches those for whose join the replica is new enough.
    pub(super) fn attach_ready(&mut self, id: &ChannelId) {
        let Some(channel) = self.channels.get_mut(id) else { return };
        let Some((version, _)) = channel.held() else { return };
        if channel.joining.is_empty() {
            return;
        }
        let (ready, waiting) =
            std::mem::take(&mut channel.joining).into_iter().partition(|joining| joining.version <= version);
        channel.joining = waiting;
        self.hand_out();
        for joining in ready {
            self.attach(id, joining);
        }
        self.unfollow_if_unseen(id);
    }

    fn attach(&mut self, id: &ChannelId, joining: Joining) {
        let Joining { client, attach, told, .. } = joining;
        let found = self.clients.get(&client).zip(self.channels.get_mut(id));
        let held = found.and_then(|(local, channel)| Some((local, channel.held()?.1, channel)));
        let Some((local, last_seq, channel)) = held else {
            // It has gone meanwhile.
            return told.refuse(Refusal::unavailable(ServiceName::Gateway));
        };
        let Some(replica) = channel.replica() else { return };
        let (name, members) = (replica.channel.name.clone(), replica.members.len() as u64);
        let member = replica.member(&local.user).is_some();
        let is_known = !matches!(told, Told::Back(..));
        let told = match told {
            Told::Client(reply, mut found) => {
                // What has come since is shown as it comes.
                found.lines.retain(|(entry, _)| entry.seq <= last_seq);
                let scene =
                    if reply.dialect().shows_joined() { self.scene(id, client, *found) } else { None };
                let channel = name.clone();
                reply.give(&Ok(Outcome::Joined { channel, members, last_seq, scene }));
                Told::Nobody
            }
            Told::Back(mut found, attached) => {
                found.lines.retain(|(entry, _)| entry.seq <= last_seq);
                if let Some(scene) = self.scene(id, client, *found).filter(|_| member) {
                    let queue = &local.client.queue;
                    queue.partial(queue.dialect().back(&local.client, &name, &scene));
                }
                Told::Command(attached)
            }
            told => told,
        };
        if !member && !is_known {
            return;
        }
        if !member {
            // Removed again before it was here: it is told, in place of the events that it was not shown.
            if let Some(actor) = local.client.actor() {
                let me = Shown::from(&*actor);
                self.show(&[client], &Event::Part { channel: &name, who: me.who(), reason: "" }, now());
            }
            return;
        }
        let Some((local, channel)) = self.clients.get(&client).zip(self.channels.get_mut(id)) else { return };
        local.client.enter(Membership { id: id.clone(), name, seen: channel.seen.clone() });
        let (after, resuming) = match attach {
            Attach::Live => (last_seq, false),
            Attach::Resume(after) => (after, true),
        };
        match channel.viewers.iter_mut().find(|viewer| viewer.client == client) {
            // Joining again changes nothing; resuming again moves the cursor.
            Some(viewer) if resuming => (viewer.after, viewer.resuming) = (after, true),
            Some(_) => {}
            None => channel.viewers.push(Viewer { client, user: local.user.clone(), after, resuming }),
        }
        if let Told::Command(attached) = told {
            // It may have been cut off.
            let _ = attached.send(());
        }
    }

    /// The channel as a connection that joins it is shown it.
    fn scene(&self, id: &ChannelId, client: ClientId, found: Found) -> Option<Box<Scene>> {
        let (names, secret) = self.members(id)?;
        let channel = self.channels.get(id)?;
        let again = channel.viewers().any(|viewer| viewer == client);
        Some(Box::new(Scene { topic: channel.replica()?.channel.topic.clone(), secret, names, again, found }))
    }

    /// What has waited too long: replies to sends are given, joins refused.
    pub(super) fn settle_overdue(&mut self, id: &ChannelId, at: Instant) {
        let Some(channel) = self.channels.get_mut(id) else { return };
        channel
            .owed
            .values_mut()
            .filter(|owed| owed.overdue_at().is_some_and(|due| due <= at))
            .for_each(Owed::pay_now);
        let (overdue, waiting) = std::mem::take(&mut channel.joining)
            .into_iter()
            .partition::<Vec<_>, _>(|joining| joining.overdue_at <= at);
        channel.joining = waiting;
        for joining in overdue {
            joining.told.refuse(Refusal::unavailable(ServiceName::Channels));
        }
        self.unfollow_if_unseen(id);
    }

    /// A connection is shown nothing more of a channel.
    pub(super) fn detach(&mut self, client: ClientId, id: &ChannelId) {
        self.hand_out();
        if let Some(channel) = self.channels.get_mut(id) {
            channel.viewers.retain(|viewer| viewer.client != client);
        }
        if let Some(local) = self.clients.get(&client) {
            local.client.leave(id);
        }
        self.unfollow_if_unseen(id);
    }

    pub(super) fn detach_all(&mut self, client: ClientId) {
        let Some(local) = self.clients.get(&client) else { return };
        for membership in local.client.memberships() {
            self.detach(client, &membership.id);
        }
    }

    /// Somebody is no member any more: none of their connections is shown the channel.
    pub(super) fn detach_user(&mut self, id: &ChannelId, user: &UserId) {
        let Some(channel) = self.channels.get(id) else { return };
        let theirs: Vec<_> = channel
            .viewers
            .iter()
            .filter(|viewer| viewer.user == *user)
            .map(|viewer| viewer.client)
            .collect();
        for client in theirs {
            self.detach(client, id);
        }
    }

    /// A channel that nobody here is in is not followed.
    fn unfollow_if_unseen(&mut self, id: &ChannelId) {
        let is_seen = |channel: &Channel| !channel.viewers.is_empty() || !channel.joining.is_empty();
        if self.channels.get(id).is_none_or(is_seen) {
            return;
        }
        self.hand_out();
        let Some(channel) = self.channels.remove(id) else { return };
        self.due.forget(&Thing::Channel(id.clone()));
        for member in channel.replica().into_iter().flat_map(|replica| replica.members.keys()) {
            self.leave_person(member, id);
        }
        channel.owed.into_values().for_each(Owed::pay);
        for (interest, subject) in [
            (&self.channel_interest, Subject::Channel(id.clone())),
            (&self.conversation_interest, Subject::Conversation(id.clone().into())),
            (&self.conversation_interest, Subject::Signal(id.clone())),
        ] {
            if let Some(interest) = interest {
                interest.remove(subject);
            }
        }
    }
}
