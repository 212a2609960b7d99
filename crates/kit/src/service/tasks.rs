use std::{future::Future, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use api::auth::ServiceName;
use futures_util::FutureExt;
use tokio_util::{
    sync::{CancellationToken, WaitForCancellationFuture},
    task::TaskTracker,
};
use tracing::Instrument;

/// A task that panicked waits this long before it runs again: a bug must not become a busy loop.
const RESTART_AFTER: Duration = Duration::from_secs(1);

/// What runs in the background, and how it ends: first what serves others finishes (draining), then the rest (stopping).
#[derive(Clone)]
pub struct Tasks(Arc<Inner>);

struct Inner {
    service: ServiceName,
    draining: CancellationToken,
    stopping: CancellationToken,
    serving: TaskTracker,
    background: TaskTracker,
}

impl Tasks {
    pub fn new(service: ServiceName) -> Self {
        Self(Arc::new(Inner {
            service,
            draining: CancellationToken::new(),
            stopping: CancellationToken::new(),
            serving: TaskTracker::new(),
            background: TaskTracker::new(),
        }))
    }

    /// Runs `work` in the background until it ends or everything stops, when it is dropped where it waits.
    pub fn spawn(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        let stopping = self.0.stopping.clone();
        let work = async move {
            tokio::select! {
                outcome = AssertUnwindSafe(work).catch_unwind() => report(name, outcome),
                () = stopping.cancelled() => {}
            }
        };
        self.0.background.spawn(work.instrument(self.span(name)));
    }

    /// As [`spawn`](Self::spawn), again and again until everything stops: a panic costs one turn.
    pub fn keep<F, W>(&self, name: &'static str, mut work: F)
    where
        F: FnMut() -> W + Send + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        self.spawn(name, async move {
            loop {
                let outcome = AssertUnwindSafe(work()).catch_unwind().await;
                let panicked = outcome.is_err();
                report(name, outcome);
                if panicked {
                    tokio::time::sleep(RESTART_AFTER).await;
                }
            }
        });
    }

    /// Runs `work` to its end: it watches [`stopping`](Self::stopping) itself, because it has something to put away then.
    pub fn finish(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        let work = AssertUnwindSafe(work).catch_unwind().map(move |outcome| report(name, outcome));
        self.0.background.spawn(work.instrument(self.span(name)));
    }

    /// Runs what serves others: it watches [`draining`](Self::draining), finishes what is in hand, and the background waits for it.
    pub fn serve(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        let work = AssertUnwindSafe(work).catch_unwind().map(move |outcome| report(name, outcome));
        self.0.serving.spawn(work.instrument(self.span(name)));
    }

    /// Resolves when no new work is to be taken in.
    pub fn draining(&self) -> WaitForCancellationFuture<'_> {
        self.0.draining.cancelled()
    }

    /// Resolves when the background is to end.
    pub fn stopping(&self) -> WaitForCancellationFuture<'_> {
        self.0.stopping.cancelled()
    }

    /// [`draining`](Self::draining) for work that outlives a borrow.
    pub fn draining_token(&self) -> CancellationToken {
        self.0.draining.clone()
    }

    /// [`stopping`](Self::stopping) for work that outlives a borrow.
    pub fn stopping_token(&self) -> CancellationToken {
        self.0.stopping.clone()
    }

    /// Ends everything in order; false if that took longer than `within`.
    pub async fn stop(&self, within: Duration) -> bool {
        let Inner { draining, stopping, serving, background, .. } = &*self.0;
        let deadline = tokio::time::Instant::now() + within;
        draining.cancel();
        serving.close();
        // A fifth is kept for the background, whatever hangs in front.
        let served = tokio::time::timeout(within.mul_f32(0.8), serving.wait()).await.is_ok();
        stopping.cancel();
        background.close();
        tokio::time::timeout_at(deadline, background.wait()).await.is_ok() && served
    }

    fn span(&self, task: &'static str) -> tracing::Span {
        tracing::info_span!("task", service = %self.0.service, task)
    }
}

fn report(task: &'static str, outcome: std::thread::Result<()>) {
    if let Err(panic) = outcome {
        metrics::counter!("task_panics_total", "task" => task).increment(1);
        tracing::error!(task, cause = panic_text(&*panic), "the task {task} panicked");
    }
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no text")
}
