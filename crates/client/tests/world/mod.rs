//! A small world in which time is a number: the owners of a channel and of its conversation, a faulty bus, three gateways, and two
//! replicas of message-service, which decide by what they know of the channel who may speak.

mod owner;
mod reader;
mod sending;

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    time::{Duration, Instant},
};

use api::{Entry, event::ChannelEvent};
use client::follow::Ask;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use self::{
    owner::{Answer, Committed, Owner},
    reader::Reader,
    sending::Send,
};

const GATEWAYS: usize = 3;
const MESSENGERS: usize = 2;
/// All who follow the channel: first the gateways.
const READERS: usize = GATEWAYS + MESSENGERS;
/// How long the owner goes on changing.
const BUSY: Duration = Duration::from_secs(20);
/// A reader posts the versions it holds this often (architecture, section 3.4).
const HEADS_EVERY: Duration = Duration::from_secs(5);
/// After the last change, until everybody must have everything: a round of heads, and the longest retries.
const SETTLE: Duration = Duration::from_secs(12);

/// What goes wrong, each as a chance for each frame, request or change.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Faults {
    loss: f64,
    duplicate: f64,
    delay_ms: u64,
    request_fails: f64,
    owner_dies_before_publish: f64,
    reader_crashes: f64,
    owner_restored: f64,
    events_expire: f64,
    lose_only: Option<u64>,
}

impl Faults {
    const NONE: Self = Self {
        loss: 0.0,
        duplicate: 0.0,
        delay_ms: 2,
        request_fails: 0.0,
        owner_dies_before_publish: 0.0,
        reader_crashes: 0.0,
        owner_restored: 0.0,
        events_expire: 0.0,
        lose_only: None,
    };

    /// Every history its own mixture.
    pub(crate) fn any(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed ^ 0x5eed);
        let mut chance = |most: f64| if rng.random_bool(0.5) { rng.random_range(0.0..most) } else { 0.0 };
        Self {
            loss: chance(0.6),
            duplicate: chance(0.5),
            delay_ms: (chance(300.0)) as u64 + 2,
            request_fails: chance(0.4),
            owner_dies_before_publish: chance(0.2),
            reader_crashes: chance(0.02),
            owner_restored: chance(0.005),
            events_expire: chance(0.05),
            lose_only: None,
        }
    }

    pub(crate) fn no_bus() -> Self {
        Self { loss: 1.0, ..Self::NONE }
    }

    pub(crate) fn loses_one() -> Self {
        Self { lose_only: Some(6), ..Self::NONE }
    }
}

/// What travels, and to whom.
#[derive(Debug, Clone)]
enum Arrival {
    Change,
    Send(Send),
    Event(usize, ChannelEvent),
    Entry(usize, Entry),
    Answer(usize, u32, Box<Answer>),
    HeadsTick(usize),
    Wake(usize),
}

/// What happened in one history.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct History {
    pub(crate) shown: u64,
    pub(crate) asked: u64,
    pub(crate) slowest: Duration,
    lost: u64,
    duplicated: u64,
    crashes: u64,
    snapshots: u64,
    restores: u64,
    failed_requests: u64,
    said: u64,
    refused: u64,
    stale: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Totals(History);

impl Totals {
    pub(crate) fn add(&mut self, history: &History) {
        self.0.shown += history.shown;
        self.0.asked += history.asked;
        self.0.lost += history.lost;
        self.0.duplicated += history.duplicated;
        self.0.crashes += history.crashes;
        self.0.snapshots += history.snapshots;
        self.0.restores += history.restores;
        self.0.failed_requests += history.failed_requests;
        self.0.said += history.said;
        self.0.refused += history.refused;
        self.0.stale += history.stale;
    }

    pub(crate) fn all_happened(&self) -> bool {
        let all = &self.0;
        [
            all.shown,
            all.asked,
            all.lost,
            all.duplicated,
            all.crashes,
            all.snapshots,
            all.restores,
            all.failed_requests,
            all.said,
            all.refused,
            all.stale,
        ]
        .into_iter()
        .all(|count| count > 0)
    }
}

pub(crate) struct World {
    rng: StdRng,
    faults: Faults,
    start: Instant,
    now: Duration,
    queue: BinaryHeap<Reverse<(Duration, u64, usize)>>,
    arrivals: Vec<Option<Arrival>>,
    owner: Owner,
    readers: Vec<Reader>,
    published: u64,
    history: History,
}

impl World {
    pub(crate) fn new(seed: u64, faults: Faults) -> Self {
        let owner = Owner::new();
        let readers = (0..READERS).map(|_| Reader::new(&owner)).collect();
        let mut world = Self {
            rng: StdRng::seed_from_u64(seed),
            faults,
            start: Instant::now(),
            now: Duration::ZERO,
            queue: BinaryHeap::new(),
            arrivals: Vec::new(),
            owner,
            readers,
            published: 0,
            history: History::default(),
        };
        world.at(Duration::from_millis(1), Arrival::Change);
        for reader in 0..READERS {
            let first = Duration::from_millis(world.rng.random_range(0..5000));
            world.at(first, Arrival::HeadsTick(reader));
        }
        world
    }

    /// Runs to the end and checks the contract.
    pub(crate) fn run(mut self) -> History {
        while let Some(Reverse((at, _, index))) = self.queue.pop() {
            if at > BUSY + SETTLE {
                break;
            }
            self.now = at;
            let arrival = self.arrivals[index].take().expect("each arrives once");
            self.arrive(arrival);
        }
        for reader in &self.readers {
            reader.must_agree_with(&self.owner);
            self.history.slowest = self.history.slowest.max(reader.slowest);
            self.history.shown += reader.shown;
        }
        self.history
    }

    fn at(&mut self, at: Duration, arrival: Arrival) {
        let index = self.arrivals.len();
        self.arrivals.push(Some(arrival));
        self.queue.push(Reverse((at, index as u64, index)));
    }

    fn after(&mut self, millis: u64, arrival: Arrival) {
        self.at(self.now + Duration::from_millis(millis), arrival);
    }

    fn chance(&mut self, chance: f64) -> bool {
        chance > 0.0 && self.rng.random_bool(chance)
    }

    fn arrive(&mut self, arrival: Arrival) {
        let now = self.start + self.now;
        match arrival {
            Arrival::Change => self.change(),
            Arrival::Send(send) => self.decide(send),
            Arrival::Event(to, event) => {
                self.readers[to].follow.event(event, now);
                self.settle(to);
            }
            Arrival::Entry(to, entry) => {
                self.readers[to].follow.entry(entry, now);
                self.settle(to);
            }
            Arrival::Answer(to, life, answer) => {
                // A reader that crashed meanwhile has forgotten the question.
                if self.readers[to].life == life {
                    self.readers[to].answered(*answer, now);
                    self.settle(to);
                }
            }
            Arrival::HeadsTick(to) => {
                if self.now < BUSY + SETTLE {
                    self.at(self.now + HEADS_EVERY, Arrival::HeadsTick(to));
                }
                let life = self.readers[to].life;
                let fails = self.chance(self.faults.request_fails);
                if fails && self.now < BUSY {
                    self.history.failed_requests += 1;
                } else {
                    let answer = Answer::Heads(self.owner.heads());
                    self.after(3, Arrival::Answer(to, life, Box::new(answer)));
                }
            }
            Arrival::Wake(to) => self.settle(to),
        }
    }

    /// The owner commits something, then publishes it, unless it dies in between.
    fn change(&mut self) {
        if self.now >= BUSY {
            return;
        }
        let pause = self.rng.random_range(1..400);
        self.after(pause, Arrival::Change);
        if self.chance(self.faults.owner_restored) {
            self.history.restores += 1;
            self.owner.restore();
        }
        if self.chance(self.faults.events_expire) {
            self.owner.forget_old_events();
        }
        if self.chance(self.faults.reader_crashes) {
            self.history.crashes += 1;
            let reader = self.rng.random_range(0..READERS);
            self.readers[reader] = Reader::after(&self.readers[reader], &self.owner);
        }
        match self.owner.commit(&mut self.rng, self.now) {
            Ok(event) => self.publish_to_all(&Committed::Event(Box::new(event))),
            Err(member) => self.say(member),
        }
    }

    fn publish_to_all(&mut self, committed: &Committed) {
        if self.chance(self.faults.owner_dies_before_publish) {
            self.history.lost += READERS as u64;
            return;
        }
        for reader in 0..READERS {
            self.publish(reader, committed.clone());
        }
    }

    fn publish(&mut self, reader: usize, committed: Committed) {
        self.published += 1;
        let lost = match self.faults.lose_only {
            Some(frame) => self.published == frame,
            None => self.chance(self.faults.loss),
        };
        if lost {
            self.history.lost += 1;
            return;
        }
        let copies = if self.chance(self.faults.duplicate) { 2 } else { 1 };
        self.history.duplicated += copies - 1;
        for _ in 0..copies {
            let delay = self.rng.random_range(0..self.faults.delay_ms);
            let arrival = match committed.clone() {
                Committed::Event(event) => Arrival::Event(reader, *event),
                Committed::Entry(entry) => Arrival::Entry(reader, *entry),
            };
            self.after(delay, arrival);
        }
    }

    /// Shows what is ready, asks what is due, and comes back when the next question is.
    fn settle(&mut self, reader: usize) {
        let now = self.start + self.now;
        self.readers[reader].show(now, self.now);
        while let Some(ask) = self.readers[reader].follow.ask(now) {
            self.history.asked += 1;
            let fails = self.now < BUSY && self.chance(self.faults.request_fails);
            let life = self.readers[reader].life;
            let answer = if fails {
                self.history.failed_requests += 1;
                Answer::Failed(ask)
            } else {
                self.history.snapshots += u64::from(ask == Ask::Snapshot);
                self.owner.answer(ask)
            };
            let took = self.rng.random_range(1..30);
            self.after(took, Arrival::Answer(reader, life, Box::new(answer)));
        }
        if let Some(due) = self.readers[reader].follow.ask_at() {
            // At least a millisecond on: an arrival at this very moment would come for ever.
            let at = (due - self.start).max(self.now + Duration::from_millis(1));
            self.at(at, Arrival::Wake(reader));
        }
    }
}
