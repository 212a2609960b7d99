//! A client as docs/line-protocol.md wants it, that notes everything it does and sees: it keeps messages in flight, has a
//! key on each, resumes from the highest seq it has dealt with, and types again what has no `201` yet.

mod client;
mod wire;

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use self::client::Client;
use super::{Recorder, Target};

/// Who talks, and how.
#[derive(Debug, Clone)]
pub struct Habits {
    pub name: String,
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
    /// Messages that have no `201` yet.
    pub open: watch::Receiver<usize>,
    ended: watch::Receiver<Option<Result<(), String>>>,
    _task: AbortOnDropHandle<()>,
}

impl Talker {
    pub fn start(
        address: SocketAddr,
        habits: Habits,
        recorder: Recorder,
        phase: watch::Receiver<Phase>,
    ) -> Self {
        let (opened, open) = watch::channel(0);
        let (end, ended) = watch::channel(None);
        let name = habits.name.clone();
        let client = Client::new(address, habits, recorder, opened);
        let task = tokio::spawn(async move {
            end.send_replace(Some(client.live(phase).await));
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
