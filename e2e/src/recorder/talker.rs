//! Clients that note everything they do and see, with messages in flight at any time. `client` is as docs/line-protocol.md wants it:
//! it has a key on each message, resumes from the highest seq it has dealt with, and types again what has no `201` yet. `irc` is an
//! IRC client: the echo of a message acknowledges it, CHATHISTORY fills the hole that a broken connection has left, and a message
//! without an answer is not typed again.

mod client;
mod irc;
mod wire;

use std::{collections::BTreeMap, fmt::Display, io, net::SocketAddr, sync::Arc, time::Duration};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::{Recorder, Target};

/// Who talks, and how.
#[derive(Debug, Clone)]
pub struct Habits {
    pub name: String,
    pub speaks: Speaks,
    /// A token that any connection can log in with.
    pub token: String,
    /// Channels and nicks, followed from the start and written to.
    pub targets: Vec<String>,
    /// Messages typed at once.
    pub window: usize,
    /// From one window to the next, if the answers came by then.
    pub pause: Duration,
    /// What is said where.
    pub seed: u64,
    /// After so long a silence it goes to the next gateway; none: a gateway that is silent is broken.
    pub moves_on_after: Option<Duration>,
}

impl Habits {
    /// How long it waits for what must come.
    fn patience(&self) -> Duration {
        self.moves_on_after.unwrap_or(SILENCE)
    }

    /// What it makes of a silence.
    fn waited(&self, what: impl Display) -> End {
        match self.moves_on_after {
            Some(_) => End::Broke,
            None => End::Wrong(format!("{what} for {SILENCE:?}")),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    LineProtocol,
    Irc,
}

/// A connection on which nothing that is waited for comes is given up after this: longer than a gateway holds a message.
const SILENCE: Duration = Duration::from_secs(15);
/// Before a refused message, or a refused step of getting in, is tried again.
const AGAIN_AFTER: Duration = Duration::from_millis(50);
/// Between two attempts to connect to a gateway that is not there.
const CONNECT_EVERY: Duration = Duration::from_millis(20);

/// Why a connection ends.
enum End {
    /// It broke, or the server closed it: there will be another.
    Broke,
    /// All is seen.
    Settled,
    /// What no correct server does.
    Wrong(String),
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::InvalidData => Self::Wrong(error.to_string()),
            _ => Self::Broke,
        }
    }
}

#[derive(Debug, Clone)]
struct Message {
    to: String,
    key: Arc<str>,
    text: Arc<str>,
}

/// What somebody thinks of saying, by their seed.
struct Thoughts {
    rng: StdRng,
    said: u64,
}

impl Thoughts {
    fn new(habits: &Habits) -> Self {
        Self { rng: StdRng::seed_from_u64(habits.seed), said: 0 }
    }

    /// A new message, with its number.
    fn next(&mut self, habits: &Habits) -> (u64, Message) {
        self.said += 1;
        let (name, said) = (&habits.name, self.said);
        let target = self.rng.random_range(0..habits.targets.len());
        let message = Message {
            to: habits.targets[target].clone(),
            key: format!("{name}-{said:08}-{:08x}", self.rng.random::<u32>()).into(),
            text: format!("{name} says number {said}").into(),
        };
        (said, message)
    }
}

/// What all talkers are to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    Talk,
    /// Nothing new, until everything is acknowledged.
    Hush,
    /// Nothing new, until everything up to these seqs has been shown.
    Settle(Arc<BTreeMap<Target, u64>>),
}

/// A talker at work. It stops when it is dropped.
#[derive(Debug)]
pub struct Talker {
    pub name: String,
    /// Messages that are not acknowledged yet, and may be.
    pub open: watch::Receiver<usize>,
    ended: watch::Receiver<Option<Result<(), String>>>,
    _task: AbortOnDropHandle<()>,
}

impl Talker {
    /// `addresses`: gateways, tried one after the other.
    pub fn start(
        addresses: Vec<SocketAddr>,
        habits: Habits,
        recorder: Recorder,
        phase: watch::Receiver<Phase>,
    ) -> Self {
        let (opened, open) = watch::channel(0);
        let (end, ended) = watch::channel(None);
        let name = habits.name.clone();
        let task = tokio::spawn(async move {
            let lived = match habits.speaks {
                Speaks::LineProtocol => {
                    client::Client::new(addresses, habits, recorder, opened).live(phase).await
                }
                Speaks::Irc => irc::Client::new(addresses, habits, recorder, opened).live(phase).await,
            };
            end.send_replace(Some(lived));
        });
        Self { name, open, ended, _task: AbortOnDropHandle::new(task) }
    }

    /// Waits for its end, which [`Phase::Settle`] is for.
    ///
    /// # Errors
    /// What the server said that no correct one says.
    pub async fn settled(mut self) -> Result<(), String> {
        let ended = self.ended.wait_for(Option::is_some).await;
        ended.map_err(|_| "it panicked".to_owned())?.clone().unwrap_or(Ok(()))
    }

    /// Why it has given up, if it has.
    pub fn failure(&self) -> Option<String> {
        self.ended.borrow().clone()?.err()
    }
}
