use std::{
    collections::{HashMap, HashSet},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use api::bus::{Frame, Subject};
use futures_util::Stream;
use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Items that wait for their reader. Full: HTTP stops reading (the owner then ends the stream), NATS drops; both heal by `Connected`.
pub(super) const QUEUE: usize = 4096;
/// How long somebody waits for the bus to know their wishes: longer than it takes, and much shorter than what a joiner waits for all.
const SETTLE_WITHIN: Duration = Duration::from_millis(500);

/// What a reader gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BusItem {
    /// The feed (re)started, or lost something: ask the owner for the heads of all you hold.
    Connected,
    Frame(Frame),
}

/// A feed being followed. Dropping it ends that.
pub struct Subscription {
    items: mpsc::Receiver<BusItem>,
    interest: Interest,
    _end: DropGuard,
}

impl Subscription {
    /// The reader's end and the feeder's.
    pub(super) fn pair(interest: Interest) -> (Self, Feeder) {
        let (sender, items) = mpsc::channel(QUEUE);
        let ended = CancellationToken::new();
        let feeder = Feeder { items: sender, interest: interest.clone(), ended: ended.clone() };
        (Self { items, interest, _end: ended.drop_guard() }, feeder)
    }

    /// The next item; nothing more once the process stops.
    pub async fn next(&mut self) -> Option<BusItem> {
        self.items.recv().await
    }

    /// Names the subjects of a [`chosen`](super::Feed::chosen) feed.
    pub fn interest(&self) -> Interest {
        self.interest.clone()
    }
}

impl Stream for Subscription {
    type Item = BusItem;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<BusItem>> {
        self.items.poll_recv(context)
    }
}

/// What feeds a subscription.
#[derive(Clone)]
pub(super) struct Feeder {
    pub(super) items: mpsc::Sender<BusItem>,
    pub(super) interest: Interest,
    pub(super) ended: CancellationToken,
}

impl Feeder {
    /// False once nobody reads any more.
    pub(super) async fn send(&self, item: BusItem) -> bool {
        self.items.send(item).await.is_ok()
    }
}

/// The subjects that a reader chose; shared by its clones.
#[derive(Clone)]
pub struct Interest(Arc<Inner>);

struct Inner {
    /// Absent: everything of the feed.
    chosen: Option<Mutex<Chosen>>,
    changed: Notify,
    /// The latest wish that the bus knows of, with all before it.
    settled: watch::Sender<u64>,
}

#[derive(Default)]
struct Chosen {
    all: HashSet<Subject>,
    /// Not yet told to the bus; the last wish for a subject counts.
    changes: HashMap<Subject, bool>,
    /// Wishes so far.
    count: u64,
}

/// What a feeder has to tell the bus.
pub(super) struct Changes {
    pub(super) subjects: HashMap<Subject, bool>,
    /// For [`Interest::settle`].
    count: u64,
}

impl Interest {
    pub(super) fn new(chosen: bool) -> Self {
        Self(Arc::new(Inner {
            chosen: chosen.then(Mutex::default),
            changed: Notify::new(),
            settled: watch::Sender::new(0),
        }))
    }

    /// From now on frames of this subject too. Ask the owner for its head once this has [`settled`](Self::settled), as for any new
    /// replica.
    pub fn add(&self, subject: Subject) {
        self.change(subject, true);
    }

    pub fn remove(&self, subject: Subject) {
        self.change(subject, false);
    }

    fn change(&self, subject: Subject, wanted: bool) {
        let Some(chosen) = &self.0.chosen else { return };
        let mut chosen = chosen.lock();
        let changed = if wanted { chosen.all.insert(subject.clone()) } else { chosen.all.remove(&subject) };
        if changed {
            chosen.changes.insert(subject, wanted);
            chosen.count += 1;
            self.0.changed.notify_one();
        }
    }

    pub(super) fn wants(&self, subject: &Subject) -> bool {
        self.0.chosen.as_ref().is_none_or(|chosen| chosen.lock().all.contains(subject))
    }

    pub(super) fn is_chosen(&self) -> bool {
        self.0.chosen.is_some()
    }

    /// Resolves when what is published from now on comes, for everything wished so far. While the bus is away it resolves all the
    /// same, after half a second at most: its return is a [`BusItem::Connected`].
    pub async fn settled(&self) {
        let Some(count) = self.0.chosen.as_ref().map(|chosen| chosen.lock().count) else { return };
        let mut settled = self.0.settled.subscribe();
        let _ = tokio::time::timeout(SETTLE_WITHIN, settled.wait_for(|&settled| settled >= count)).await;
    }

    /// What changed since the last call; waits until something did.
    pub(super) async fn changes(&self) -> Changes {
        let Some(chosen) = &self.0.chosen else { return std::future::pending().await };
        loop {
            {
                let mut chosen = chosen.lock();
                if !chosen.changes.is_empty() {
                    return Changes { subjects: std::mem::take(&mut chosen.changes), count: chosen.count };
                }
            }
            self.0.changed.notified().await;
        }
    }

    /// For a bus that looks at the wishes with each frame.
    pub(super) fn settle_at_once(&self) {
        self.0.settled.send_replace(u64::MAX);
    }

    /// The bus knows of these.
    pub(super) fn settle(&self, changes: &Changes) {
        self.0.settled.send_replace(changes.count);
    }
}
