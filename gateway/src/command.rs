//! What a line means, in no dialect: `dialect` reads lines into commands and writes outcomes as lines.

use api::{EntryKind, channels::ListKind, mode::Role, tags::Tags, users::ScramProof};
use kit::config::Secret;

use crate::dialect::{Dialect, irc::Word};
pub(crate) use crate::{
    commands::{Ages, ListFilter, Redacted},
    outcome::{Answer, Found, Named, Outcome, Scene, Seen, WhoRow},
    refusal::{About, Asked, Refusal},
};

/// What a line asks for. Names are as typed: each command parses its own, so that every dialect gets the same errors.
pub(crate) enum Command {
    Hello {
        version: String,
    },
    Nick {
        nick: String,
    },
    Register {
        name: String,
        password: Secret<String>,
    },
    Login(Login),
    Token {
        label: Option<String>,
    },
    Join {
        channel: String,
        key: Option<String>,
    },
    Part {
        channel: Option<String>,
        reason: Option<String>,
    },
    Say {
        to: Option<String>,
        kind: EntryKind,
        text: String,
        with: Along,
    },
    Names {
        channel: Option<String>,
    },
    List {
        matching: Option<String>,
        filter: ListFilter,
    },
    /// Another name for a channel.
    Rename {
        channel: String,
        name: String,
        reason: Option<String>,
    },
    /// No text: show it. An empty one: take it away.
    Topic {
        channel: Option<String>,
        text: Option<String>,
    },
    History {
        target: Option<String>,
        page: Page,
    },
    Redact {
        target: String,
        named: Redacted,
        reason: Option<String>,
    },
    Whois {
        nick: String,
    },
    /// Who had a nick lately.
    Whowas {
        nick: String,
        most: Option<usize>,
    },
    /// A channel, or a mask of people.
    Who {
        mask: String,
        fields: Option<String>,
    },
    /// Those of these nicks that are there.
    People {
        nicks: Vec<String>,
    },
    Kick {
        channel: String,
        nick: String,
        reason: Option<String>,
    },
    Ban {
        channel: String,
        list: ListKind,
        mask: String,
    },
    Unban {
        channel: String,
        list: ListKind,
        mask: String,
    },
    Bans {
        channel: String,
        list: ListKind,
    },
    Invite {
        channel: String,
        nick: String,
    },
    Role {
        channel: String,
        nick: String,
        role: Role,
        set: bool,
    },
    /// `changes` as letters and values: `+kl`, `secret`, `10`. None: show them.
    Mode {
        channel: Option<String>,
        changes: Vec<String>,
    },
    Away {
        text: Option<String>,
    },
    Whoami,
    Ping {
        text: String,
    },
    Help {
        verb: Option<String>,
    },
    To {
        target: String,
    },
    Resume {
        targets: Vec<(String, u64)>,
    },
    /// From now on this connection is spoken to like this.
    Format(Dialect, &'static str),
    Quit {
        reason: Option<String>,
    },
    /// A command whose parameters are wrong.
    Misused(Box<Refusal>),
    /// What only IRC asks for.
    Irc(Word),
}

/// What comes along with something that is said.
#[derive(Debug, Clone, Default)]
pub(crate) struct Along {
    /// Its idempotency key, if the client made one.
    pub(crate) key: Option<String>,
    /// For other clients.
    pub(crate) tags: Tags,
    /// See [`api::Entry::splits`].
    pub(crate) splits: Vec<u32>,
}

pub(crate) enum Login {
    Password {
        name: String,
        password: Secret<String>,
    },
    Token(Secret<String>),
    /// Shown without being said.
    Scram(ScramProof),
    /// The one that the connection has shown.
    Certificate,
}

/// Which part of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    Latest(u32),
    After(u64),
    Before(u64),
}

impl Command {
    /// For metrics: one word for each kind, whatever the dialect calls it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Hello { .. } => "hello",
            Self::Nick { .. } => "nick",
            Self::Register { .. } => "register",
            Self::Login(_) => "login",
            Self::Token { .. } => "token",
            Self::Join { .. } => "join",
            Self::Part { .. } => "part",
            Self::Say { .. } => "say",
            Self::Names { .. } => "names",
            Self::List { .. } => "list",
            Self::Rename { .. } => "rename",
            Self::Topic { .. } => "topic",
            Self::History { .. } => "history",
            Self::Redact { .. } => "redact",
            Self::Whois { .. } => "whois",
            Self::Kick { .. } => "kick",
            Self::Ban { .. } => "ban",
            Self::Unban { .. } => "unban",
            Self::Bans { .. } => "bans",
            Self::Invite { .. } => "invite",
            Self::Role { .. } => "role",
            Self::Mode { .. } => "mode",
            Self::Away { .. } => "away",
            Self::Whoami => "whoami",
            Self::Ping { .. } => "ping",
            Self::Help { .. } => "help",
            Self::To { .. } => "to",
            Self::Resume { .. } => "resume",
            Self::Format(..) => "format",
            Self::Quit { .. } => "quit",
            Self::Misused(_) => "unreadable",
            Self::Who { .. } => "who",
            Self::Whowas { .. } => "whowas",
            Self::People { .. } => "people",
            Self::Irc(word) => word.name(),
        }
    }

    /// Works before `/nick` or `/login`.
    pub(crate) fn is_open(&self) -> bool {
        if let Self::Irc(word) = self {
            return word.is_open();
        }
        matches!(
            self,
            Self::Hello { .. }
                | Self::Nick { .. }
                | Self::Login(_)
                | Self::Register { .. }
                | Self::Help { .. }
                | Self::Ping { .. }
                | Self::Quit { .. }
        )
    }
}
