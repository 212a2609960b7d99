//! How a connection is spoken to. A dialect reads lines into commands and writes outcomes and events as lines; what they mean is
//! the same in all. A new dialect is one more arm here and a module of its own; nothing else asks which one it is.

pub(crate) mod irc;
#[cfg(test)]
pub(crate) mod law;
pub(crate) mod plain;

use std::sync::Arc;

use api::{ChannelName, EntryKind, Timestamp};
use bytes::Bytes;
use proto::lines::{self, LineBuffer, LineError};

use crate::{
    command::{Answer, Command, Refusal, Scene},
    event::{Event, Moment},
    hub::{Client, Presence},
    server::Server,
};

/// A dialect with all that changes how it writes an event: whatever is equal here gets the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Dialect {
    Plain(plain::Format),
    Irc(irc::Caps),
}

/// A line that was read.
pub(crate) struct Request {
    pub(crate) ask: Ask,
    /// In their order, never none: what the line asks for is done one after the other.
    pub(crate) commands: Commands,
}

/// Not inline, though most lines ask for one thing: a connection would keep room for it wherever it waits.
pub(crate) type Commands = Vec<Result<Command, Refusal>>;

/// What a reply says of the line that it answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ask {
    /// What the client calls it; its reply carries it.
    pub(crate) label: Option<Box<str>>,
    /// What it was typed as, where replies depend on that.
    pub(crate) verb: &'static str,
}

impl Request {
    pub(crate) fn one(ask: Ask, command: Result<Command, Refusal>) -> Self {
        Self { ask, commands: vec![command] }
    }
}

/// What a client that does too much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Each line is answered at once: with `too-fast`, if need be.
    Refused,
    /// Its lines are read later: its users do not see a refusal as something to be repeated.
    Slowed,
}

impl Dialect {
    /// What a session of this dialect has to remember.
    pub(crate) fn begins(self, server: &Arc<Server>) -> Option<Box<irc::Connected>> {
        match self {
            Self::Plain(_) => None,
            Self::Irc(_) => Some(Box::new(irc::Connected::new(server.clone()))),
        }
    }

    /// What makes lines of bytes.
    pub(crate) fn lines(self) -> LineBuffer {
        match self {
            Self::Plain(_) => LineBuffer::new(lines::MAX_LINE),
            Self::Irc(_) => LineBuffer::new(lines::MAX_IRC_LINE).without_telnet(),
        }
    }

    pub(crate) const fn pace(self) -> Pace {
        match self {
            Self::Plain(_) => Pace::Refused,
            Self::Irc(_) => Pace::Slowed,
        }
    }

    /// Whether a connection that ends is told so when everybody has been shown it, after all that it typed.
    pub(crate) const fn leaves_first(self) -> bool {
        matches!(self, Self::Irc(_))
    }

    /// Whether a change is answered by the event that everybody is shown of it.
    pub(crate) const fn answers_with_events(self) -> bool {
        matches!(self, Self::Irc(_))
    }

    /// Whether it shows of those whom a connection watches what it shows of those who share a channel with it.
    pub(crate) const fn hears_of_the_watched(self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Irc(caps) => caps.has(irc::Caps::EXTENDED_MONITOR),
        }
    }

    /// Somebody who is watched has come or gone.
    pub(crate) fn presence(self, client: &Client, presence: &Presence) -> Bytes {
        match self {
            Self::Plain(_) => Bytes::new(),
            Self::Irc(_) => irc::presence(client, presence),
        }
    }

    /// Whether it has words for what people and channels say of themselves.
    pub(crate) const fn shows_metadata(self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Irc(caps) => caps.has(irc::Caps::METADATA),
        }
    }

    /// What somebody or a channel says now; no value: no more.
    pub(crate) fn metadata(self, client: &Client, target: &str, key: &str, value: Option<&str>) -> Bytes {
        if self.shows_metadata() { irc::metadata(client, target, key, value) } else { Bytes::new() }
    }

    /// A channel is called otherwise; `scene` is what those are shown who have no word for that.
    pub(crate) fn renamed(
        self,
        client: &Client,
        renamed: &Event<'_>,
        moment: Moment<'_>,
        scene: &Scene,
    ) -> Bytes {
        match (self, renamed) {
            (Self::Irc(caps), Event::Renamed { old, channel, reason, .. })
                if !caps.has(irc::Caps::CHANNEL_RENAME) =>
            {
                irc::moved(caps, client, old, channel, reason, scene)
            }
            _ => self.one_event(renamed, moment),
        }
    }

    /// Whether the answer to a join shows all of the channel.
    pub(crate) const fn shows_joined(self) -> bool {
        matches!(self, Self::Irc(_))
    }

    /// Whether the answer to a join shows how far its reader had read there.
    pub(crate) const fn shows_markers(self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Irc(caps) => caps.has(irc::Caps::READ_MARKER),
        }
    }

    /// Whether the answer to a join shows the latest lines where the channel wants that: to those who cannot ask for them.
    pub(crate) const fn shows_lines_on_join(self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Irc(caps) => !caps.has(irc::Caps::CHATHISTORY),
        }
    }

    /// Whether those who come back are shown what they have missed.
    pub(crate) const fn shows_missed(self) -> bool {
        match self {
            Self::Plain(_) => true,
            Self::Irc(_) => self.shows_lines_on_join(),
        }
    }

    /// A channel as somebody finds it who comes back and has been in it all the time.
    pub(crate) fn back(self, client: &Client, channel: &ChannelName, scene: &Scene) -> Bytes {
        match self {
            Self::Plain(_) => client.shown().map_or_else(Bytes::new, |me| {
                self.one_event(&Event::Join { channel, who: me.who() }, Timestamp::now())
            }),
            Self::Irc(caps) => irc::back(caps, client, channel, scene),
        }
    }

    /// Whether those who look back are shown what happened, too.
    pub(crate) const fn shows_past_events(self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Irc(caps) => caps.has(irc::Caps::EVENT_PLAYBACK),
        }
    }

    /// Whether the answer to a send shows the entry.
    pub(crate) const fn shows_sent(self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Irc(caps) => caps.has(irc::Caps::ECHO_MESSAGE),
        }
    }

    /// Whether somebody's direct messages are shown on their other connections.
    pub(crate) const fn shows_own(self) -> bool {
        match self {
            Self::Plain(_) => true,
            Self::Irc(caps) => caps.has(irc::Caps::ECHO_MESSAGE),
        }
    }

    /// Whether what a client says to somebody can be said in a line.
    pub(crate) fn fits(self, client: &Client, kind: EntryKind, to: &str, text: &str, splits: &[u32]) -> bool {
        match self {
            Self::Plain(_) => true,
            Self::Irc(_) => irc::fits(client, kind, to, text, splits),
        }
    }

    /// What a client that says nothing is asked, to know whether it is there; none: it may say nothing.
    pub(crate) fn ping(self, server: &Server) -> Option<Bytes> {
        match self {
            Self::Plain(_) => None,
            Self::Irc(_) => Some(irc::ping(server)),
        }
    }

    /// Whether it has such a question.
    pub(crate) const fn pings(self) -> bool {
        matches!(self, Self::Irc(_))
    }

    /// What a connection is told first.
    pub(crate) fn greeting(self, server: &Server) -> Bytes {
        match self {
            Self::Plain(_) => plain::greeting(&server.network),
            Self::Irc(_) => Bytes::new(),
        }
    }

    /// None: a line that means nothing and gets no answer.
    pub(crate) fn decode(self, line: &str) -> Option<Request> {
        match self {
            Self::Plain(_) => plain::decode(line),
            Self::Irc(caps) => irc::decode(caps, line),
        }
    }

    /// A line that cannot be read.
    pub(crate) fn unreadable(self, error: LineError, lines: &LineBuffer) -> Request {
        let code = match error {
            LineError::TooLong { .. } => api::ErrorCode::LineTooLong,
            LineError::InvalidUtf8 => api::ErrorCode::InvalidUtf8,
        };
        let mut refusal = Refusal::new(code).detail(error.to_string());
        if let LineError::TooLong { limit } = error {
            refusal = refusal.what(limit.to_string());
        }
        let ask = match (self, error) {
            (Self::Irc(caps), LineError::InvalidUtf8) => irc::asked(caps, &lines.not_utf8()),
            _ => Ask::default(),
        };
        Request::one(ask, Err(refusal))
    }

    /// A command's reply, whole but for the [`frame`](Self::frame).
    pub(crate) fn answer(self, client: &Client, ask: &Ask, answer: &Answer) -> Bytes {
        match self {
            Self::Plain(_) => plain::answer(ask, answer, true),
            Self::Irc(caps) => irc::answer(caps, client, ask, answer),
        }
    }

    /// What `reply` gets around it when it is known whole.
    pub(crate) fn frame(self, client: &Client, ask: &Ask, reply: Bytes) -> Bytes {
        match self {
            Self::Plain(_) => reply,
            Self::Irc(_) => irc::frame(client, ask, reply),
        }
    }

    /// A part of a reply, with more to come.
    pub(crate) fn partial_answer(self, client: &Client, ask: &Ask, answer: &Answer) -> Bytes {
        match self {
            Self::Plain(_) => plain::answer(ask, answer, false),
            Self::Irc(caps) => irc::answer(caps, client, ask, answer),
        }
    }

    /// Why a connection is not let in at all.
    pub(crate) fn refused(self, refusal: Refusal) -> Bytes {
        match self {
            Self::Plain(_) => plain::answer(&Ask::default(), &Err(refusal), true),
            Self::Irc(_) => irc::closing(&refusal.problem.detail),
        }
    }

    /// Those who are spoken to like this get the same bytes of `event`.
    pub(crate) fn class(self, event: &Event<'_>) -> Self {
        match self {
            Self::Plain(_) => self,
            Self::Irc(caps) => Self::Irc(caps.and(irc::relevant(event))),
        }
    }

    /// As [`class`](Self::class), for all that is said in a channel.
    pub(crate) fn class_of_entries(self) -> Self {
        match self {
            Self::Plain(_) => self,
            Self::Irc(caps) => Self::Irc(caps.and(irc::ENTRIES)),
        }
    }

    /// An event that happened at `at`; empty if this dialect has no words for it.
    pub(crate) fn event<'a>(self, event: &Event<'_>, at: impl Into<Moment<'a>>, out: &mut Vec<u8>) {
        let moment = at.into();
        match self {
            Self::Plain(format) => plain::event(format, event, moment.at, out),
            Self::Irc(caps) => irc::event(caps, event, moment, out),
        }
    }

    /// [`event`](Self::event) alone.
    pub(crate) fn one_event<'a>(self, event: &Event<'_>, at: impl Into<Moment<'a>>) -> Bytes {
        let mut out = Vec::new();
        self.event(event, at, &mut out);
        out.into()
    }
}
