//! What is held here, for the owners to say what of it is behind; and what they say.

use std::{collections::BTreeMap, time::Instant};

use api::{
    HeadsReply, HeadsRequest, Timestamp,
    channels::{ChannelEvents, Snapshot},
    id::{ChannelId, ConversationId, UserId},
    messages::Entries,
    page::MAX_HEADS,
    users::UserEvents,
};
use client::{follow, sequence::Sequence};

use super::{
    State,
    channel::{Channel, Stage},
    due::{Ask, Thing},
};

impl State {
    /// All that is to be asked now.
    pub(super) fn asks(&mut self, now: Instant) -> Vec<Ask> {
        let mut asks = Vec::new();
        for thing in self.due.take(now) {
            match thing {
                Thing::Channel(id) => {
                    self.settle_overdue(&id, now);
                    self.ask_channel(&id, now, &mut asks);
                    self.mind(&id);
                }
                Thing::User(id) => {
                    let ask = self.people.get_mut(&id).and_then(|known| known.events.ask(now));
                    asks.extend(ask.map(|after| Ask::UserEvents(id.clone(), after)));
                    self.pump_user(&id, now);
                }
                Thing::Direct(id) => asks.extend(self.ask_direct(&id, now)),
                Thing::Session(id) => asks.push(Ask::Reopen(id)),
                Thing::Newcomers => asks.extend(self.ask_newcomers()),
            }
        }
        asks
    }

    fn ask_channel(&mut self, id: &ChannelId, now: Instant, asks: &mut Vec<Ask>) {
        let Some(channel) = self.channels.get_mut(id) else { return };
        match &mut channel.stage {
            Stage::Loading { asking, retry_at, .. } => {
                if !*asking && *retry_at <= now {
                    *asking = true;
                    asks.push(Ask::Load(id.clone()));
                }
            }
            Stage::Following(following) => {
                while let Some(ask) = following.ask(now) {
                    asks.push(match ask {
                        follow::Ask::Events { after } => Ask::ChannelEvents(id.clone(), after),
                        follow::Ask::Entries { after } => Ask::Entries(id.clone(), after),
                        follow::Ask::Snapshot => Ask::Snapshot(id.clone()),
                    });
                }
            }
        }
    }

    pub(super) fn channel_events_answered(
        &mut self,
        id: &ChannelId,
        answer: Option<ChannelEvents>,
        now: Instant,
    ) {
        if let Some(following) = self.channels.get_mut(id).and_then(Channel::following) {
            following.events_answered(answer, now);
        }
        self.pump(id, now);
    }

    pub(super) fn entries_answered(&mut self, id: &ChannelId, answer: Option<Entries>, now: Instant) {
        if let Some(following) = self.channels.get_mut(id).and_then(Channel::following) {
            following.entries_answered(answer, now);
        }
        self.pump(id, now);
    }

    pub(super) fn snapshot_answered(&mut self, id: &ChannelId, answer: Option<Snapshot>, now: Instant) {
        self.hand_out();
        let Some(following) = self.channels.get_mut(id).and_then(Channel::following) else { return };
        let changes = following.snapshot_answered(answer, now);
        let name = following.replica().channel.name.clone();
        self.show_net_changes(id, &name, changes);
        self.pump(id, now);
    }

    pub(super) fn user_events_answered(&mut self, id: &UserId, answer: Option<UserEvents>, now: Instant) {
        let Some(known) = self.people.get_mut(id) else { return };
        match answer {
            None => known.events.failed(now),
            Some(answer) if answer.complete => known.events.answered(answer.events, now),
            Some(answer) => {
                // Too old to be told one by one: what they are now is what counts.
                known.events.reset(answer.user.person.user_version, now);
                self.learn(&answer.user.person, None);
            }
        }
        self.pump_user(id, now);
    }

    /// Channels with their versions, in questions of a size that owners take.
    pub(super) fn held_channels(&self) -> Vec<HeadsRequest> {
        let held = self.channels.iter().filter_map(|(id, channel)| Some((id.to_string(), channel.held()?.0)));
        in_chunks(held)
    }

    /// Conversations with their seqs.
    pub(super) fn held_conversations(&self) -> Vec<HeadsRequest> {
        let channels =
            self.channels.iter().filter_map(|(id, channel)| Some((id.to_string(), channel.held()?.1)));
        let directs = self.directs.iter().filter_map(|(id, direct)| Some((id.to_string(), direct.held()?)));
        in_chunks(channels.chain(directs))
    }

    /// People with their versions.
    pub(super) fn held_people(&self) -> Vec<HeadsRequest> {
        in_chunks(self.people.iter().map(|(id, known)| (id.to_string(), known.events.applied())))
    }

    /// Who is connected here.
    pub(super) fn connected_users(&self) -> Vec<UserId> {
        self.people.iter().filter(|(_, known)| !known.clients.is_empty()).map(|(id, _)| id.clone()).collect()
    }

    pub(super) fn channels_at(&mut self, heads: HeadsReply, now: Instant) {
        let is_new =
            self.epochs.channels.replace(heads.epoch.clone()).is_some_and(|before| before != heads.epoch);
        if is_new {
            for (id, channel) in &mut self.channels {
                if let Stage::Following(following) = &mut channel.stage
                    && following.replica().epoch != heads.epoch
                {
                    following.new_epoch(now);
                    let at = following.ask_at();
                    self.due.set(Thing::Channel(id.clone()), at);
                }
            }
            return;
        }
        for (id, version) in heads.behind {
            let Ok(id) = ChannelId::try_from(id) else { continue };
            if let Some(following) = self.channels.get_mut(&id).and_then(Channel::following) {
                following.expect_version(version, now);
                metrics::counter!("gateway_heals_total", "what" => "channel").increment(1);
            }
            self.mind(&id);
        }
    }

    pub(super) fn conversations_at(&mut self, heads: HeadsReply, now: Instant) {
        let is_new =
            self.epochs.messages.replace(heads.epoch.clone()).is_some_and(|before| before != heads.epoch);
        if is_new {
            return self.conversations_start_again(now);
        }
        for (id, seq) in heads.behind {
            let Ok(id) = ConversationId::try_from(id) else { continue };
            metrics::counter!("gateway_heals_total", "what" => "conversation").increment(1);
            let channel = id.as_channel();
            if let Some(following) = self.channels.get_mut(&channel).and_then(Channel::following) {
                following.expect_seq(seq, now);
                self.mind(&channel);
            } else {
                self.direct_at(&id, seq, now);
            }
        }
    }

    /// The messages were restored to another time: numbers count anew from where they are.
    fn conversations_start_again(&mut self, now: Instant) {
        self.forget_all_directs();
        let ids: Vec<_> = self.channels.keys().cloned().collect();
        for id in ids {
            let Some(channel) = self.channels.get_mut(&id) else { continue };
            if channel.replica().is_some() {
                let fresh = Channel::loading(now);
                channel.stage = fresh.stage;
                for viewer in &mut channel.viewers {
                    viewer.after = 0;
                }
            }
            self.mind(&id);
        }
    }

    pub(super) fn people_at(&mut self, heads: HeadsReply, now: Instant) {
        let is_new =
            self.epochs.users.replace(heads.epoch.clone()).is_some_and(|before| before != heads.epoch);
        if is_new {
            for known in self.people.values_mut() {
                known.events = Sequence::new(0);
                known.nick_version = 0;
            }
        }
        for (id, version) in heads.behind {
            let Ok(id) = UserId::try_from(id) else { continue };
            if let Some(known) = self.people.get_mut(&id) {
                known.events.expect(version, now);
                metrics::counter!("gateway_heals_total", "what" => "user").increment(1);
                let at = known.events.ask_at();
                self.due.set(Thing::User(id), at);
            }
        }
    }

    /// The earliest moment since which direct messages matter to somebody connected here, but not before `floor`.
    pub(super) fn direct_since(&self, floor: Option<Timestamp>) -> Option<Timestamp> {
        let earliest = self.clients.values().map(|local| local.since).min()?;
        Some(floor.map_or(earliest, |floor| floor.max(earliest)))
    }
}

fn in_chunks(held: impl Iterator<Item = (String, u64)>) -> Vec<HeadsRequest> {
    let held: Vec<_> = held.collect();
    held.chunks(MAX_HEADS)
        .map(|chunk| HeadsRequest { held: chunk.iter().cloned().collect::<BTreeMap<_, _>>() })
        .collect()
}
