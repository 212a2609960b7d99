use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use tokio::{
    io::AsyncWriteExt as _,
    net::tcp::OwnedWriteHalf,
    sync::Notify,
    time::{Instant, sleep_until},
};

use super::Shared;
use crate::wire;

/// How far one sender's messages are.
#[derive(Default)]
pub(super) struct Flow {
    sent: AtomicU64,
    answered: AtomicU64,
    /// By one other member, which stands for all.
    seen: AtomicU64,
    last_seq: AtomicU64,
    /// When what is not answered yet was sent: answers come in order.
    times: Mutex<VecDeque<u64>>,
    pub(super) wake: Notify,
}

impl Flow {
    /// When it was sent.
    pub(super) fn is_acknowledged(&self, seq: u64) -> Option<u64> {
        self.last_seq.fetch_max(seq, Ordering::Relaxed);
        self.answered.fetch_add(1, Ordering::Release);
        self.wake.notify_one();
        self.times.lock().pop_front()
    }

    /// Nobody will see it.
    pub(super) fn is_refused(&self) {
        self.seen.fetch_add(1, Ordering::Release);
        self.answered.fetch_add(1, Ordering::Release);
        self.times.lock().pop_front();
        self.wake.notify_one();
    }

    pub(super) fn is_seen(&self, times: u64) {
        self.seen.fetch_add(times, Ordering::Release);
        self.wake.notify_one();
    }

    pub(super) fn is_answered(&self) -> bool {
        self.answered.load(Ordering::Acquire) >= self.sent.load(Ordering::Acquire)
    }

    pub(super) fn last_seq(&self) -> u64 {
        self.last_seq.load(Ordering::Acquire)
    }
}

pub(super) struct Sender {
    pub(super) shared: Arc<Shared>,
    pub(super) flow: usize,
    /// In its channel.
    pub(super) place: usize,
    pub(super) write: OwnedWriteHalf,
}

impl Sender {
    /// Sends until the run is over, and gives the socket back so that it stays open.
    pub(super) async fn send(mut self) -> OwnedWriteHalf {
        let scenario = self.shared.scenario;
        match self.shared.rate {
            None => self.by_answers(scenario.window, scenario.members > 1).await,
            Some(rate) => self.by_the_clock(rate / self.shared.flows.len() as f64).await,
        }
        self.write
    }

    async fn by_answers(&mut self, window: u64, has_listeners: bool) {
        let shared = self.shared.clone();
        let flow = &shared.flows[self.flow];
        let mut lines = Vec::new();
        while !shared.is_over() {
            let answered = flow.answered.load(Ordering::Acquire);
            let done = if has_listeners { answered.min(flow.seen.load(Ordering::Acquire)) } else { answered };
            let free = window.saturating_sub(flow.sent.load(Ordering::Relaxed) - done);
            if free == 0 {
                flow.wake.notified().await;
                continue;
            }
            let now = shared.nanos();
            for _ in 0..free {
                self.put(&mut lines, now);
            }
            if self.write.write_all(&lines).await.is_err() {
                return;
            }
            lines.clear();
        }
    }

    async fn by_the_clock(&mut self, rate: f64) {
        let shared = self.shared.clone();
        // Not all at once.
        let offset = self.flow as f64 / shared.flows.len() as f64;
        let (begun, begun_nanos) = (Instant::now(), shared.nanos());
        let mut lines = Vec::new();
        for number in 0u64.. {
            let due = Duration::from_secs_f64((number as f64 + offset) / rate);
            sleep_until(begun + due).await;
            if shared.is_over() {
                return;
            }
            // From when it should have been sent: a late sender hides no slow server.
            self.put(&mut lines, begun_nanos + u64::try_from(due.as_nanos()).unwrap_or_default());
            if self.write.write_all(&lines).await.is_err() {
                return;
            }
            lines.clear();
        }
    }

    fn put(&self, lines: &mut Vec<u8>, now: u64) {
        let flow = &self.shared.flows[self.flow];
        flow.times.lock().push_back(now);
        flow.sent.fetch_add(1, Ordering::Release);
        wire::write_message(lines, self.place, now, self.shared.size);
    }
}
