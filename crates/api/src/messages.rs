//! message-service: the entries of conversations, history, read markers.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Entry, EntryKind, Person, Problem, Timestamp,
    auth::Actor,
    id::{ChannelId, ConversationId, MessageId, SessionId, UserId},
    mode::Role,
    tags::Tags,
};

/// Characters of an idempotency key in a header (visible ASCII).
pub const MAX_KEY_BYTES: usize = 128;
/// Days an idempotency key is remembered.
pub const KEY_DAYS: u64 = 7;
/// Bytes of a reaction: the longest emoji sequences stay below.
pub const MAX_REACTION_BYTES: usize = 64;

/// Entries about a message that are looked at for its reactions: bounds the work of one question.
pub const MAX_REACTIONS: u32 = 10_000;
/// Those who gave a reaction that are named with it; the count has all.
pub const MAX_REACTION_USERS: usize = 100;

/// `POST …/messages`. `text/plain` bodies are the text alone.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendMessage {
    pub text: String,
    /// `message` (default), `action` or `notice`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<EntryKind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    /// For other clients: `{"+draft/channel-context":"#x"}`.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

/// What is passed on to those who are there and not kept: `POST …/signals`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendSignal {
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// In channels, for those who have `to_role`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Of a text: `message` (default), `action` or `notice`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<EntryKind>,
    /// Only those who have this role or a higher one get it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_role: Option<Role>,
}

/// Something passed on. Readers let kinds pass that they do not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "signal", rename_all = "kebab-case")]
#[expect(clippy::large_enum_variant, reason = "nearly all are said, and live for a moment")]
pub enum Signal {
    Said(Passing),
    Marked(Marked),
    #[serde(other)]
    Unknown,
}

/// What somebody said in passing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Passing {
    /// Opaque, and like no entry's.
    pub id: String,
    /// The channel's; none between people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelId>,
    /// A channel's name, or a nick.
    pub target: String,
    pub author: Person,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Person>,
    /// The session that it came from: it has been answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// Channels only: the version at which the channel allowed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_version: Option<u64>,
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// What kind of text; none: there are tags only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<EntryKind>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_role: Option<Role>,
}

/// Somebody has read up to a moment, for their other sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Marked {
    pub user: UserId,
    /// A channel's name, or a nick.
    pub target: String,
    pub at: Timestamp,
    /// The session that said so: it has been answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditMessage {
    pub text: String,
}

/// Where a batch item goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SendTo {
    Channel(ChannelId),
    /// `id` is looked up by the gateway; `nick` is shown back as the entry's target.
    User(crate::Person),
}

/// One send of a batch: `POST /v1/messages:batch` (gateways only).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SendItem {
    pub actor: Actor,
    pub to: SendTo,
    /// The channel's version that the actor's gateway has applied: authorised at this one or a later one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_version: Option<u64>,
    pub kind: EntryKind,
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    /// The entry that a redaction, edit or reaction is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<u64>,
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// See [`Entry::splits`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub splits: Vec<u32>,
    pub key: String,
    /// The `traceparent` of the typed line: items of one batch have come their own ways. The row keeps its trace id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}

/// What came of one item.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all are stored, and a box would cost each an allocation"
)]
#[serde(rename_all = "snake_case")]
pub enum SendResult {
    /// Committed. `replayed`: it had been before, this is the first answer.
    Stored {
        entry: Entry,
        replayed: bool,
    },
    /// The replica is behind `channel_version` and is catching up: send it again, in its order.
    Stale,
    Problem(Problem),
}

/// A place in a conversation, as pages of history begin and end at it: `42`, `2026-01-31T12:04:05.678Z`, or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    Seq(u64),
    /// Counted in milliseconds, as moments are shown: finer ones would tell apart what looks the same.
    At(Timestamp),
    /// Beyond the newest entry.
    End,
}

impl From<u64> for Point {
    fn from(seq: u64) -> Self {
        Self::Seq(seq)
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seq(seq) => write!(f, "{seq}"),
            Self::At(at) => write!(f, "{at}"),
            Self::End => Ok(()),
        }
    }
}

/// The text was neither a seq nor a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("neither a seq nor an RFC 3339 time")]
pub struct NotAPoint;

impl FromStr for Point {
    type Err = NotAPoint;
    fn from_str(text: &str) -> Result<Self, NotAPoint> {
        match text {
            "" => Ok(Self::End),
            seq if seq.bytes().all(|byte| byte.is_ascii_digit()) => {
                seq.parse().map(Self::Seq).map_err(|_| NotAPoint)
            }
            at => at.parse().map(Self::At).map_err(|_| NotAPoint),
        }
    }
}

/// One page of history, ascending by seq.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct History {
    pub items: Vec<Entry>,
    /// The first readable seq: what was below is gone by retention, or hidden by the floor.
    pub first_seq: u64,
    pub has_before: bool,
    pub has_after: bool,
}

/// One emoji under a message, and who gave it: `GET /v1/messages/{id}/reactions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reaction {
    pub emoji: String,
    pub count: u64,
    /// In the order in which they gave it; the first 100.
    pub users: Vec<Person>,
}

/// A conversation of the caller's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Conversation {
    pub id: ConversationId,
    /// A channel's name or a nick.
    pub target: String,
    /// The other party of a direct conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    pub last_seq: u64,
    pub last_at: Option<Timestamp>,
    pub read_seq: u64,
    pub unread: u64,
}

/// How far somebody has read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReadMarker {
    pub seq: u64,
    /// The latest moment up to which all was ever read: it never goes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// Sets a marker: at an entry, or at a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetReadMarker {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// Entries of one conversation after a seq, for services that heal: `GET /v1/conversations/{id}/entries?after=&limit=`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Entries {
    pub epoch: String,
    pub entries: Vec<Entry>,
    /// The highest seq there is: entries up to it that are missing here are gone for good.
    pub last_seq: u64,
}

/// Asks for the direct conversations of some users that have entries after a moment: `POST /v1/conversations:of` (services only).
/// A gateway asks with the moment its users' sessions opened, so that even the loss of a conversation's first event heals.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ConversationsOf {
    pub users: Vec<UserId>,
    pub since: Timestamp,
}

/// A direct conversation with its parties and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DirectHead {
    pub id: ConversationId,
    pub parties: [UserId; 2],
    /// The lowest seq of an entry after the moment asked with.
    pub first_seq: u64,
    pub last_seq: u64,
}
