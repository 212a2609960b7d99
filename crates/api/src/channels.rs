//! channel-service: channels, membership, roles, topic, modes, lists, invitations.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    AccountName, ChannelName, Person, Timestamp,
    auth::Actor,
    event::ChannelEvent,
    id::{ChannelId, ListEntryId, SessionId, UserId},
    mask::Mask,
    mode::{Modes, Role, Roles},
    text::LineText,
};

/// Channels that one person is in at once.
pub const MAX_CHANNELS_EACH: usize = 100;
/// Entries of one list of one channel: each send of a non-member checks them all.
pub const MAX_LIST_ENTRIES: usize = 100;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Topic {
    pub text: String,
    pub by: Person,
    pub at: Timestamp,
}

/// Somebody in a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Member {
    #[serde(flatten)]
    pub person: Person,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountName>,
    pub roles: Roles,
    /// `user@host` as shown when they joined.
    pub username: String,
    pub host: String,
    pub joined_at: Timestamp,
}

/// How long and for whom messages are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct HistoryPolicy {
    /// Days after which messages are deleted; none keeps them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
    /// Lines shown on joining to clients that never ask for history.
    #[serde(default)]
    pub lines_on_join: u32,
}

/// A channel as its members see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Channel {
    pub id: ChannelId,
    pub name: ChannelName,
    /// Raised by one with every change; the `ETag`.
    pub version: u64,
    pub topic: Option<Topic>,
    pub modes: Modes,
    pub member_count: u64,
    pub created_at: Timestamp,
    /// The account that registered it; none: it goes dormant when the last member leaves.
    pub founder: Option<AccountName>,
    pub history: HistoryPolicy,
    /// Entries up to this seq are not readable: the channel was closed to others once, then abandoned.
    #[serde(default)]
    pub floor: u64,
}

/// Everything a replica holds of a channel (services only): `GET /v1/channels/{id}?view=replica`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Snapshot {
    pub epoch: String,
    #[serde(flatten)]
    pub channel: Channel,
    pub members: Vec<Member>,
    pub bans: Vec<ListEntry>,
    pub excepts: Vec<ListEntry>,
    pub invite_masks: Vec<ListEntry>,
    #[serde(default)]
    pub dormant: bool,
}

/// A line of `GET /v1/channels`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChannelSummary {
    pub id: ChannelId,
    pub name: ChannelName,
    pub member_count: u64,
    pub topic: String,
    /// When the topic was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

/// A line of `GET /v1/users/me/channels`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Membership {
    pub id: ChannelId,
    pub name: ChannelName,
    pub roles: Roles,
    pub joined_at: Timestamp,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterChannel {
    pub name: String,
}

/// Body of `PUT …/members/{user}`; may be empty.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct JoinChannel {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// The answer to a join or any other change: the channel as it is now, and the event if there was a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Changed {
    /// None when nothing changed: a further holder, a topic set to what it was.
    pub event: Option<ChannelEvent>,
    pub channel: Channel,
    /// Further events of the same transaction, in order before `event` (a channel woken before its first join).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<ChannelEvent>,
}

/// One join of a batch (gateways only): `POST /v1/members:join`. The actor's session becomes a holder.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct JoinItem {
    pub actor: Actor,
    pub name: ChannelName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// One part of a batch (gateways only): `POST /v1/members:part`. Takes the actor's session out of the holders.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PartItem {
    pub actor: Actor,
    pub channel: ChannelId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<LineText>,
}

/// Takes an ended session's holders out of every channel (user-service only): `POST /v1/holders:end`. Repeatable.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EndHolders {
    pub user: Person,
    /// The sessions that ended; `all` takes out every holder of the user, REST joins too (guests whose token died, erasure).
    pub sessions: Vec<SessionId>,
    #[serde(default)]
    pub all: bool,
    /// Whether they stay in their channels without a session, as of that version of the user. Absent: they have never been asked to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stays: Option<bool>,
    /// They have other sessions.
    #[serde(default)]
    pub still_here: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The events of an ending, one for each channel that the person left.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EndedHolders {
    pub events: Vec<ChannelEvent>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetTopic {
    /// Empty: no topic.
    pub text: LineText,
}

/// Another name for a channel: `PATCH /v1/channels/{channel}`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenameChannel {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<LineText>,
}

/// Gives or takes one role: `PUT …/members/{user}/roles`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetRole {
    pub role: Role,
    pub set: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ListKind {
    Bans,
    Excepts,
    InviteMasks,
}

impl ListKind {
    pub const ALL: [Self; 3] = [Self::Bans, Self::Excepts, Self::InviteMasks];

    /// The letter of its mode in every line (<https://modern.ircdocs.horse/#channel-modes>).
    pub const fn letter(self) -> char {
        match self {
            Self::Bans => 'b',
            Self::Excepts => 'e',
            Self::InviteMasks => 'I',
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bans => "bans",
            Self::Excepts => "excepts",
            Self::InviteMasks => "invite-masks",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListEntry {
    pub id: ListEntryId,
    pub mask: Mask,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub by: Person,
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewListEntry {
    pub mask: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<LineText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// The answer to a new list entry.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Listed {
    pub id: ListEntryId,
    #[serde(flatten)]
    pub changed: Changed,
}

/// Whom `PUT …/invitations/{user}` invites: the person is looked up at user-service by channel-service.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewInvitation {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// One who is invited, as `GET …/invitations` lists them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Invitation {
    pub user: UserId,
    pub expires_at: Timestamp,
}

/// A channel that somebody is invited to, as `GET /v1/users/me/invitations` lists them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InvitedTo {
    pub id: ChannelId,
    pub name: ChannelName,
    pub expires_at: Timestamp,
}

/// Events of one channel after a version: `GET …/events?after=&limit=`. `complete` is false when the owner no longer has them all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChannelEvents {
    pub epoch: String,
    pub events: Vec<ChannelEvent>,
    pub complete: bool,
}

/// Which events of a channel: those within all bounds that are given, which are not among them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EventsQuery {
    /// A version: that which the reader holds.
    pub after: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before_at: Option<Timestamp>,
    /// Of more than `limit`, the last ones rather than the first.
    pub latest: bool,
    /// Most events in the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// A user's id as a path names it: `me` or an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MeOr {
    Me,
    Id(UserId),
}

impl std::str::FromStr for MeOr {
    type Err = crate::id::NotAnId;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "me" { Ok(Self::Me) } else { text.parse().map(Self::Id) }
    }
}
