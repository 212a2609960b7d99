//! From a request to its answer: which instance is asked, for how long, and when another is asked the same again.

use std::time::Duration;

use api::{ErrorCode, Problem};
use reqwest::{Request, header};
use tokio::time::Instant;
use tower::retry::budget::{Budget, TpsBudget};

use super::{Error, MAX_ANSWER_BYTES, Service, TIMEOUT, instances::Asked};

/// How often one request is sent at most.
const TRIES: u32 = 2;
/// Of what was asked in so long …
const WINDOW: Duration = Duration::from_secs(10);
/// … a tenth may be asked again, and that many a second where little is asked: where everything fails, asking again makes it worse.
const REPEATS_PER_SECOND: u32 = 10;
const REPEATED: f32 = 0.1;

pub(super) fn budget() -> TpsBudget {
    TpsBudget::new(WINDOW, REPEATS_PER_SECOND, REPEATED)
}

/// Whether a request that may have been carried out can be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// The second does no more than the first (RFC 9110, 9.2.2).
    Idempotent,
    /// Only if it cannot have been carried out.
    IfNotDone,
}

impl Repeat {
    pub(super) fn of(request: &Request) -> Self {
        if request.method().is_idempotent() { Self::Idempotent } else { Self::IfNotDone }
    }
}

/// Why there is no answer from one instance.
struct Failed {
    error: Error,
    /// Nobody can have carried it out.
    undone: bool,
}

impl Service {
    /// Asks one instance, and if that is of no use another, all within [`TIMEOUT`].
    pub(super) async fn exchange(&self, request: Request, repeat: Repeat) -> Result<Vec<u8>, Error> {
        let deadline = Instant::now() + TIMEOUT;
        self.budget.deposit();
        let mut asked = self.instances.next(None).await;
        for left in (1..TRIES).rev() {
            // Requests with a body that is a stream cannot be sent twice: we have none.
            let Some(this) = request.try_clone() else { break };
            let until = self.patience(deadline, left, repeat);
            let failed = match self.ask(this, &asked, until).await {
                Ok(body) => return Ok(body),
                Err(failed) => failed,
            };
            let again = failed.undone || repeat == Repeat::Idempotent && failed.error.is_unknown();
            if !again || !self.instances.has_others() || !self.budget.withdraw() {
                return Err(failed.error);
            }
            metrics::counter!("client_repeats_total", "service" => self.name.as_str()).increment(1);
            asked = self.instances.next(Some(&asked)).await;
        }
        self.ask(request, &asked, deadline).await.map_err(|failed| failed.error)
    }

    /// Until when one instance may take: not all the time, if another can be asked after it.
    fn patience(&self, deadline: Instant, left: u32, repeat: Repeat) -> Instant {
        if repeat == Repeat::IfNotDone || !self.instances.has_others() {
            return deadline;
        }
        let now = Instant::now();
        now + deadline.saturating_duration_since(now) / (left + 1)
    }

    async fn ask(&self, mut request: Request, asked: &Asked, until: Instant) -> Result<Vec<u8>, Failed> {
        let instance = &asked.0;
        let path = request.url().clone();
        let url = request.url_mut();
        *url = instance.url.clone();
        url.set_path(path.path());
        url.set_query(path.query());
        request.headers_mut().insert(header::HOST, self.host.clone());
        *request.timeout_mut() = Some(until.saturating_duration_since(Instant::now()));

        let lost = |source: reqwest::Error| {
            let undone = source.is_connect();
            instance.failed(undone);
            Failed { error: self.unavailable(source), undone }
        };
        let mut response = self.http.execute(request).await.map_err(lost)?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                let error = self.unreadable(format!("an answer of more than {MAX_ANSWER_BYTES} bytes"));
                return Err(Failed { error, undone: false });
            }
            body.extend_from_slice(&chunk);
        }
        instance.answered();
        if status.is_success() {
            return Ok(body);
        }
        Err(match serde_json::from_slice::<Problem>(&body) {
            // Turned away at the door: whoever says when to come back means its own.
            Ok(problem) => Failed { undone: problem.code == ErrorCode::Overloaded, error: problem.into() },
            Err(_) => {
                Failed { error: self.unreadable(format!("status {status} without a problem")), undone: false }
            }
        })
    }
}

#[cfg(test)]
mod tests;
