//! What waits to be written to one client: replies in the order of its commands, events in between, all of it bounded. Writes
//! nothing itself; see `connection`.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicBool, Ordering},
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::dialect::Dialect;

/// Bytes that leave in one write, roughly: more gains nothing, and what is in the writer's hand still counts as waiting.
const WRITE_BYTES: usize = 64 * 1024;
/// Pieces that leave in one write; Linux takes 1,024.
pub(crate) const WRITE_PIECES: usize = 64;

/// One client's queue. Shared by its connection, which writes, and by everyone who has something to say to it.
pub(crate) struct SendQueue {
    inner: Mutex<Inner>,
    /// The connection's task, woken when there is something to do after there was nothing.
    writer: AtomicWaker,
    /// Told when a reply was given or written: some wait for that.
    room: Notify,
    awaited: AtomicBool,
    /// Bytes of events that may wait.
    limit: usize,
}

struct Inner {
    dialect: Dialect,
    queue: VecDeque<Piece>,
    /// Bytes of events and of replies that are not written yet, those in the writer's hand too.
    events: usize,
    replies: usize,
    /// Replies begun and not yet passed on, in the order of their commands.
    slots: VecDeque<Option<Bytes>>,
    /// The number of the first of them.
    first: u64,
    /// Events that come after the reply that is about to be given.
    held: Option<Vec<Bytes>>,
    closed: Option<Closed>,
}

struct Piece {
    bytes: Bytes,
    is_reply: bool,
}

/// Why a connection ends from our side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Closed {
    /// It does not read: telling it why would only wait too.
    Overflow,
    /// It is told the reason, after what is queued.
    Told(String),
}

impl Closed {
    /// As others see it in the QUIT.
    pub(crate) fn reason(&self) -> &str {
        match self {
            Self::Overflow => "send queue exceeded",
            Self::Told(reason) => reason,
        }
    }
}

/// What a writer took, to be written and then accounted for with [`SendQueue::written`].
#[derive(Default)]
pub(crate) struct Taken {
    pub(crate) pieces: VecDeque<Bytes>,
    events: usize,
    replies: usize,
}

impl SendQueue {
    pub(crate) fn new(limit: usize, dialect: Dialect) -> Self {
        let inner = Inner {
            dialect,
            queue: VecDeque::new(),
            events: 0,
            replies: 0,
            slots: VecDeque::new(),
            first: 0,
            held: None,
            closed: None,
        };
        Self {
            inner: Mutex::new(inner),
            writer: AtomicWaker::new(),
            room: Notify::new(),
            awaited: AtomicBool::new(false),
            limit,
        }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.inner.lock().dialect
    }

    pub(crate) fn speak(&self, dialect: Dialect) {
        self.inner.lock().dialect = dialect;
    }

    /// Queues an event, written as this client is spoken to. A client whose queue is full is closed.
    pub(crate) fn event(&self, encoded: impl FnOnce(Dialect) -> Bytes) {
        let mut inner = self.inner.lock();
        if inner.closed.is_some() {
            return;
        }
        let bytes = encoded(inner.dialect);
        if bytes.is_empty() {
            return;
        }
        if inner.events + bytes.len() > self.limit {
            inner.closed = Some(Closed::Overflow);
            inner.queue = VecDeque::new();
            inner.held = None;
            drop(inner);
            metrics::counter!("gateway_sendq_overflows_total").increment(1);
            return self.wake();
        }
        inner.events += bytes.len();
        if let Some(held) = &mut inner.held {
            return held.push(bytes);
        }
        self.push(inner, Piece { bytes, is_reply: false });
    }

    /// What has just been applied is for a reply to show: events that come from now on come after it.
    pub(crate) fn hold_events(&self) {
        let mut inner = self.inner.lock();
        if !inner.slots.is_empty() {
            inner.held.get_or_insert_default();
        }
    }

    /// Begins a reply: it will stand before those begun later.
    pub(crate) fn begin(&self) -> u64 {
        let mut inner = self.inner.lock();
        inner.slots.push_back(None);
        inner.first + inner.slots.len() as u64 - 1
    }

    /// Gives a begun reply. It is queued when those before it are given.
    pub(crate) fn complete(&self, slot: u64, bytes: Bytes) {
        let mut inner = self.inner.lock();
        let index = (slot - inner.first) as usize;
        inner.slots[index] = Some(bytes);
        let was_empty = inner.queue.is_empty();
        while let Some(Some(bytes)) = inner.slots.front_mut().map(Option::take) {
            inner.slots.pop_front();
            inner.first += 1;
            if inner.closed != Some(Closed::Overflow) {
                inner.replies += bytes.len();
                inner.queue.push_back(Piece { bytes, is_reply: true });
            }
        }
        if inner.slots.is_empty() {
            inner.slots = VecDeque::new();
            let held = inner.held.take().unwrap_or_default();
            inner.queue.extend(held.into_iter().map(|bytes| Piece { bytes, is_reply: false }));
        }
        let woken = was_empty && !inner.queue.is_empty() || inner.closed.is_some();
        drop(inner);
        if woken {
            self.wake();
        }
        self.tell();
    }

    /// Queues lines that belong to the reply that is the only one begun, before it is given.
    pub(crate) fn partial(&self, bytes: Bytes) {
        let mut inner = self.inner.lock();
        if inner.closed.is_some() || bytes.is_empty() {
            return;
        }
        inner.replies += bytes.len();
        self.push(inner, Piece { bytes, is_reply: true });
    }

    /// Closes the connection; the first reason stands.
    pub(crate) fn close(&self, reason: impl Into<String>) {
        let mut inner = self.inner.lock();
        if inner.closed.is_none() {
            inner.closed = Some(Closed::Told(reason.into()));
        }
        drop(inner);
        self.wake();
        self.tell();
    }

    /// The last word to a connection that is closing, after what is queued.
    pub(crate) fn last_event(&self, encoded: impl FnOnce(Dialect) -> Bytes) {
        let mut inner = self.inner.lock();
        let bytes = encoded(inner.dialect);
        inner.events += bytes.len();
        inner.queue.push_back(Piece { bytes, is_reply: false });
    }

    pub(crate) fn closed(&self) -> Option<Closed> {
        self.inner.lock().closed.clone()
    }

    /// Replies begun and not given yet.
    pub(crate) fn open_replies(&self) -> usize {
        self.inner.lock().slots.len()
    }

    /// Waits until fewer than `open` replies are to be given and at most `bytes` of them to be written, or nothing is
    /// written any more.
    pub(crate) async fn room_for_replies(&self, open: usize, bytes: usize) {
        loop {
            let told = self.room.notified();
            self.awaited.store(true, Ordering::SeqCst);
            {
                let inner = self.inner.lock();
                let is_over = inner.closed == Some(Closed::Overflow);
                if is_over || inner.slots.len() < open && inner.replies <= bytes {
                    return;
                }
            }
            told.await;
        }
    }

    /// Ready when something can be taken; an error when the queue is closed and empty.
    pub(crate) fn poll_take(&self, context: &mut Context<'_>) -> Poll<Result<Taken, Closed>> {
        self.writer.register(context.waker());
        let mut inner = self.inner.lock();
        if inner.queue.is_empty() {
            return match &inner.closed {
                // What was typed before the end is answered before the end.
                Some(Closed::Told(_)) if !inner.slots.is_empty() => Poll::Pending,
                Some(closed) => Poll::Ready(Err(closed.clone())),
                None => Poll::Pending,
            };
        }
        Poll::Ready(Ok(inner.take()))
    }

    /// Ready when there is no sense in writing any more.
    pub(crate) fn poll_overflow(&self, context: &mut Context<'_>) -> Poll<()> {
        self.writer.register(context.waker());
        if self.inner.lock().closed == Some(Closed::Overflow) { Poll::Ready(()) } else { Poll::Pending }
    }

    /// What is queued, if anything.
    pub(crate) fn take(&self) -> Option<Taken> {
        let mut inner = self.inner.lock();
        (!inner.queue.is_empty()).then(|| inner.take())
    }

    /// What was taken has been written.
    pub(crate) fn written(&self, taken: &Taken) {
        let mut inner = self.inner.lock();
        inner.events -= taken.events;
        inner.replies -= taken.replies;
        drop(inner);
        if taken.replies > 0 {
            self.tell();
        }
    }

    fn push(&self, mut inner: parking_lot::MutexGuard<'_, Inner>, piece: Piece) {
        let was_empty = inner.queue.is_empty();
        inner.queue.push_back(piece);
        drop(inner);
        if was_empty {
            self.wake();
        }
    }

    fn wake(&self) {
        self.writer.wake();
    }

    fn tell(&self) {
        if self.awaited.swap(false, Ordering::SeqCst) {
            self.room.notify_waiters();
        }
    }
}

impl Inner {
    fn take(&mut self) -> Taken {
        let mut taken = Taken::default();
        while taken.events + taken.replies < WRITE_BYTES
            && taken.pieces.len() < WRITE_PIECES
            && let Some(piece) = self.queue.pop_front()
        {
            *if piece.is_reply { &mut taken.replies } else { &mut taken.events } += piece.bytes.len();
            taken.pieces.push_back(piece.bytes);
        }
        if self.queue.is_empty() {
            // An idle connection holds no buffer.
            self.queue = VecDeque::new();
        }
        taken
    }
}
