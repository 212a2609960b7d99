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

impl Missing {
    pub(super) fn put(&self, copy: Arc<Copy>) {
        self.wanted.lock().push_back(copy);
        self.some.notify_one();
    }

    async fn next(&self) -> Vec<Arc<Copy>> {
        loop {
            let some = self.some.notified();
            let next: Vec<_> = {
                let mut wanted = self.wanted.lock();
                let most = wanted.len().min(MAX_REPLICAS);
                wanted.drain(..most).collect()
            };
            if !next.is_empty() {
                return next;
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
    /// Fetches the next ones, as soon as there are some.
    pub(super) async fn fetch(&self) {
        let mut copies = self.0.missing.next().await;
        let asked = Instant::now();
        let ids = Batch { items: copies.iter().map(|copy| copy.id.clone()).collect() };
        let answer = self.0.owner.snapshots(&ids).await;
        let items = match answer {
            Ok(answer) if !answer.items.is_empty() => answer.items,
            Ok(_) => return self.failed(copies, asked, "nothing was answered"),
            Err(error) => return self.failed(copies, asked, &error.to_string()),
        };
        self.0.missing.put_back(copies.drain(items.len().min(copies.len())..));
        for (copy, item) in copies.into_iter().zip(items) {
            match item {
                Item::Ok(snapshot) => {
                    copy.snapshot(snapshot, asked);
                    self.took(&copy);
                }
                Item::Problem(problem) if problem.code == ErrorCode::NoSuchChannel => copy.gone(asked),
                Item::Problem(problem) => {
                    self.failed(vec![copy], asked, problem.code.as_str());
                    continue;
                }
            }
            self.ended(copy, asked, true);
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
