//! What only IRC asks for, and what comes of it: all of them are lines about the connection or the server, not about chat.

use api::{
    AccountName, ChannelName, Entry, EntryKind, Nick, Timestamp, messages::Passing, mode::Role, tags::Tags,
    users::NetworkBan,
};
use kit::config::Secret;

use super::{
    caps,
    multiline::{Broken, Part},
    sasl::Fault,
    services::{Request, Service},
};
use crate::{
    event::{Happened, Shown},
    hub::Presence,
};

/// A command of IRC's own.
pub(crate) enum Word {
    Cap(caps::Request),
    /// The server's password.
    Pass(Secret<String>),
    /// A gateway says for whom it connects.
    Webirc {
        password: Secret<String>,
        address: String,
        is_secure: bool,
    },
    User {
        username: String,
        realname: String,
    },
    Authenticate(Secret<String>),
    /// An account is made; none: it is called as its maker.
    Register {
        account: Option<String>,
        password: Secret<String>,
    },
    /// The modes of a person: shown, or changed.
    UserMode {
        nick: String,
        changes: Option<String>,
    },
    Monitor(Monitor),
    /// Where one is invited to.
    Invitations,
    /// Another real name.
    Setname(String),
    /// Said to NickServ or ChanServ.
    Service(Request),
    Oper {
        name: String,
        password: Secret<String>,
    },
    Kill {
        nick: String,
        reason: Option<String>,
    },
    Wallops(String),
    NetBan(NetBan),
    Rehash,
    Stats(char),
    Help(Option<String>),
    /// The end of what the commands before it on the line have begun.
    End(End),
    /// `JOIN 0`.
    PartAll,
    Page(Page),
    History(Box<HistoryAsked>),
    /// How far one has read; with a moment, one has read up to it.
    Marker {
        target: String,
        until: Option<Timestamp>,
    },
    Metadata {
        target: String,
        asked: MetadataAsked,
    },
    /// Of a message of several lines.
    Part(Part),
    /// Tags alone; of a channel perhaps to those only who have a role.
    Tags {
        target: String,
        role: Option<Role>,
        tags: Tags,
    },
    /// A text to those of a channel who have a role.
    ToRole {
        channel: String,
        role: Role,
        kind: EntryKind,
        text: String,
        tags: Tags,
    },
    /// A verb of HTTP, not of IRC.
    Http(String),
    /// Nothing is done, and nothing is answered.
    Nothing,
}

impl Word {
    /// For metrics.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Cap(_) => "cap",
            Self::Pass(_) => "pass",
            Self::Webirc { .. } => "webirc",
            Self::Http(_) => "http",
            Self::User { .. } => "user",
            Self::Authenticate(_) => "authenticate",
            Self::Register { .. } => "register",
            Self::UserMode { .. } => "user-mode",
            Self::Monitor(_) => "monitor",
            Self::Invitations => "invitations",
            Self::Setname(_) => "setname",
            Self::Service(_) => "service",
            Self::Oper { .. } => "oper",
            Self::Kill { .. } => "kill",
            Self::Wallops(_) => "wallops",
            Self::NetBan(_) => "network-ban",
            Self::Rehash => "rehash",
            Self::Stats(_) => "stats",
            Self::Help(_) => "help",
            Self::End(_) | Self::Nothing => "nothing",
            Self::PartAll => "part",
            Self::Page(_) => "server",
            Self::History(_) => "history",
            Self::Marker { .. } => "marker",
            Self::Metadata { .. } => "metadata",
            Self::Part(_) => "multiline",
            Self::Tags { .. } | Self::ToRole { .. } => "signal",
        }
    }

    /// Works before the connection is welcomed.
    pub(crate) const fn is_open(&self) -> bool {
        matches!(
            self,
            Self::Cap(_)
                | Self::Pass(_)
                | Self::Webirc { .. }
                | Self::Http(_)
                | Self::User { .. }
                | Self::Authenticate(_)
                | Self::Register { .. }
                | Self::Page(Page::Isupport)
                | Self::Nothing
        )
    }
}

/// What is watched (<https://ircv3.net/specs/extensions/monitor>). Nicks as typed.
pub(crate) enum Monitor {
    Add(Vec<String>),
    Remove(Vec<String>),
    Clear,
    List,
    Status,
}

/// A part of a history, as it was asked for.
pub(crate) struct HistoryAsked {
    /// As typed.
    pub(crate) target: String,
    pub(crate) part: HistoryPart,
    /// Lines at most.
    pub(crate) most: u32,
}

pub(crate) enum HistoryPart {
    /// Of what came after it, if it is given.
    Latest(Option<Selector>),
    Before(Selector),
    After(Selector),
    Around(Selector),
    /// Those next to the first.
    Between(Selector, Selector),
    /// Not of a conversation: of the list of them.
    Targets(Timestamp, Timestamp),
}

/// Something that was said or happened.
pub(crate) enum Past {
    Said(Box<(Entry, Shown)>),
    Happened(Box<Happened>),
}

/// What names a place in a history.
pub(crate) enum Selector {
    Id(String),
    At(Timestamp),
}

impl HistoryPart {
    /// The subcommand, which errors name.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Latest(_) => "LATEST",
            Self::Before(_) => "BEFORE",
            Self::After(_) => "AFTER",
            Self::Around(_) => "AROUND",
            Self::Between(..) => "BETWEEN",
            Self::Targets(..) => "TARGETS",
        }
    }
}

/// What is asked of somebody's or a channel's metadata. Keys as typed.
pub(crate) enum MetadataAsked {
    Get(Vec<String>),
    List,
    /// No value: nothing is to be said any more.
    Set(String, Option<String>),
    Clear,
    Sub(Vec<String>),
    Unsub(Vec<String>),
    Subs,
    Sync,
}

/// What comes of it.
pub(crate) enum MetadataTold {
    One(DatumRow),
    /// Of a target, and of those who are in it.
    Batch(String, Vec<DatumRow>),
    /// It is too much for now: the target, and after how many seconds to ask.
    Later(String, u64),
    Subscribed(Subscribed),
    /// Keys that there are, and those that are none.
    Unsubscribed(Vec<String>, Vec<String>),
    Subs(Vec<String>),
}

pub(crate) struct DatumRow {
    pub(crate) target: String,
    pub(crate) key: String,
    pub(crate) datum: Datum,
}

pub(crate) enum Datum {
    Value(String),
    NotSet,
    /// It is no key.
    NoKey,
}

pub(crate) struct Subscribed {
    pub(crate) keys: Vec<String>,
    /// No keys.
    pub(crate) invalid: Vec<String>,
    /// The first for which there is no room.
    pub(crate) too_many: Option<String>,
    /// What is there already of these targets is to be asked for, after so many seconds.
    pub(crate) later: Vec<(String, u64)>,
}

/// `KLINE` and `DLINE`, and what undoes them.
pub(crate) enum NetBan {
    Add { target: String, minutes: Option<u64>, reason: String },
    Lift { target: String },
}

/// A list that several commands of one line write.
pub(crate) enum End {
    /// Of the channels named, as they were typed.
    Names(String),
    List,
}

/// What a server tells about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    Admin,
    Info,
    Isupport,
    Links,
    Lusers,
    Motd,
    Time,
    Version,
}

/// What came of one.
pub(crate) enum Told {
    Cap(caps::Reply),
    /// With what its reader says of themselves, for those who want to know that; and a login that was not at its end.
    Welcome(Counts, Option<MetadataTold>, Option<Fault>),
    /// `AUTHENTICATE +`.
    Listens,
    /// What the server says in a login: not in Base64 yet.
    Challenge(String),
    Sasl(Fault),
    LoggedIn(LoggedIn),
    /// An account was made, and mostly logged in to.
    Registered {
        account: String,
        logged_in: Option<LoggedIn>,
    },
    /// Those of the reader: `+Bi`.
    UserModes(String),
    /// What of them has changed, and whether a letter was none.
    UserModeChanged {
        changes: String,
        unknown: bool,
    },
    /// How those who are watched stand; and nicks for which there is no room.
    Presences {
        presences: Vec<Presence>,
        rejected: Vec<Nick>,
    },
    Watches(Vec<Nick>),
    Invitations(Vec<ChannelName>),
    Operates,
    Rehashed {
        file: String,
        is_read: bool,
    },
    Stats {
        letter: char,
        bans: Vec<NetworkBan>,
    },
    Help(Option<String>),
    /// NickServ or ChanServ answers.
    Service {
        service: Service,
        lines: Vec<String>,
        logged_in: Option<LoggedIn>,
    },
    /// Something that there is no numeric for.
    Notice(String),
    End(End),
    PartedAll(Vec<ChannelName>),
    Page(Page, Counts),
    History {
        target: String,
        items: Vec<Past>,
    },
    Targets(Vec<(String, Timestamp)>),
    Marker {
        target: String,
        at: Option<Timestamp>,
    },
    Metadata(MetadataTold),
    /// A message of several lines was refused.
    Broken(Broken),
    /// It was passed on.
    Passed(Box<Passing>),
    Nothing,
}

/// What LUSERS counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) people: usize,
    pub(crate) invisible: usize,
    pub(crate) operators: usize,
    pub(crate) channels: usize,
    /// People at once, at most.
    pub(crate) most: usize,
    /// Connections that are nobody yet.
    pub(crate) unknown: usize,
}

/// Somebody who has logged in.
pub(crate) struct LoggedIn {
    pub(crate) account: AccountName,
    pub(crate) me: Shown,
    /// Who they were, if they are called otherwise now.
    pub(crate) former: Option<Shown>,
}
