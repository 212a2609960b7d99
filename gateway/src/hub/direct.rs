//! Direct conversations of people who are connected here.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

use api::{
    Entry, Timestamp,
    id::{ConversationId, UserId},
    messages::DirectHead,
};
use client::sequence::Sequence;

use super::{
    ClientId, State,
    due::{Ask, Thing},
    keep_early,
    sent::Owed,
};
use crate::event::Event;

/// A conversation in which nothing was said for as long is forgotten here: its next entry asks where it stands.
const IDLE: Duration = Duration::from_secs(600);
/// What clocks of two services may differ: an entry that is older than a connection by more was not sent to it.
const SKEW: Duration = Duration::from_secs(1);

pub(super) struct Direct {
    pub(super) parties: [UserId; 2],
    stage: Stage,
    owed: BTreeMap<u64, Owed>,
    used: Instant,
}

enum Stage {
    /// What came before the first entry that was heard of is not known: it may have been said a moment ago.
    Unknown {
        asking: bool,
        early: VecDeque<Entry>,
    },
    Known(Sequence<Entry>),
}

impl Direct {
    fn new(parties: [UserId; 2], stage: Stage, now: Instant) -> Self {
        Self { parties, stage, owed: BTreeMap::new(), used: now }
    }

    /// The seq up to which all is shown.
    pub(super) fn held(&self) -> Option<u64> {
        match &self.stage {
            Stage::Known(entries) => Some(entries.applied()),
            Stage::Unknown { .. } => None,
        }
    }
}

impl State {
    pub(super) fn direct_entry(&mut self, entry: Entry, owed: Option<Owed>, now: Instant) {
        let Some(to) = &entry.to else { return };
        let parties = [entry.author.id.clone(), to.id.clone()];
        let id = entry.conversation.clone();
        if !parties.iter().any(|user| self.is_connected(user)) {
            return owed.into_iter().for_each(Owed::pay);
        }
        let direct = self.directs.entry(id.clone()).or_insert_with(|| {
            let stage = match entry.seq {
                1 => Stage::Known(Sequence::new(0)),
                _ => Stage::Unknown { asking: false, early: VecDeque::new() },
            };
            Direct::new(parties, stage, now)
        });
        direct.used = now;
        let is_new = direct.held().is_none_or(|held| entry.seq > held);
        match owed {
            Some(owed) if is_new && !direct.owed.contains_key(&entry.seq) => {
                drop(direct.owed.insert(entry.seq, owed))
            }
            Some(owed) => owed.pay(),
            None => {}
        }
        match &mut direct.stage {
            Stage::Known(entries) => drop(entries.offer(entry, now)),
            Stage::Unknown { early, .. } => keep_early(early, entry),
        }
        self.pump_direct(&id, now);
    }

    pub(super) fn pump_direct(&mut self, id: &ConversationId, now: Instant) {
        loop {
            let Some(direct) = self.directs.get_mut(id) else { return };
            let Stage::Known(entries) = &mut direct.stage else { break };
            let Some(entry) = entries.next() else { break };
            let owed = direct.owed.remove(&entry.seq);
            self.show_direct(entry, owed, now);
        }
        self.mind_direct(id, now);
    }

    fn mind_direct(&mut self, id: &ConversationId, now: Instant) {
        let at = self.directs.get(id).and_then(|direct| {
            let asks = match &direct.stage {
                Stage::Known(entries) => entries.ask_at(),
                Stage::Unknown { asking, .. } => (!asking).then_some(now),
            };
            asks.into_iter().chain(direct.owed.values().filter_map(Owed::overdue_at)).min()
        });
        self.due.set(Thing::Direct(id.clone()), at);
    }

    fn show_direct(&mut self, mut entry: Entry, owed: Option<Owed>, now: Instant) {
        self.learn_of(&entry.author, now);
        let author = self.shown(&entry.author);
        entry.author.nick = author.nick.clone();
        let hidden = self.hidden_from(&entry, owed.as_ref());
        self.hand_out();
        let Some(to) = &entry.to else { return };
        let mut viewers: Vec<ClientId> = Vec::new();
        for (user, other) in [(&entry.author.id, &to.id), (&to.id, &entry.author.id)] {
            let theirs = self.people.get(user).map(|known| known.clients.to_vec()).unwrap_or_default();
            viewers.extend(theirs.into_iter().filter(|&client| {
                self.is_live(client, other, entry.seq) && self.was_there(client, entry.at)
            }));
        }
        viewers.sort_unstable();
        viewers.dedup();
        let to_self = entry.author.id == to.id;
        viewers.retain(|viewer| {
            let Some(local) = self.clients.get(viewer) else { return false };
            let dialect = local.client.queue.dialect();
            // Who writes to themselves is answered, and is shown it all the same where answers are echoes.
            let is_hidden = hidden.contains(viewer) && !(to_self && dialect.answers_with_events());
            !is_hidden && (to_self || local.user != entry.author.id || dialect.shows_own())
        });
        let event = Event::Entry { entry: &entry, author: author.who() };
        self.show(&viewers, &event, entry.at);
        owed.into_iter().for_each(Owed::pay);
    }

    fn is_connected(&self, user: &UserId) -> bool {
        self.people.get(user).is_some_and(|known| !known.clients.is_empty())
    }

    /// A connection is shown what was sent since it began; what is older came up in healing.
    fn was_there(&self, client: ClientId, at: Timestamp) -> bool {
        self.clients.get(&client).is_some_and(|local| at.plus(SKEW) >= local.since)
    }

    /// What to ask about a direct conversation now.
    pub(super) fn ask_direct(&mut self, id: &ConversationId, at: Instant) -> Option<Ask> {
        let direct = self.directs.get_mut(id)?;
        direct
            .owed
            .values_mut()
            .filter(|owed| owed.overdue_at().is_some_and(|due| due <= at))
            .for_each(Owed::pay_now);
        let ask = match &mut direct.stage {
            Stage::Known(entries) => entries.ask(at).map(|after| Ask::DirectEntries(id.clone(), after)),
            Stage::Unknown { asking, .. } => {
                *asking = true;
                Some(Ask::DirectBase(id.clone()))
            }
        };
        self.mind_direct(id, at);
        ask
    }

    /// Who of a conversation's parties is connected here, and since when.
    pub(super) fn connected_parties(&self, id: &ConversationId) -> Option<(Vec<UserId>, Timestamp)> {
        let direct = self.directs.get(id)?;
        let users: Vec<_> = direct.parties.iter().filter(|user| self.is_connected(user)).cloned().collect();
        let since = users.iter().filter_map(|user| self.connected_since(user)).min()?;
        Some((users, since))
    }

    fn connected_since(&self, user: &UserId) -> Option<Timestamp> {
        let clients = &self.people.get(user)?.clients;
        clients.iter().filter_map(|client| Some(self.clients.get(client)?.since)).min()
    }

    /// Where a conversation stood is known now, or cannot be: then what was heard of first is the first.
    pub(super) fn direct_base(&mut self, id: &ConversationId, head: Option<DirectHead>, at: Instant) {
        let Some(direct) = self.directs.get_mut(id) else { return };
        let Stage::Unknown { early, .. } = &mut direct.stage else { return };
        let early = std::mem::take(early);
        let heard = early.iter().map(|entry| entry.seq).min().unwrap_or(1);
        let first = head.as_ref().map_or(heard, |head| head.first_seq.min(heard));
        let mut entries = Sequence::new(first.saturating_sub(1));
        for entry in early {
            entries.offer(entry, at);
        }
        if let Some(head) = head {
            entries.expect(head.last_seq, at);
        }
        direct.stage = Stage::Known(entries);
        self.pump_direct(id, at);
    }

    /// Entries that were asked for; none: no answer came.
    pub(super) fn direct_entries(
        &mut self,
        id: &ConversationId,
        answer: Option<api::messages::Entries>,
        at: Instant,
    ) {
        let Some(direct) = self.directs.get_mut(id) else { return };
        let Stage::Known(entries) = &mut direct.stage else { return };
        match answer {
            None => entries.failed(at),
            Some(answer) => {
                let first = answer.entries.first().map_or(answer.last_seq + 1, |entry| entry.seq);
                entries.skip(first.saturating_sub(1));
                entries.answered(answer.entries, at);
            }
        }
        self.pump_direct(id, at);
    }

    /// Conversations of people who are connected here have entries up to these.
    pub(super) fn direct_heads(&mut self, heads: Vec<DirectHead>, at: Instant) {
        for head in heads {
            let DirectHead { id, parties, first_seq, last_seq } = head;
            let direct = self.directs.entry(id.clone()).or_insert_with(|| {
                Direct::new(parties, Stage::Known(Sequence::new(first_seq.saturating_sub(1))), at)
            });
            if let Stage::Known(entries) = &mut direct.stage {
                entries.expect(last_seq, at);
            }
            self.pump_direct(&id, at);
        }
    }

    /// The owner says that a conversation is at `seq`.
    pub(super) fn direct_at(&mut self, id: &ConversationId, seq: u64, at: Instant) {
        if let Some(Direct { stage: Stage::Known(entries), .. }) = self.directs.get_mut(id) {
            entries.expect(seq, at);
            self.mind_direct(id, at);
        }
    }

    /// Forgets conversations without anybody here, and idle ones.
    pub(super) fn forget_directs(&mut self, now: Instant) {
        let gone: Vec<_> = self
            .directs
            .iter()
            .filter(|(_, direct)| {
                let is_idle = now.saturating_duration_since(direct.used) > IDLE && direct.owed.is_empty();
                is_idle || !direct.parties.iter().any(|user| self.is_connected(user))
            })
            .map(|(id, _)| id.clone())
            .collect();
        for id in gone {
            if let Some(direct) = self.directs.remove(&id) {
                direct.owed.into_values().for_each(Owed::pay);
            }
            self.due.forget(&Thing::Direct(id));
        }
    }

    /// As [`forget_directs`](Self::forget_directs), all: their numbers count in another epoch now.
    pub(super) fn forget_all_directs(&mut self) {
        for (id, direct) in std::mem::take(&mut self.directs) {
            direct.owed.into_values().for_each(Owed::pay);
            self.due.forget(&Thing::Direct(id));
        }
    }
}
