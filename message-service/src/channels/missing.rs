//! Copies that are not there yet are fetched together: after a start, or when many channels wake at once, one request brings a hundred.

use std::{collections::VecDeque, sync::Arc, time::Instant};

use api::{
    ErrorCode, Item,
    page::{Batch, MAX_REPLICAS},
};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::{Channels, Copy};

/// In the order in which they were wanted. Each copy at most once, so that their number bounds it: whoever put it there is asking.
#[derive(Default)]
pub(super) struct Missing {
    wanted: Mutex<VecDeque<Arc<Copy>>>,
    some: Notify,
}

/// Copies that the owner is being asked for, in the order of its answer. Those that have come to no end when this has are wanted again if
/// somebody waits for them: after a panic, too, which would leave them as being asked for without anybody who asks.
pub(super) struct Asking<'a> {
    missing: &'a Missing,
    copies: VecDeque<Arc<Copy>>,
    since: Instant,
}

impl<'a> Asking<'a> {
    pub(super) fn of(missing: &'a Missing, copies: impl IntoIterator<Item = Arc<Copy>>) -> Self {
        Self { missing, copies: copies.into_iter().collect(), since: Instant::now() }
    }

    /// The first one's asking has come to an end, which is the caller's to see to.
    pub(super) fn end_first(&mut self) -> Option<Arc<Copy>> {
        self.copies.pop_front()
    }

    fn end_all(&mut self) -> Vec<Arc<Copy>> {
        std::mem::take(&mut self.copies).into()
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        // The first may be what caused a panic: the others shall not wait for it.
        let first = self.copies.pop_front();
        for copy in self.copies.drain(..).chain(first) {
            if copy.end_asking(self.since, false) {
                self.missing.put(copy);
            }
        }
    }
}

impl Missing {
    pub(super) fn put(&self, copy: Arc<Copy>) {
        self.wanted.lock().push_back(copy);
        self.some.notify_one();
    }

    async fn next(&self) -> Asking<'_> {
        loop {
            let some = self.some.notified();
            let next: Vec<_> = {
                let mut wanted = self.wanted.lock();
                let most = wanted.len().min(MAX_REPLICAS);
                wanted.drain(..most).collect()
            };
            if !next.is_empty() {
                return Asking::of(self, next);
            }
            some.await;
        }
    }

    fn put_back(&self, copies: impl DoubleEndedIterator<Item = Arc<Copy>>) {
        let mut wanted = self.wanted.lock();
        for copy in copies.rev() {
            wanted.push_front(copy);
        }
    }
}

impl Channels {
    pub(super) fn asking(&self, copy: Arc<Copy>) -> Asking<'_> {
        Asking::of(&self.0.missing, [copy])
    }

    /// Fetches the next ones, as soon as there are some.
    pub(super) async fn fetch(&self) {
        let mut asking = self.0.missing.next().await;
        let asked = asking.since;
        let ids = Batch { items: asking.copies.iter().map(|copy| copy.id.clone()).collect() };
        let answer = self.0.owner.snapshots(&ids).await;
        let items = match answer {
            Ok(answer) if !answer.items.is_empty() => answer.items,
            Ok(_) => return self.failed(asking.end_all(), asked, "nothing was answered"),
            Err(error) => return self.failed(asking.end_all(), asked, &error.to_string()),
        };
        let answered = items.len().min(asking.copies.len());
        self.0.missing.put_back(asking.copies.drain(answered..));
        for item in items {
            let Some(copy) = asking.copies.front().cloned() else { break };
            let failed = match item {
                Item::Ok(snapshot) => {
                    copy.snapshot(snapshot, asked);
                    self.took(&copy);
                    None
                }
                Item::Problem(problem) if problem.code == ErrorCode::NoSuchChannel => {
                    copy.gone(asked);
                    None
                }
                Item::Problem(problem) => Some(problem.code),
            };
            asking.end_first();
            match failed {
                Some(code) => self.failed(vec![copy], asked, code.as_str()),
                None => self.ended(copy, asked, true),
            }
        }
    }

    /// Each is wanted again after a while, if anybody still waits for it.
    fn failed(&self, copies: Vec<Arc<Copy>>, asked: Instant, cause: &str) {
        tracing::debug!(count = copies.len(), cause, "could not ask for channels");
        let channels = self.clone();
        self.0.tasks.spawn("channel-copies-again", async move {
            tokio::time::sleep(super::follow::RETRY).await;
            for copy in copies {
                channels.ended(copy, asked, false);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    fn copy(id: &str) -> Arc<Copy> {
        Arc::new(Copy::new(id.try_into().unwrap()))
    }

    #[tokio::test]
    async fn what_a_panic_leaves_is_asked_for_again_by_those_who_wait_and_by_whoever_comes() {
        let missing = Missing::default();
        let copies = ["9done", "9cause", "9waited", "9idle"].map(copy);
        for copy in &copies {
            assert!(copy.begin_asking(Instant::now()));
            missing.put(copy.clone());
        }
        let [_, cause, waited, idle] = &copies;
        let _waiting = [cause, waited].map(|copy| copy.changed());
        let mut asking = missing.next().await;
        asking.end_first();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _asking = asking;
            panic!("something is wrong with the second");
        }));
        assert!(panicked.is_err());
        let again: Vec<_> =
            missing.next().await.end_all().into_iter().map(|copy| copy.id.to_string()).collect();
        assert_eq!(again, ["9waited", "9cause"], "the others do not wait for the cause");
        assert!(idle.begin_asking(Instant::now()));
        assert!(!waited.begin_asking(Instant::now()), "it is asked for already");
    }
}
