//! Applies numbered things once and in order, whatever the bus does to them. No I/O: time, events and answers come in, what is
//! ready and what to ask for come out; the same rules serve channels, users and conversations.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// What a reader waits for the rest of a hole before it asks: reordering on a bus is over by then.
pub const HOLE_WAIT: Duration = Duration::from_millis(20);
/// What a reader waits before it asks again when an answer did not come.
pub const RETRY_WAIT: Duration = Duration::from_millis(500);
/// Events held above a hole. What does not fit is asked for like any other part of the hole.
pub const MAX_HELD: usize = 1024;

/// Something that its owner has numbered 1, 2, 3, … without a hole.
pub trait Numbered {
    fn number(&self) -> u64;
}

impl Numbered for api::event::ChannelEvent {
    fn number(&self) -> u64 {
        self.version
    }
}

impl Numbered for api::event::UserEvent {
    fn number(&self) -> u64 {
        self.version
    }
}

impl Numbered for api::Entry {
    fn number(&self) -> u64 {
        self.seq
    }
}

/// Where a reader of one thing stands.
#[derive(Debug)]
pub struct Sequence<E> {
    /// The highest number given out by [`Sequence::next`], with all below it.
    applied: u64,
    /// Highest number known to exist.
    head: u64,
    /// Above `applied`, waiting for what is missing before them.
    held: BTreeMap<u64, E>,
    /// When to ask for what is missing; none while nothing is, or while an answer is awaited.
    ask_at: Option<Instant>,
    asking: bool,
}

impl<E: Numbered> Sequence<E> {
    /// A reader that has everything up to `applied`.
    pub fn new(applied: u64) -> Self {
        Self { applied, head: applied, held: BTreeMap::new(), ask_at: None, asking: false }
    }

    pub fn applied(&self) -> u64 {
        self.applied
    }

    /// Highest number known to exist.
    pub fn head(&self) -> u64 {
        self.head
    }

    pub fn is_behind(&self) -> bool {
        self.applied < self.head
    }

    /// An event came, from anywhere. False: it was known already. Then take what is ready with [`Sequence::next`].
    pub fn offer(&mut self, event: E, now: Instant) -> bool {
        let number = event.number();
        if number <= self.applied || self.held.contains_key(&number) {
            return false;
        }
        self.head = self.head.max(number);
        self.held.insert(number, event);
        if self.held.len() > MAX_HELD {
            self.held.pop_last();
        }
        self.schedule(now + HOLE_WAIT);
        true
    }

    /// The owner says that `head` exists: the bus has had its time.
    pub fn expect(&mut self, head: u64, now: Instant) {
        self.head = self.head.max(head);
        self.schedule(now);
    }

    /// Something that just came over the bus presupposes `head`: it may be right behind.
    pub fn foresee(&mut self, head: u64, now: Instant) {
        self.head = self.head.max(head);
        self.schedule(now + HOLE_WAIT);
    }

    /// The next one in order, if it is here.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator would keep the sequence borrowed while events are applied"
    )]
    pub fn next(&mut self) -> Option<E> {
        let event = self.held.remove(&(self.applied + 1))?;
        self.applied += 1;
        if !self.is_behind() {
            self.ask_at = None;
        }
        Some(event)
    }

    /// The next one in order, if it is here, left in its place.
    pub fn peek(&self) -> Option<&E> {
        self.held.get(&(self.applied + 1))
    }

    /// When to call [`Sequence::ask`], if anything is missing.
    pub fn ask_at(&self) -> Option<Instant> {
        self.ask_at
    }

    /// Whether to ask the owner now, and after which number. One request is in flight at a time: the next question comes
    /// after [`Sequence::answered`] or [`Sequence::failed`].
    pub fn ask(&mut self, now: Instant) -> Option<u64> {
        if self.asking || !self.is_behind() || self.ask_at.is_none_or(|at| now < at) {
            return None;
        }
        self.asking = true;
        self.ask_at = None;
        Some(self.applied)
    }

    /// The owner's answer to the question: events after the number asked with, perhaps not yet all.
    pub fn answered(&mut self, events: impl IntoIterator<Item = E>, now: Instant) {
        self.asking = false;
        for event in events {
            let number = event.number();
            self.head = self.head.max(number);
            if number > self.applied {
                self.held.insert(number, event);
            }
        }
        while self.held.len() > MAX_HELD {
            self.held.pop_last();
        }
        // What the answer holds is taken by `next`; if that is not all, ask on.
        let contiguous =
            (self.applied + 1..).take_while(|number| self.held.contains_key(number)).count() as u64;
        if self.applied + contiguous < self.head {
            // An answer without the next one is an owner that has nothing yet: do not spin.
            self.schedule(if contiguous == 0 { now + RETRY_WAIT } else { now });
        }
    }

    /// The question was not answered.
    pub fn failed(&mut self, now: Instant) {
        self.asking = false;
        self.schedule(now + RETRY_WAIT);
    }

    /// Starts again at `applied` after a snapshot. What is held above it stays good.
    pub fn reset(&mut self, applied: u64, now: Instant) {
        self.asking = false;
        self.ask_at = None;
        self.applied = applied;
        self.held = self.held.split_off(&(applied + 1));
        self.head = self.held.last_key_value().map_or(applied, |(number, _)| *number);
        self.schedule(now + HOLE_WAIT);
    }

    /// Drops what is held: it counts in an epoch that is over.
    pub fn forget(&mut self) {
        self.held.clear();
    }

    /// Numbers up to `through` are gone for good (retention): goes on after them.
    pub fn skip(&mut self, through: u64) {
        if through > self.applied {
            self.applied = through;
            self.head = self.head.max(through);
            self.held = self.held.split_off(&(through + 1));
        }
    }

    fn schedule(&mut self, at: Instant) {
        if !self.asking && self.is_behind() && !self.held.contains_key(&(self.applied + 1)) {
            self.ask_at = Some(self.ask_at.map_or(at, |earlier| earlier.min(at)));
        }
    }
}
