//! What came of a command, in no dialect.

use std::sync::Arc;

use api::{
    AccountName, ChannelName, Entry, Nick, Timestamp,
    channels::{ChannelSummary, ListEntry, ListKind, Member, Topic},
    id::{GatewayId, MessageId},
    messages::ReadMarker,
    metadata::Metadatum,
    mode::{Modes, Role, Roles},
    users::{FormerNick, User},
};
use kit::config::Secret;

use crate::{
    dialect::irc::{MetadataTold, Told},
    event,
    refusal::Refusal,
};

/// What came of a command.
pub(crate) enum Outcome {
    Hello,
    Nick {
        nick: Nick,
    },
    Registered {
        name: AccountName,
    },
    LoggedIn {
        name: String,
    },
    Token {
        token: Secret<String>,
    },
    /// `scene`: for dialects that show it.
    Joined {
        channel: ChannelName,
        members: u64,
        last_seq: u64,
        scene: Option<Box<Scene>>,
    },
    Parted {
        channel: ChannelName,
        reason: String,
    },
    /// `dup`: it was stored before, under the same key.
    Sent {
        target: String,
        id: MessageId,
        dup: bool,
        /// For dialects that show it.
        entry: Option<Box<Entry>>,
        /// The addressee is away, and what for.
        away: Option<(Nick, Arc<str>)>,
    },
    Names {
        channel: ChannelName,
        members: Vec<Named>,
        secret: bool,
    },
    List(Vec<ChannelSummary>),
    Renamed {
        old: ChannelName,
        channel: ChannelName,
    },
    /// `set`: it has just been set to that.
    Topic {
        channel: ChannelName,
        topic: Option<Topic>,
        set: bool,
    },
    History {
        target: String,
        entries: Vec<Entry>,
    },
    Redacted {
        target: String,
        seq: u64,
        /// For dialects that show it.
        entry: Option<Box<Entry>>,
    },
    Whois {
        user: Box<User>,
        seen: Seen,
    },
    Who {
        mask: String,
        /// What of them is asked for.
        fields: Option<String>,
        rows: Vec<WhoRow>,
    },
    Whowas {
        nick: String,
        items: Vec<FormerNick>,
    },
    /// Those of the people asked for who are there.
    People(Vec<User>),
    Kicked {
        channel: ChannelName,
        nick: Nick,
    },
    Banned {
        channel: ChannelName,
        mask: String,
    },
    Unbanned {
        channel: ChannelName,
        mask: String,
    },
    Bans {
        channel: ChannelName,
        list: ListKind,
        entries: Vec<ListEntry>,
    },
    /// `inside`: they are in already.
    Invited {
        channel: ChannelName,
        nick: Nick,
        inside: bool,
    },
    Role {
        channel: ChannelName,
        nick: Nick,
        role: Option<Role>,
    },
    /// `set`: they have just been changed to that.
    Mode {
        channel: ChannelName,
        modes: Modes,
        created_at: Timestamp,
        set: bool,
    },
    Away,
    Back,
    Whoami {
        nick: Nick,
        account: Option<AccountName>,
        gateway: GatewayId,
    },
    Pong {
        text: String,
    },
    Help {
        verb: Option<String>,
    },
    To {
        target: String,
    },
    Resumed {
        target: String,
        seq: u64,
    },
    /// The word of the format, in the dialect that asked for it.
    Format(&'static str),
    Bye,
    /// Of what only IRC asks for.
    Irc(Told),
}

/// A channel as somebody who joins it finds it.
pub(crate) struct Scene {
    pub(crate) topic: Option<Topic>,
    pub(crate) secret: bool,
    pub(crate) names: Vec<Named>,
    /// They were in it before.
    pub(crate) again: bool,
    pub(crate) found: Found,
}

/// What somebody who joins a channel finds in it beside those who are there.
#[derive(Default)]
pub(crate) struct Found {
    /// How far they had read.
    pub(crate) marker: ReadMarker,
    /// The latest that was said, for those who do not ask for it.
    pub(crate) lines: Vec<(Entry, event::Shown)>,
    /// What the channel and its members say of themselves, for those who want to know that.
    pub(crate) metadata: Option<MetadataTold>,
}

/// A member as shown here.
pub(crate) struct Named {
    pub(crate) nick: Nick,
    pub(crate) roles: Roles,
    /// `user@host`; empty if this gateway never saw it.
    pub(crate) mask: Arc<str>,
}

impl From<Member> for Named {
    fn from(member: Member) -> Self {
        let mask = event::mask(&member.username, &member.host);
        Self { nick: member.person.nick, roles: member.roles, mask }
    }
}

/// Somebody whom a WHO has found.
pub(crate) struct WhoRow {
    pub(crate) channel: Option<String>,
    pub(crate) named: Named,
    pub(crate) realname: Option<Arc<str>>,
    pub(crate) account: Option<Arc<str>>,
    pub(crate) away: bool,
    pub(crate) operator: bool,
    pub(crate) bot: bool,
}

impl WhoRow {
    /// Somebody of whom nothing else is known.
    pub(crate) fn of(named: Named) -> Self {
        Self { channel: None, named, realname: None, account: None, away: false, operator: false, bot: false }
    }
}

/// What this gateway has seen of somebody.
#[derive(Default)]
pub(crate) struct Seen {
    /// `user@host`; empty if it never saw them.
    pub(crate) mask: Arc<str>,
    /// By a connection here.
    pub(crate) operator: bool,
    /// Channels that they are in, of those that may be told.
    pub(crate) channels: Vec<(Roles, ChannelName)>,
    /// What they say of themselves, for those who want to know that.
    pub(crate) metadata: Vec<Metadatum>,
}

/// What a client is answered in the end.
pub(crate) type Answer = Result<Outcome, Refusal>;
