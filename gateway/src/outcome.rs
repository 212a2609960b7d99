//! What came of a command, in no dialect.

use api::{
    AccountName, ChannelName, Entry, Nick,
    channels::{ChannelSummary, ListEntry},
    id::{GatewayId, MessageId},
    mode::{Modes, Role, Roles},
};
use kit::config::Secret;

use crate::refusal::Refusal;

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
    Joined {
        channel: ChannelName,
        members: u64,
        last_seq: u64,
    },
    Parted {
        channel: ChannelName,
    },
    /// `dup`: it was stored before, under the same key.
    Sent {
        target: String,
        id: MessageId,
        dup: bool,
    },
    Names {
        channel: ChannelName,
        members: Vec<(Nick, Roles)>,
    },
    List(Vec<ChannelSummary>),
    Topic {
        channel: ChannelName,
        text: String,
    },
    History {
        target: String,
        entries: Vec<Entry>,
    },
    Redacted {
        target: String,
        seq: u64,
    },
    Whois {
        nick: Nick,
        account: Option<AccountName>,
        presence: Presence,
        away: String,
    },
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
        entries: Vec<ListEntry>,
    },
    Invited {
        channel: ChannelName,
        nick: Nick,
    },
    Role {
        channel: ChannelName,
        nick: Nick,
        role: Option<Role>,
    },
    Mode {
        channel: ChannelName,
        modes: Modes,
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
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    Online,
    Away,
    Offline,
}

/// What a client is answered in the end.
pub(crate) type Answer = Result<Outcome, Refusal>;
