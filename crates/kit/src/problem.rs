//! What a handler answers when it cannot do what was asked: `application/problem+json`, one catalogue.

use std::fmt;

use api::{ErrorCode, FieldError, Problem};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use crate::trace;

/// A refusal, or trouble inside. Its `source` goes to the log, never to who asked.
pub struct Failure(Box<Inner>);

struct Inner {
    problem: Problem,
    source: Option<anyhow::Error>,
}

/// What handlers return.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// Seconds after which another try makes sense, where nothing better is known.
const RETRY_AFTER: u32 = 1;

impl Failure {
    /// Any of the catalogue; its title is the detail until [`detail`](Self::detail) says more.
    pub fn new(code: ErrorCode) -> Self {
        Self::from(Problem::new(code))
    }

    /// A bug or broken surroundings: 500, the cause in the log.
    pub fn internal(source: impl Into<anyhow::Error>) -> Self {
        Self::new(ErrorCode::Internal).source(source)
    }

    /// Something this needs is away for now: 503, may be tried again.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::Unavailable).detail(detail)
    }

    /// What happened here, in the words of the one who asked.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.problem.detail = detail.into();
        self
    }

    /// A field of the body that is wrong; `pointer` as in `/modes/0`.
    #[must_use]
    pub fn field(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        self.0.problem.errors.push(FieldError { pointer: pointer.into(), detail: detail.into() });
        self
    }

    /// Seconds after which another try makes sense.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.0.problem.retry_after = Some(seconds);
        self
    }

    /// The cause, for the log.
    #[must_use]
    pub fn source(mut self, source: impl Into<anyhow::Error>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub fn code(&self) -> ErrorCode {
        self.0.problem.code
    }

    /// The problem as it will be answered, as results of batches carry it.
    pub fn into_problem(self) -> Problem {
        self.log();
        let mut problem = self.0.problem;
        if problem.trace_id.is_empty()
            && let Some(context) = trace::current()
        {
            problem.trace_id = context.trace_id.to_string();
        }
        if problem.retry_after.is_none() && matches!(problem.status, 429 | 503) {
            problem.retry_after = Some(RETRY_AFTER);
        }
        problem
    }

    /// Once, here at the edge, and only what an operator should see.
    fn log(&self) {
        let Inner { problem, source } = &*self.0;
        let cause = source.as_ref().map(|source| format!("{source:#}")).unwrap_or_default();
        match problem.code {
            ErrorCode::Internal => tracing::error!(code = %problem.code, cause, "{}", problem.detail),
            _ if problem.status >= 500 => {
                tracing::warn!(code = %problem.code, cause, "{}", problem.detail);
            }
            _ => tracing::debug!(code = %problem.code, cause, "{}", problem.detail),
        }
    }
}

impl From<Problem> for Failure {
    /// A neighbour's refusal, passed on.
    fn from(problem: Problem) -> Self {
        Self(Box::new(Inner { problem, source: None }))
    }
}

impl From<ErrorCode> for Failure {
    fn from(code: ErrorCode) -> Self {
        Self::new(code)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::internal(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.0.problem.detail)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} ({:?})", self.0.source)
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| &**source as _)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let problem = self.into_problem();
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"causerie\""));
        }
        if let Some(seconds) = problem.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
