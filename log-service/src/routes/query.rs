use api::{Timestamp, logs::Level};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::{Filter, Invalid, Span};

/// Which records. The same for the list and the stream.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Of that service only, such as `messages`.
    service: Option<String>,
    /// That level and those above it.
    level: Option<Level>,
    /// From that moment on.
    since: Option<Timestamp>,
    /// Before that moment.
    until: Option<Timestamp>,
    /// Of that trace only: the `trace_id` of a problem, the `trace-id` header of an answer.
    trace_id: Option<String>,
    /// Text that the message, or the fields as JSON (`"user":"3f9k…"`), contain; ASCII letters in either case. At most 256 bytes.
    q: Option<String>,
}

/// What a list is asked with: which records, and which page of them. In one, so that any other key is refused.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Listed {
    service: Option<String>,
    level: Option<Level>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    trace_id: Option<String>,
    q: Option<String>,
    pub(super) limit: Option<u32>,
    pub(super) cursor: Option<String>,
}

impl Listed {
    pub(super) fn wanted(self) -> Wanted {
        let Self { service, level, since, until, trace_id, q, .. } = self;
        Wanted { service, level, since, until, trace_id, q }
    }
}

impl TryFrom<Wanted> for Filter {
    type Error = Invalid;

    fn try_from(wanted: Wanted) -> Result<Self, Invalid> {
        let all = Span::default();
        let span =
            Span { since: wanted.since.unwrap_or(all.since), until: wanted.until.unwrap_or(all.until) };
        Filter::new(wanted.service, wanted.level, wanted.trace_id, wanted.q, span)
    }
}
