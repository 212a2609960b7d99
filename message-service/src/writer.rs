//! The one who writes: everything that waits goes into one transaction, one fsync serves it all, and nobody is answered before it.

use std::{panic::AssertUnwindSafe, sync::Arc};

use api::{ErrorCode, Problem};
use futures_util::FutureExt;
use kit::{Clock, Tasks, db::is_unavailable};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::{
    domain::act::Act,
    store::{Outcome, Store, Stored},
};

/// Transactions whose entries wait to be published: past it the writer waits for the publisher, and both are far behind.
const UNPUBLISHED: usize = 256;

/// What was committed together, in order, each with the gateway that has applied it already.
pub type Committed = Vec<(Arc<Stored>, Option<Arc<str>>)>;

/// Takes acts in, a bounded number at a time.
#[derive(Clone)]
pub struct Writer {
    jobs: mpsc::UnboundedSender<Job>,
    /// What bounds the queue: a permit for each act in it.
    room: Arc<Semaphore>,
    most: usize,
}

struct Job {
    acts: Vec<Act>,
    origin: Option<Arc<str>>,
    answer: oneshot::Sender<Result<Vec<Outcome>, Problem>>,
    _room: OwnedSemaphorePermit,
}

/// How much the writer takes on.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Acts that wait.
    pub queue: usize,
    /// Acts in one transaction.
    pub transaction: usize,
}

impl Writer {
    /// Starts to write; what is committed comes out at the other end.
    pub fn start(
        store: Store,
        clock: Clock,
        limits: Limits,
        tasks: &Tasks,
    ) -> (Self, mpsc::Receiver<Committed>) {
        // Bounded by `room`.
        let (jobs, waiting) = mpsc::unbounded_channel();
        let (committed, published) = mpsc::channel(UNPUBLISHED);
        let turn = Turn { store, clock, committed, most: limits.transaction };
        let stopping = tasks.stopping_token();
        tasks.finish("writer", async move { turn.write(waiting, stopping.cancelled_owned()).await });
        (Self { jobs, room: Arc::new(Semaphore::new(limits.queue)), most: limits.queue }, published)
    }

    /// One outcome for each act, in order, all committed; or why nothing is known of them.
    pub async fn append(&self, acts: Vec<Act>, origin: Option<Arc<str>>) -> Result<Vec<Outcome>, Problem> {
        if acts.is_empty() {
            return Ok(Vec::new());
        }
        // A batch larger than the queue goes alone rather than never.
        let weight = u32::try_from(acts.len().min(self.most)).unwrap_or(u32::MAX);
        let room = self.room.clone().try_acquire_many_owned(weight).map_err(|_| overloaded())?;
        let (answer, answered) = oneshot::channel();
        metrics::counter!("messages_queued_total").increment(acts.len() as u64);
        self.jobs.send(Job { acts, origin, answer, _room: room }).map_err(|_| unavailable())?;
        answered.await.map_err(|_| unavailable())?
    }
}

struct Turn {
    store: Store,
    clock: Clock,
    committed: mpsc::Sender<Committed>,
    most: usize,
}

impl Turn {
    async fn write(self, mut waiting: mpsc::UnboundedReceiver<Job>, stopping: impl Future<Output = ()>) {
        let mut stopping = std::pin::pin!(stopping);
        let mut left = None;
        loop {
            let first = match left.take() {
                Some(job) => job,
                None => tokio::select! {
                    biased;
                    job = waiting.recv() => match job {
                        Some(job) => job,
                        None => return,
                    },
                    // Whoever might still ask has been answered: the listener closed first.
                    () = &mut stopping => return,
                },
            };
            let mut jobs = vec![first];
            let mut acts = jobs[0].acts.len();
            while let Ok(job) = waiting.try_recv() {
                if acts + job.acts.len() > self.most {
                    left = Some(job);
                    break;
                }
                acts += job.acts.len();
                jobs.push(job);
            }
            // A panic over one of them must not silence everybody after it: their askers are told that nothing is known.
            if AssertUnwindSafe(self.commit(jobs)).catch_unwind().await.is_err() {
                metrics::counter!("task_panics_total", "task" => "writer").increment(1);
                tracing::error!("storing messages panicked");
                self.store.forget();
            }
        }
    }

    async fn commit(&self, mut jobs: Vec<Job>) {
        // Whoever left was told that nothing is known: nothing need be done.
        jobs.retain(|job| !job.answer.is_closed());
        if jobs.is_empty() {
            return;
        }
        let mut acts = Vec::with_capacity(jobs.iter().map(|job| job.acts.len()).sum());
        let lengths: Vec<usize> = jobs.iter().map(|job| job.acts.len()).collect();
        for job in &mut jobs {
            acts.append(&mut job.acts);
        }
        metrics::histogram!("messages_commit_size").record(acts.len() as f64);
        match self.store.append(self.clock.now(), &acts).await {
            Ok(outcomes) => {
                let mut outcomes = outcomes.into_iter();
                let parts = jobs
                    .into_iter()
                    .zip(lengths)
                    .map(|(job, length)| (job, outcomes.by_ref().take(length).collect()));
                self.answer(parts.collect()).await;
            }
            Err(error) if jobs.len() > 1 && !is_unavailable(&error) => {
                // One of them cannot be stored: the others shall not suffer for it.
                tracing::error!(cause = %error, "a transaction failed, trying its parts one by one");
                let mut acts = acts.into_iter();
                for (job, length) in jobs.into_iter().zip(lengths) {
                    let own: Vec<Act> = acts.by_ref().take(length).collect();
                    match self.store.append(self.clock.now(), &own).await {
                        Ok(outcomes) => self.answer(vec![(job, outcomes)]).await,
                        Err(error) => fail(vec![job], &error),
                    }
                }
            }
            Err(error) => fail(jobs, &error),
        }
    }

    /// Committed: now everybody may know.
    async fn answer(&self, jobs: Vec<(Job, Vec<Outcome>)>) {
        let mut committed = Vec::new();
        for (job, outcomes) in jobs {
            let new = outcomes.iter().filter_map(|outcome| match outcome {
                Outcome::Stored(stored) if !stored.replayed => Some((stored.clone(), job.origin.clone())),
                _ => None,
            });
            committed.extend(new);
            // Fails only if the asker has left.
            let _ = job.answer.send(Ok(outcomes));
        }
        if !committed.is_empty() {
            metrics::counter!("messages_stored_total").increment(committed.len() as u64);
            // Fails only when everything stops.
            let _ = self.committed.send(committed).await;
        }
    }
}

fn fail(jobs: Vec<Job>, error: &sqlx::Error) {
    let problem = if is_unavailable(error) {
        tracing::warn!(cause = %error, "could not store messages");
        unavailable()
    } else {
        tracing::error!(cause = %error, "could not store messages");
        Problem::new(ErrorCode::Internal)
    };
    for job in jobs {
        let _ = job.answer.send(Err(problem.clone()));
    }
}

fn overloaded() -> Problem {
    Problem::new(ErrorCode::Overloaded)
        .detail("too many messages wait to be stored, please try again")
        .retry_after(1)
}

fn unavailable() -> Problem {
    Problem::new(ErrorCode::Unavailable)
        .detail("whether it was stored is not known, please try again")
        .retry_after(1)
}
