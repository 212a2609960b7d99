//! What happened: events of channels and of users, and the entries of conversations. Each carries the number that its owner
//! gave it in the transaction of the change, so that a reader knows what it has missed.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    AccountName, ChannelName, Nick, Timestamp,
    channels::{HistoryPolicy, ListEntry, ListKind, Member, Topic},
    id::{ChannelId, ConversationId, GatewayId, ListEntryId, MessageId, SessionId, UserId},
    metadata::MetadataKey,
    mode::{ModeChange, Modes, Role, Roles},
    tags::Tags,
    users::UserModes,
};

/// A person as named in events and messages. The version tells which of two nicks is the newer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub struct Person {
    pub id: UserId,
    pub nick: Nick,
    #[serde(default)]
    pub user_version: u64,
}

/// One change of one channel: the row `(channel, version)` of its owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChannelEvent {
    pub channel: ChannelId,
    pub name: ChannelName,
    /// One more than the version before this change.
    pub version: u64,
    pub at: Timestamp,
    /// Who did it; absent when the service did (an expiry, a lapsed lease).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Person>,
    /// The session that did it: its gateway has answered it, so it gets no event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    #[serde(flatten)]
    pub change: ChannelChange,
}

/// What changed. Readers let kinds pass that they do not know: the version still counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ChannelChange {
    /// `member.roles` are those that the join itself gave (the first in an unregistered channel, a founder who is back).
    Joined {
        member: Member,
    },
    Parted {
        user: Person,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// A session (or a person's every session) ended. One ending leaves one such event in each channel, all with the same `ending`
    /// and `touched`, so that a reader shows one QUIT.
    Quit {
        user: Person,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// Same in all events of one ending.
        ending: String,
        touched: Vec<Touched>,
        /// They are still here by another connection, perhaps in other channels: nobody is to be told that they are gone.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        still_here: bool,
    },
    Kicked {
        user: Person,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    Topic {
        topic: Option<Topic>,
    },
    /// All modes after the change (the key is only there for services), and what changed.
    Modes {
        modes: Modes,
        changes: Vec<ModeChange>,
    },
    /// All roles of the member after the change, and the one that changed.
    Roles {
        user: Person,
        roles: Roles,
        role: Role,
        set: bool,
    },
    Listed {
        list: ListKind,
        entry: ListEntry,
    },
    Unlisted {
        list: ListKind,
        id: ListEntryId,
        mask: String,
    },
    Invited {
        user: Person,
        expires_at: Timestamp,
    },
    Registered {
        founder: AccountName,
    },
    Unregistered,
    Policy {
        history: HistoryPolicy,
    },
    /// It has another name from now on, which the event has too.
    Renamed {
        old: ChannelName,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Something that is said of the channel; no value: no more.
    Metadata {
        key: MetadataKey,
        value: Option<String>,
    },
    /// The last member left an unregistered channel: members, modes, topic and lists are gone.
    Dormant,
    /// Woken by a join after dormancy; history below `floor` is not readable any more.
    Woken {
        floor: u64,
    },
    Deleted,
    #[serde(other)]
    Unknown,
}

/// A channel and the version that an ending gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Touched {
    pub channel: ChannelId,
    pub version: u64,
}

/// One change of one user: the row `(user, version)` of its owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserEvent {
    pub user: UserId,
    pub version: u64,
    pub at: Timestamp,
    /// The nick after the change.
    pub nick: Nick,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountName>,
    /// The session that did it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// Whether they are online after the change; absent from a release that did not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub online: Option<bool>,
    #[serde(flatten)]
    pub change: UserChange,
}

/// What changed. Readers let kinds pass that they do not know: the version still counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum UserChange {
    NickChanged {
        old: Nick,
    },
    /// No text: back.
    Away {
        text: Option<String>,
    },
    /// Another name beside the nick.
    Realname {
        realname: Option<String>,
    },
    /// All modes after the change.
    Modes {
        modes: UserModes,
    },
    /// Something that they say of themselves; no value: no more.
    Metadata {
        key: MetadataKey,
        value: Option<String>,
    },
    /// Told by an operator to all who want to read that.
    Wallops {
        text: String,
    },
    SessionOpened {
        opened: SessionId,
        gateway: GatewayId,
        /// The guest whom they were until now, on the same connection.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        former: Option<UserId>,
        /// `user` of their mask from now on, where it was said by then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        username: Option<String>,
        /// `host` of it; absent from a release that did not tell.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        host: Option<String>,
    },
    /// Its gateway closes the connection if it still has it. `forced` by an operator, a suspension or an erasure.
    SessionEnded {
        ended: SessionId,
        gateway: GatewayId,
        reason: String,
        forced: bool,
    },
    /// An account that had stayed without a connection is there no more.
    Left,
    /// Tokens issued before `before` (microseconds) are refused.
    Revoked {
        before: i64,
    },
    Suspended,
    Unsuspended,
    /// The account is erased: whoever stores anything of the user's deletes it.
    Erased,
    #[serde(other)]
    Unknown,
}

/// What kind of entry a conversation holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// Somebody says something.
    Message,
    /// `/me`.
    Action,
    Notice,
    /// Takes the text of entry `of` away.
    Redaction,
    /// Replaces the text of entry `of`.
    Edit,
    /// Reacts to entry `of` with `text`, an emoji.
    Reaction,
    /// Takes one's reaction `text` to entry `of` back.
    Unreaction,
    /// Tags without a text, for other clients and those who come later.
    Tags,
    /// From a newer release.
    #[serde(other)]
    Unknown,
}

impl EntryKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Action => "action",
            Self::Notice => "notice",
            Self::Redaction => "redaction",
            Self::Edit => "edit",
            Self::Reaction => "reaction",
            Self::Unreaction => "unreaction",
            Self::Tags => "tags",
            Self::Unknown => "unknown",
        }
    }

    /// Says something of its own, rather than something about an earlier entry.
    pub const fn is_spoken(self) -> bool {
        matches!(self, Self::Message | Self::Action | Self::Notice)
    }
}

/// An entry of a conversation as stored: the 201 of a send, an item of the history, a live event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Entry {
    pub id: MessageId,
    pub conversation: ConversationId,
    /// What it was sent to: a channel's name, or the nick of the other party as the author named it.
    pub target: String,
    pub seq: u64,
    pub author: Person,
    pub kind: EntryKind,
    /// Empty once redacted, and for redactions without a reason.
    pub text: String,
    pub at: Timestamp,
    /// Channels only: the version at which the channel allowed it. Readers catch up to it before they show the entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_version: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    /// The entry that a redaction, edit or reaction is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<u64>,
    /// Direct conversations: the other party.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Person>,
    /// The session it was sent on, if any: it has been answered, so it gets no event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub redacted: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Timestamp>,
    /// What its author's client said to other clients with it.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// Where lines of `text` were cut only because they were too long for one line of IRC: bytes from its beginning.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub splits: Vec<u32>,
}
