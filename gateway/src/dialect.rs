//! How a connection is spoken to. A dialect reads lines into commands and writes outcomes and events as lines; what they mean is
//! the same in all. A new dialect is one more arm here and a module of its own; nothing else asks which one it is.

pub(crate) mod plain;

use api::Timestamp;
use bytes::Bytes;

use crate::{
    command::{Answer, Command, Refusal},
    event::Event,
};

/// A dialect with all that changes how it writes an event: whatever is equal here gets the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Dialect {
    Plain(plain::Format),
}

/// A line that was read.
pub(crate) struct Request {
    pub(crate) label: Label,
    pub(crate) command: Result<Command, Refusal>,
}

/// What the client calls a command; its reply carries it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Label(pub(crate) Option<Box<str>>);

impl Dialect {
    /// Bytes of a line without its end.
    pub(crate) const fn max_line(self) -> usize {
        match self {
            Self::Plain(_) => proto::lines::MAX_LINE,
        }
    }

    /// What a connection is told first.
    pub(crate) fn greeting(self, network: &str) -> Bytes {
        match self {
            Self::Plain(_) => plain::greeting(network),
        }
    }

    /// None: a line that means nothing and gets no answer.
    pub(crate) fn decode(self, line: &str) -> Option<Request> {
        match self {
            Self::Plain(_) => plain::decode(line),
        }
    }

    /// A command's reply, whole.
    pub(crate) fn answer(self, label: &Label, answer: &Answer) -> Bytes {
        match self {
            Self::Plain(_) => plain::answer(label, answer, true),
        }
    }

    /// A part of a reply, with more to come.
    pub(crate) fn partial_answer(self, label: &Label, answer: &Answer) -> Bytes {
        match self {
            Self::Plain(_) => plain::answer(label, answer, false),
        }
    }

    /// An event that happened at `at`; empty if this dialect has no words for it.
    pub(crate) fn event(self, event: &Event<'_>, at: Timestamp, out: &mut Vec<u8>) {
        match self {
            Self::Plain(format) => plain::event(format, event, at, out),
        }
    }

    /// [`event`](Self::event) alone.
    pub(crate) fn one_event(self, event: &Event<'_>, at: Timestamp) -> Bytes {
        let mut out = Vec::new();
        self.event(event, at, &mut out);
        out.into()
    }
}
