//! One channel as a reader follows it: its changes and its conversation, merged into the one order in which clients may see
//! them. No I/O, so that a seeded scheduler can try ten thousand unlucky orders of events, losses, answers and crashes.

use std::time::Instant;

use api::{
    Entry,
    channels::{ChannelEvents, Snapshot},
    event::{ChannelChange, ChannelEvent},
    messages::Entries,
};

use crate::{replica::ChannelReplica, sequence::Sequence};

/// What comes next, and has been applied already.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    Event(ChannelEvent),
    Entry(Entry),
}

/// What to ask the owner for: exactly what is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// `GET /v1/channels/{id}/events?after=`
    Events { after: u64 },
    /// `GET /v1/conversations/{id}/entries?after=`
    Entries { after: u64 },
    /// The missing range is gone, or counts in another epoch.
    Snapshot,
}

/// A channel and its conversation, as far as they are known here.
#[derive(Debug)]
pub struct Following {
    replica: ChannelReplica,
    events: Sequence<ChannelEvent>,
    entries: Sequence<Entry>,
    /// The next question about changes is for a snapshot.
    needs_snapshot: bool,
}

impl Following {
    /// Begins at a snapshot and at the conversation's `last_seq`, asked for in this order: what is said between is seen.
    pub fn new(snapshot: Snapshot, last_seq: u64) -> Self {
        let replica = ChannelReplica::from(snapshot);
        Self {
            events: Sequence::new(replica.version()),
            entries: Sequence::new(last_seq),
            replica,
            needs_snapshot: false,
        }
    }

    pub fn replica(&self) -> &ChannelReplica {
        &self.replica
    }

    pub fn replica_mut(&mut self) -> &mut ChannelReplica {
        &mut self.replica
    }

    /// The version and the seq up to which everything has been given out.
    pub fn held(&self) -> (u64, u64) {
        (self.events.applied(), self.entries.applied())
    }

    /// A change came, from a reply or the bus. Then take what is ready with [`Following::next`].
    pub fn event(&mut self, event: ChannelEvent, now: Instant) -> bool {
        // What comes while a snapshot is on its way may count in either epoch; what it lacks, the next heads tell.
        !self.needs_snapshot && self.events.offer(event, now)
    }

    /// An entry came, from a reply or the bus. Then take what is ready with [`Following::next`].
    pub fn entry(&mut self, entry: Entry, now: Instant) -> bool {
        self.entries.offer(entry, now)
    }

    /// The owner says that the channel is at `version`.
    pub fn expect_version(&mut self, version: u64, now: Instant) {
        self.events.expect(version, now);
    }

    /// The owner says that the conversation is at `seq`.
    pub fn expect_seq(&mut self, seq: u64, now: Instant) {
        self.entries.expect(seq, now);
    }

    /// The next thing to show. Changes go first; an entry waits for the version at which it was allowed, so that nobody sees a
    /// message before its sender's join.
    pub fn next(&mut self, now: Instant) -> Option<Next> {
        if self.needs_snapshot {
            return None;
        }
        if let Some(event) = self.events.next() {
            self.replica.apply(&event);
            return Some(Next::Event(event));
        }
        let needed = self.entries.peek()?.channel_version.unwrap_or(0);
        if needed > self.replica.version() {
            self.events.foresee(needed, now);
            return None;
        }
        self.entries.next().map(Next::Entry)
    }

    /// When to call [`Following::ask`], if anything is missing.
    pub fn ask_at(&self) -> Option<Instant> {
        [self.events.ask_at(), self.entries.ask_at()].into_iter().flatten().min()
    }

    /// What to ask now. Each kind of question is in flight once at most; call until none is left.
    pub fn ask(&mut self, now: Instant) -> Option<Ask> {
        if let Some(after) = self.events.ask(now) {
            return Some(if self.needs_snapshot { Ask::Snapshot } else { Ask::Events { after } });
        }
        self.entries.ask(now).map(|after| Ask::Entries { after })
    }

    /// The answer to [`Ask::Events`]; none: it did not come.
    pub fn events_answered(&mut self, answer: Option<ChannelEvents>, now: Instant) {
        match answer {
            Some(answer) if answer.complete && answer.epoch == self.replica.epoch => {
                self.events.answered(answer.events, now);
            }
            Some(_) => {
                self.events.failed(now);
                self.new_epoch(now);
            }
            None => self.events.failed(now),
        }
    }

    /// The answer to [`Ask::Entries`]; none: it did not come. What retention has taken meanwhile is passed over.
    pub fn entries_answered(&mut self, answer: Option<Entries>, now: Instant) {
        let Some(answer) = answer else {
            return self.entries.failed(now);
        };
        let first = answer.entries.first().map_or(answer.last_seq + 1, |entry| entry.seq);
        self.entries.skip(first.saturating_sub(1));
        self.entries.answered(answer.entries, now);
    }

    /// The owner's epoch has changed: what is held here counts in another one.
    pub fn new_epoch(&mut self, now: Instant) {
        self.needs_snapshot = true;
        self.events.forget();
        self.events.expect(self.events.applied() + 1, now);
    }

    /// The answer to [`Ask::Snapshot`]; none: it did not come. Gives the net changes, which clients are shown in place of the
    /// events that nobody has any more.
    pub fn snapshot_answered(&mut self, answer: Option<Snapshot>, now: Instant) -> Vec<ChannelChange> {
        let Some(snapshot) = answer else {
            self.events.failed(now);
            return Vec::new();
        };
        self.needs_snapshot = false;
        let newer = ChannelReplica::from(snapshot);
        if newer.epoch == self.replica.epoch && newer.version() <= self.replica.version() {
            // Asked long ago; the events have come meanwhile.
            self.events.answered([], now);
            return Vec::new();
        }
        let changes = self.replica.net_changes(&newer);
        self.events.reset(newer.version(), now);
        self.replica = newer;
        changes
    }
}
