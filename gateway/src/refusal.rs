//! Why a command was not carried out, in no dialect: the problem, as services answer it, and what it is about.

use api::{ErrorCode, Problem, auth::ServiceName, channels::ListKind};

/// Why a command was not carried out: the problem, and what it is about.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) problem: Box<Problem>,
    pub(crate) about: Box<About>,
}

/// The things that an error's parameters name.
#[derive(Debug, Clone, Default)]
pub(crate) struct About {
    pub(crate) channel: Option<String>,
    pub(crate) nick: Option<String>,
    /// A name, mask, mode, verb or parameter.
    pub(crate) what: Option<String>,
    /// What it was given.
    pub(crate) value: Option<String>,
    pub(crate) list: Option<ListKind>,
    pub(crate) seq: Option<u64>,
    /// Who answered, or did not.
    pub(crate) service: Option<ServiceName>,
}

impl Refusal {
    pub(crate) fn new(code: ErrorCode) -> Self {
        Self::from(Problem::new(code))
    }

    /// `service` does not answer, or must not be asked now.
    pub(crate) fn unavailable(service: ServiceName) -> Self {
        Self::new(ErrorCode::Unavailable).detail(format!("{service} is not available, try again")).of(service)
    }

    #[must_use]
    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.problem.detail = detail.into();
        self
    }

    #[must_use]
    pub(crate) fn channel(mut self, name: impl Into<String>) -> Self {
        self.about.channel = Some(name.into());
        self
    }

    #[must_use]
    pub(crate) fn nick(mut self, nick: impl Into<String>) -> Self {
        self.about.nick = Some(nick.into());
        self
    }

    #[must_use]
    pub(crate) fn what(mut self, what: impl Into<String>) -> Self {
        self.about.what = Some(what.into());
        self
    }

    #[must_use]
    pub(crate) fn value(mut self, value: impl Into<String>) -> Self {
        self.about.value = Some(value.into());
        self
    }

    #[must_use]
    pub(crate) fn list(mut self, list: ListKind) -> Self {
        self.about.list = Some(list);
        self
    }

    #[must_use]
    pub(crate) fn seq(mut self, seq: u64) -> Self {
        self.about.seq = Some(seq);
        self
    }

    #[must_use]
    pub(crate) fn of(mut self, service: ServiceName) -> Self {
        self.about.service = Some(service);
        self
    }

    #[must_use]
    pub(crate) fn retry_after(mut self, seconds: u32) -> Self {
        self.problem.retry_after = Some(seconds);
        self
    }

    pub(crate) fn code(&self) -> ErrorCode {
        self.problem.code
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self { problem: Box::new(problem), about: Box::default() }
    }
}

/// What a service said, or that it said nothing.
pub(crate) trait Asked<T> {
    fn of(self, service: ServiceName) -> Result<T, Refusal>;
}

impl<T> Asked<T> for Result<T, client::Error> {
    fn of(self, service: ServiceName) -> Result<T, Refusal> {
        self.map_err(|error| Refusal::from(error.problem()).of(service))
    }
}
