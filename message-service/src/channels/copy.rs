//! One copy of a channel, and how far it can be trusted. No I/O; see `follow` for that.

use std::time::{Duration, Instant};

use api::{
    ChannelName, ErrorCode, Problem,
    channels::{ChannelEvents, Snapshot},
    event::ChannelEvent,
    id::ChannelId,
};
use client::{replica::ChannelReplica, sequence::Sequence};
use parking_lot::Mutex;
use tokio::sync::watch;

use super::{Judgement, Question};

pub(super) struct Copy {
    pub(super) id: ChannelId,
    state: Mutex<State>,
    /// Counts changes, and confirmations too.
    changed: watch::Sender<u64>,
}

struct State {
    held: Option<Held>,
    /// The owner says that there is no such channel.
    gone: bool,
    /// When the question was asked that the owner's last answer confirmed.
    confirmed: Option<Instant>,
    used: Instant,
    /// Whether somebody is asking the owner; and who came after they had asked.
    asking: bool,
    wanted: Option<Instant>,
    needs_snapshot: bool,
}

struct Held {
    replica: ChannelReplica,
    events: Sequence<ChannelEvent>,
}

impl Copy {
    pub(super) fn new(id: ChannelId) -> Self {
        let state = State {
            held: None,
            gone: false,
            confirmed: None,
            used: Instant::now(),
            asking: false,
            wanted: None,
            needs_snapshot: false,
        };
        Self { id, state: Mutex::new(state), changed: watch::Sender::new(0) }
    }

    pub(super) fn changed(&self) -> watch::Receiver<u64> {
        let mut changed = self.changed.subscribe();
        changed.mark_unchanged();
        changed
    }

    pub(super) fn exists(&self) -> bool {
        let state = self.state.lock();
        !state.gone && state.held.as_ref().is_some_and(|held| !held.replica.deleted)
    }

    pub(super) fn is_called(&self, name: &ChannelName) -> bool {
        self.read(|replica| replica.channel.name == *name) == Some(true)
    }

    pub(super) fn read<T>(&self, look: impl FnOnce(&ChannelReplica) -> T) -> Option<T> {
        let state = self.state.lock();
        if state.gone { None } else { state.held.as_ref().map(|held| look(&held.replica)) }
    }

    pub(super) fn idle(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.state.lock().used)
    }

    pub(super) fn judge<T>(
        &self,
        question: Question<'_>,
        trusted_for: Duration,
        rule: impl FnOnce(&ChannelReplica) -> Result<T, Problem>,
    ) -> Judgement<T> {
        let now = Instant::now();
        let mut state = self.state.lock();
        state.used = now;
        let confirmed_since = state.confirmed.is_some_and(|confirmed| confirmed >= question.came);
        if state.gone {
            let no = Problem::new(ErrorCode::NoSuchChannel);
            return if confirmed_since { Judgement::No(no) } else { Judgement::NotYet };
        }
        let Some(held) = &state.held else { return Judgement::NotYet };
        // Nobody who has been shown their own removal speaks by an older copy.
        if held.replica.version() < question.version || state.needs_snapshot {
            return Judgement::NotYet;
        }
        if state.confirmed.is_none_or(|confirmed| now.saturating_duration_since(confirmed) > trusted_for) {
            return Judgement::Lost;
        }
        match rule(&held.replica) {
            Ok(value) => Judgement::Yes(value),
            Err(problem) if confirmed_since => Judgement::No(problem),
            Err(_) => Judgement::NotYet,
        }
    }

    /// A change came over the bus. True: something before it is missing.
    pub(super) fn event(&self, event: ChannelEvent) -> bool {
        let mut state = self.state.lock();
        let Some(held) = &mut state.held else { return false };
        held.events.offer(event, Instant::now());
        held.advance();
        let behind = held.events.is_behind();
        drop(state);
        self.tell();
        behind
    }

    /// The version held, to ask for what came after it; none: a snapshot is needed.
    pub(super) fn version(&self) -> Option<u64> {
        let state = self.state.lock();
        if state.needs_snapshot || state.gone {
            None
        } else {
            state.held.as_ref().map(|held| held.replica.version())
        }
    }

    pub(super) fn is_behind(&self) -> bool {
        self.state.lock().held.as_ref().is_some_and(|held| held.events.is_behind())
    }

    /// The owner's whole answer, asked for at `asked`.
    pub(super) fn snapshot(&self, snapshot: Snapshot, asked: Instant) {
        let mut state = self.state.lock();
        let replica = ChannelReplica::from(snapshot);
        let newer = match &state.held {
            Some(held) => held.replica.epoch != replica.epoch || held.replica.version() < replica.version(),
            None => true,
        };
        if newer {
            let mut events = Sequence::new(replica.version());
            if let Some(held) = state.held.take()
                && held.replica.epoch == replica.epoch
            {
                events = held.events;
                events.reset(replica.version(), asked);
            }
            let mut held = Held { replica, events };
            held.advance();
            state.held = Some(held);
        }
        state.gone = false;
        state.needs_snapshot = false;
        state.confirm(asked);
        if !state.held.as_ref().is_some_and(|held| held.events.is_behind()) {
            // Whoever came meanwhile is told now, and comes again if this is not enough.
            state.wanted = None;
        }
        drop(state);
        self.tell();
    }

    /// The owner's answer to what came after a version. True: there is more to ask for.
    pub(super) fn events(&self, answer: ChannelEvents, asked: Instant, most: usize) -> bool {
        let mut state = self.state.lock();
        let Some(held) = &mut state.held else { return true };
        if !answer.complete || answer.epoch != held.replica.epoch {
            state.needs_snapshot = true;
            return true;
        }
        let more = answer.events.len() >= most;
        held.events.answered(answer.events, asked);
        held.advance();
        if !more {
            state.confirm(asked);
        }
        drop(state);
        self.tell();
        more
    }

    /// The owner's heads, asked for at `asked`: whether it is at the version that was held then.
    pub(super) fn head(&self, epoch: &str, behind: Option<u64>, asked: Instant) -> bool {
        let mut state = self.state.lock();
        let Some(held) = &mut state.held else { return false };
        if held.replica.epoch != epoch {
            state.needs_snapshot = true;
            return false;
        }
        match behind {
            Some(version) if version > held.replica.version() => {
                held.events.expect(version, asked);
                false
            }
            _ => {
                state.confirm(asked);
                drop(state);
                self.tell();
                true
            }
        }
    }

    pub(super) fn gone(&self, asked: Instant) {
        let mut state = self.state.lock();
        state.gone = true;
        state.held = None;
        state.needs_snapshot = false;
        state.confirm(asked);
        drop(state);
        self.tell();
    }

    /// Whether the caller is to ask the owner now, for somebody who came at `came`. One asks at a time; who comes meanwhile has it
    /// asked again.
    pub(super) fn begin_asking(&self, came: Instant) -> bool {
        let mut state = self.state.lock();
        if state.asking {
            state.wanted = Some(state.wanted.map_or(came, |wanted| wanted.max(came)));
            return false;
        }
        state.asking = true;
        true
    }

    /// An asking that began at `asked` is over. True: ask again, for somebody who came later, or who still waits for an answer.
    pub(super) fn end_asking(&self, asked: Instant, answered: bool) -> bool {
        let mut state = self.state.lock();
        let later = state.wanted.take().is_some_and(|came| came > asked);
        let again = if answered { later } else { self.changed.receiver_count() > 0 };
        state.asking = again;
        again
    }

    fn tell(&self) {
        self.changed.send_modify(|count| *count += 1);
    }
}

impl State {
    fn confirm(&mut self, asked: Instant) {
        self.confirmed = Some(self.confirmed.map_or(asked, |before| before.max(asked)));
    }
}

impl Held {
    fn advance(&mut self) {
        while let Some(event) = self.events.next() {
            self.replica.apply(&event);
        }
    }
}
