//! A gateway with one viewer, or a message-service: checks, at every step, what is shown.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use api::{event::ChannelChange, id::UserId};
use client::follow::{Ask, Following, Next};

use super::owner::{Answer, Owner};

pub(crate) struct Reader {
    pub(crate) follow: Following,
    /// Which life this is: answers to an earlier one are void.
    pub(crate) life: u32,
    /// Whom the viewer has been shown in the channel.
    present: HashSet<UserId>,
    /// The last seq that the viewer was shown.
    last_seq: u64,
    pub(crate) last_version: u64,
    pub(crate) slowest: Duration,
    pub(crate) shown: u64,
}

impl Reader {
    pub(crate) fn new(owner: &Owner) -> Self {
        let snapshot = owner.snapshot();
        let last_seq = owner.entries.len() as u64;
        Self {
            present: snapshot.members.iter().map(|member| member.person.id.clone()).collect(),
            last_version: snapshot.channel.version,
            follow: Following::new(snapshot, last_seq),
            life: 0,
            last_seq,
            slowest: Duration::ZERO,
            shown: 0,
        }
    }

    /// Crashed and started again, with nothing but a new snapshot.
    pub(crate) fn after(crashed: &Self, owner: &Owner) -> Self {
        Self { life: crashed.life + 1, slowest: crashed.slowest, shown: crashed.shown, ..Self::new(owner) }
    }

    /// Whether somebody is in the channel, as far as it has been shown.
    pub(crate) fn shows(&self, user: &UserId) -> bool {
        self.present.contains(user)
    }

    pub(crate) fn epoch(&self) -> String {
        self.follow.replica().epoch.clone()
    }

    pub(crate) fn answered(&mut self, answer: Answer, now: Instant) {
        match answer {
            Answer::Heads((version, seq, epoch)) => {
                if epoch == self.epoch() {
                    self.follow.expect_version(version, now);
                } else {
                    self.follow.new_epoch(now);
                }
                self.follow.expect_seq(seq, now);
            }
            Answer::Events(events) => self.follow.events_answered(Some(events), now),
            Answer::Entries(entries) => self.follow.entries_answered(Some(entries), now),
            Answer::Snapshot(snapshot) => {
                let version = snapshot.channel.version;
                let net = self.follow.snapshot_answered(Some(*snapshot), now);
                net.iter().for_each(|change| self.see(change));
                self.last_version = self.last_version.max(self.follow.held().0.min(version));
            }
            Answer::Failed(Ask::Events { .. }) => self.follow.events_answered(None, now),
            Answer::Failed(Ask::Entries { .. }) => self.follow.entries_answered(None, now),
            Answer::Failed(Ask::Snapshot) => drop(self.follow.snapshot_answered(None, now)),
        }
    }

    /// Shows the viewer everything that is ready.
    pub(crate) fn show(&mut self, now: Instant, clock: Duration) {
        while let Some(next) = self.follow.next(now) {
            self.shown += 1;
            let at = match &next {
                Next::Event(event) => {
                    assert_eq!(event.version, self.last_version + 1, "a change out of order, or twice");
                    self.last_version = event.version;
                    self.see(&event.change);
                    event.at
                }
                Next::Entry(entry) => {
                    assert_eq!(entry.seq, self.last_seq + 1, "a message lost, twice or out of order");
                    self.last_seq = entry.seq;
                    assert!(
                        entry.channel_version.unwrap() <= self.last_version,
                        "a message before what allowed it"
                    );
                    entry.at
                }
            };
            self.slowest = self.slowest.max(clock.saturating_sub(Duration::from_micros(at.0 as u64)));
        }
    }

    fn see(&mut self, change: &ChannelChange) {
        match change {
            ChannelChange::Joined { member } => {
                assert!(self.present.insert(member.person.id.clone()), "somebody joined twice");
            }
            ChannelChange::Parted { user, .. } => {
                assert!(self.present.remove(&user.id), "somebody left twice")
            }
            _ => {}
        }
    }

    pub(crate) fn must_agree_with(&self, owner: &Owner) {
        assert_eq!(self.follow.replica(), &owner.replica, "a reader's replica is not the owner's state");
        assert_eq!(self.last_seq, owner.entries.len() as u64, "a reader misses messages at the end");
        let members: HashSet<_> = owner.replica.members.keys().cloned().collect();
        assert_eq!(self.present, members, "a viewer was shown other people than there are");
    }
}
