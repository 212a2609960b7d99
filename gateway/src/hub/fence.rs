//! What is on its way: how somebody waits until it has arrived, without anybody being held up who does not.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

use tokio::sync::Notify;

/// Counts sends and ends of all connections. They come to their end about in the order in which they began.
#[derive(Default)]
pub(super) struct Fence {
    begun: AtomicU64,
    ended: AtomicU64,
    told: Notify,
    awaited: AtomicBool,
}

impl Fence {
    pub(super) fn begins(&self) {
        self.begun.fetch_add(1, SeqCst);
    }

    pub(super) fn end(&self, count: u64) {
        self.ended.fetch_add(count, SeqCst);
        if self.awaited.swap(false, SeqCst) {
            self.told.notify_waiters();
        }
    }

    /// How many have begun, if not all of them have ended.
    pub(super) fn open(&self) -> Option<u64> {
        let begun = self.begun.load(SeqCst);
        (self.ended.load(SeqCst) < begun).then_some(begun)
    }

    /// Until so many have ended.
    pub(super) async fn ended(&self, count: u64) {
        loop {
            let told = self.told.notified();
            self.awaited.store(true, SeqCst);
            if self.ended.load(SeqCst) >= count {
                return;
            }
            told.await;
        }
    }
}

/// Something else is on its way while this lives.
pub(crate) struct Ending<'a>(&'a Fence);

impl Fence {
    pub(super) fn ending(&self) -> Ending<'_> {
        self.begins();
        Ending(self)
    }
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.end(1);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::poll;

    use super::*;

    #[tokio::test]
    async fn who_waits_waits_for_what_had_begun_and_not_for_what_comes_later() {
        let fence = Fence::default();
        assert_eq!(fence.open(), None);
        fence.begins();
        fence.begins();
        let open = fence.open().unwrap();
        let mut waits = pin!(fence.ended(open));
        assert!(poll!(&mut waits).is_pending());
        fence.begins();
        fence.end(1);
        assert!(poll!(&mut waits).is_pending());
        fence.end(1);
        assert!(poll!(&mut waits).is_ready());
        assert_eq!(fence.open(), Some(3));
        fence.end(1);
        assert_eq!(fence.open(), None);
    }
}
