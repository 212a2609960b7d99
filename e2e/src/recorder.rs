//! The evidence for "no loss, no duplicate, in order": what people typed, what they were answered, what their
//! connections showed, and what the history holds in the end. Tests note it as it happens, in the order of each
//! connection's wire, and [`Record::check`] says what does not fit together. It knows no sockets; see
//! [`talker`] for a client that notes everything it does.

mod check;
mod fault;
pub mod party;
pub mod talker;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use tokio::sync::watch;

pub use self::fault::Fault;

/// One connection of a logical client: the same person's next one has the next number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Connection {
    pub client: Arc<str>,
    pub number: u32,
}

/// A conversation, named the same for all its parties.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target(Arc<str>);

impl Target {
    /// `to` is a channel, or the nick that `author` wrote to.
    pub fn new(author: &str, to: &str) -> Self {
        if to.starts_with('#') {
            Self(to.into())
        } else {
            let (first, second) = if author < to { (author, to) } else { (to, author) };
            Self(format!("{first}+{second}").into())
        }
    }
}

impl Target {
    /// What two people write to each other comes to their connections by itself, from the login on.
    pub(crate) fn is_direct(&self) -> bool {
        !self.0.starts_with('#')
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// An idempotency key: unique in a record.
pub type Key = Arc<str>;

/// Something that happened, and when since the record began.
#[derive(Debug, Clone)]
pub struct Noted {
    pub at: Duration,
    pub by: Connection,
    pub what: What,
}

#[derive(Debug, Clone)]
pub enum What {
    /// A message was typed, for the first time or again. Every text of a record is unique.
    Sent { target: Target, key: Key, text: Arc<str> },
    /// `201 sent`; `repeat` for the tag `dup=1`: it says nothing about where in the stream the message stands.
    Acked { key: Key, seq: u64, id: Arc<str>, repeat: bool },
    /// Any other answer to a message. With a 503 it may be stored all the same.
    Refused { key: Key, code: u16 },
    /// Its connection broke before the answer, and it is not typed again: without a key it could be stored twice.
    Abandoned { key: Key },
    /// What comes after this seq is shown from here on: the answer to a join, or what a resume or a history was asked for.
    /// `again`: what comes by itself before the resume is through, comes once more with it.
    Follows { target: Target, after: u64, again: bool },
    /// What was missed has been shown.
    Resumed { target: Target },
    /// An entry came as an event.
    Seen { target: Target, seq: u64, kind: Arc<str>, author: Arc<str>, text: Arc<str> },
    /// An entry stood in the history that a client asked for to fill its hole. By its id the client knows it from the event,
    /// which may come as well.
    Read { target: Target, seq: u64, author: Arc<str>, text: Arc<str> },
    /// Still connected, and given time to be shown all that there is.
    Settled,
}

/// An entry as the history has it.
#[derive(Debug, Clone)]
pub struct Stored {
    pub seq: u64,
    pub id: Arc<str>,
    pub author: Arc<str>,
    pub text: Arc<str>,
}

#[derive(Debug, Clone, Default)]
pub struct Record {
    pub noted: Vec<Noted>,
    pub history: BTreeMap<Target, Vec<Stored>>,
}

/// The record that many clients write in at once.
#[derive(Debug, Clone)]
pub struct Recorder {
    began: Instant,
    inner: Arc<Mutex<Inner>>,
    in_flight: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Inner {
    record: Record,
    acks: u64,
    acks_of: BTreeMap<Arc<str>, u64>,
    refusals: u64,
    unanswered: HashSet<Key>,
}

/// How far things are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub acks: u64,
    pub refusals: u64,
    /// Messages typed and neither acknowledged nor refused.
    pub in_flight: usize,
}

impl Default for Recorder {
    fn default() -> Self {
        Self { began: Instant::now(), inner: Arc::default(), in_flight: watch::channel(0).0 }
    }
}

impl Recorder {
    pub fn note(&self, by: &Connection, what: What) {
        let mut inner = self.inner.lock();
        match &what {
            What::Sent { key, .. } => {
                inner.unanswered.insert(key.clone());
            }
            What::Acked { key, .. } => {
                inner.acks += 1;
                *inner.acks_of.entry(by.client.clone()).or_default() += 1;
                inner.unanswered.remove(key);
            }
            What::Refused { key, .. } => {
                inner.refusals += 1;
                inner.unanswered.remove(key);
            }
            What::Abandoned { key } => drop(inner.unanswered.remove(key)),
            What::Follows { .. }
            | What::Resumed { .. }
            | What::Seen { .. }
            | What::Read { .. }
            | What::Settled => {}
        }
        // Within the lock: the order of the notes is the order of what happened.
        inner.record.noted.push(Noted { at: self.began.elapsed(), by: by.clone(), what });
        self.in_flight.send_replace(inner.unanswered.len());
    }

    /// How many messages are in flight, for whoever waits for a busy moment.
    pub fn in_flight(&self) -> watch::Receiver<usize> {
        self.in_flight.subscribe()
    }

    /// A page of a conversation's history, in the order it came.
    pub fn history(&self, target: &Target, page: Vec<Stored>) {
        self.inner.lock().record.history.entry(target.clone()).or_default().extend(page);
    }

    pub fn progress(&self) -> Progress {
        let inner = self.inner.lock();
        Progress { acks: inner.acks, refusals: inner.refusals, in_flight: inner.unanswered.len() }
    }

    /// How many acknowledgements each client has had.
    pub fn acks(&self) -> BTreeMap<Arc<str>, u64> {
        self.inner.lock().acks_of.clone()
    }

    /// Since the record began.
    pub fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// The longest that anybody has waited for an acknowledgement from one to the next, since then.
    pub fn longest_silence(&self, since: Duration) -> Duration {
        let inner = self.inner.lock();
        let mut last: BTreeMap<&str, Duration> =
            inner.acks_of.keys().map(|client| (&**client, since)).collect();
        let mut longest = Duration::ZERO;
        let from = inner.record.noted.partition_point(|noted| noted.at < since);
        for noted in
            inner.record.noted[from..].iter().filter(|noted| matches!(noted.what, What::Acked { .. }))
        {
            let before = last.insert(&noted.by.client, noted.at).unwrap_or(since);
            longest = longest.max(noted.at.saturating_sub(before));
        }
        longest
    }

    pub fn record(&self) -> Record {
        self.inner.lock().record.clone()
    }
}
