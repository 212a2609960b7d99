//! Requests that wait for the same hop travel together: one batch in flight, the rest gather behind it, no timer. An idle gateway
//! adds no delay; a busy one shares each round trip among all who wait.

pub(crate) mod sends;

use std::{future::Future, time::Duration};

use api::{Item, auth::ServiceName, page::Batch};
use kit::{
    Tasks,
    trace::{self, TraceContext},
};
use tokio::sync::{mpsc, oneshot};

use crate::command::Refusal;

/// What one may wait in all; a person is told `503` within three seconds.
const WITHIN: Duration = Duration::from_millis(2500);
/// Between two tries of the same batch.
const PAUSE: Duration = Duration::from_millis(100);
/// Requests of one batch: a round trip is shared by enough of them, and a slow service still answers in time.
const BATCH: usize = 256;
/// Requests that wait for the batch before theirs: several batches' worth. Full: `503 overloaded`.
const WAITING: usize = 8192;

/// Where requests of one kind gather.
pub(crate) struct Lane<I, O> {
    service: ServiceName,
    queue: mpsc::Sender<Waiting<I, O>>,
}

struct Waiting<I, O> {
    item: I,
    answer: oneshot::Sender<Result<O, Refusal>>,
    trace: Option<TraceContext>,
}

impl<I, O> Lane<I, O>
where
    I: Clone + Send + Sync + 'static,
    O: Send + 'static,
{
    /// `post` carries a batch out and may be repeated with it.
    pub(crate) fn start<P, F>(tasks: &Tasks, name: &'static str, service: ServiceName, post: P) -> Self
    where
        P: Fn(Batch<I>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Batch<Item<O>>, client::Error>> + Send + 'static,
    {
        let (queue, waiting) = mpsc::channel(WAITING);
        // Sessions are ended through a lane when everything else has stopped: it ends when nobody can put anything in.
        tasks.spawn(name, run(waiting, service, post));
        Self { service, queue }
    }

    /// The answer to one request; its place in the batch is its place in the order.
    pub(crate) async fn put(&self, item: I) -> Result<O, Refusal> {
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { item, answer, trace: trace::current() };
        if self.queue.try_send(waiting).is_err() {
            return Err(Refusal::new(api::ErrorCode::Overloaded).of(self.service));
        }
        match tokio::time::timeout(WITHIN, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Err(Refusal::unavailable(self.service)),
        }
    }
}

async fn run<I, O, P, F>(mut queue: mpsc::Receiver<Waiting<I, O>>, service: ServiceName, post: P)
where
    I: Clone,
    P: Fn(Batch<I>) -> F,
    F: Future<Output = Result<Batch<Item<O>>, client::Error>>,
{
    let mut batch = Vec::new();
    while queue.recv_many(&mut batch, BATCH).await > 0 {
        carry_out(&mut batch, service, &post).await;
        batch.clear();
    }
}

/// Repeats the batch until it is answered or nobody waits for it any more.
async fn carry_out<I, O, P, F>(batch: &mut Vec<Waiting<I, O>>, service: ServiceName, post: &P)
where
    I: Clone,
    P: Fn(Batch<I>) -> F,
    F: Future<Output = Result<Batch<Item<O>>, client::Error>>,
{
    loop {
        batch.retain(|waiting| !waiting.answer.is_closed());
        let Some(first) = batch.first() else { return };
        let items = batch.iter().map(|waiting| waiting.item.clone()).collect();
        let trace = first.trace.unwrap_or_else(TraceContext::random);
        match trace::scope(trace, post(Batch { items })).await {
            Ok(answers) if answers.items.len() == batch.len() => {
                for (waiting, answer) in batch.drain(..).zip(answers.items) {
                    let answer = Result::from(answer).map_err(|problem| Refusal::from(problem).of(service));
                    // Whoever waited may have gone.
                    let _ = waiting.answer.send(answer);
                }
                return;
            }
            Ok(answers) => {
                tracing::error!(%service, asked = batch.len(), answered = answers.items.len(), "a batch was answered in part");
                return;
            }
            Err(error) if error.is_unknown() => tokio::time::sleep(PAUSE).await,
            Err(error) => {
                let problem = error.problem();
                for waiting in batch.drain(..) {
                    let _ = waiting.answer.send(Err(Refusal::from(problem.clone()).of(service)));
                }
                return;
            }
        }
    }
}
