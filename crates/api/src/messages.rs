//! message-service: the entries of conversations, history, read markers.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Entry, EntryKind, Person, Problem, Timestamp,
    auth::Actor,
    id::{ChannelId, ConversationId, MessageId, UserId},
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadMarker {
    pub seq: u64,
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
