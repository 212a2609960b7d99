//! What the bus carries: frames that may be lost, repeated or reordered, because readers know what they miss.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{ChannelId, ConversationId, UserId};

/// Subjects that users and direct conversations are spread over: a bus holds few subjects, however many people there are.
pub const SHARDS: u8 = 255;

/// Where a frame is published.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Subject {
    /// The events of one channel.
    Channel(ChannelId),
    /// The invitations to channels, by [`shard`] of who is invited: such people seldom follow the channel.
    Invited(u8),
    /// The entries of one channel's conversation.
    Conversation(ConversationId),
    /// User events, by [`shard`] of the user.
    User(u8),
    /// What is passed on in one channel and not kept.
    Signal(ChannelId),
    /// What is passed on to people and not kept, by [`shard`] of each.
    Hint(u8),
    /// Entries of direct conversations, by [`shard`] of a party; published once for each of the two shards.
    Direct(u8),
}

/// The shard of a user: FNV-1a of the id, stable across releases.
pub fn shard(user: &UserId) -> u8 {
    let hash = user.as_str().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (hash >> 32) as u8 & SHARDS
}

impl Subject {
    pub fn user(user: &UserId) -> Self {
        Self::User(shard(user))
    }

    pub fn invited(user: &UserId) -> Self {
        Self::Invited(shard(user))
    }

    pub fn direct(user: &UserId) -> Self {
        Self::Direct(shard(user))
    }

    pub fn hint(user: &UserId) -> Self {
        Self::Hint(shard(user))
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Channel(id) => write!(f, "channel.{id}"),
            Self::Invited(shard) => write!(f, "invited.{shard}"),
            Self::Conversation(id) => write!(f, "conversation.{id}"),
            Self::User(shard) => write!(f, "user.{shard}"),
            Self::Direct(shard) => write!(f, "direct.{shard}"),
            Self::Signal(id) => write!(f, "signal.{id}"),
            Self::Hint(shard) => write!(f, "hint.{shard}"),
        }
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> String {
        subject.to_string()
    }
}

/// The text was not a subject of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a subject")]
pub struct NotASubject;

impl std::str::FromStr for Subject {
    type Err = NotASubject;
    fn from_str(text: &str) -> Result<Self, NotASubject> {
        let (kind, rest) = text.split_once('.').ok_or(NotASubject)?;
        match kind {
            "channel" => rest.parse().map(Self::Channel).map_err(|_| NotASubject),
            "invited" => rest.parse().map(Self::Invited).map_err(|_| NotASubject),
            "conversation" => rest.parse().map(Self::Conversation).map_err(|_| NotASubject),
            "user" => rest.parse().map(Self::User).map_err(|_| NotASubject),
            "signal" => rest.parse().map(Self::Signal).map_err(|_| NotASubject),
            "hint" => rest.parse().map(Self::Hint).map_err(|_| NotASubject),
            "direct" => rest.parse().map(Self::Direct).map_err(|_| NotASubject),
            _ => Err(NotASubject),
        }
    }
}

impl TryFrom<String> for Subject {
    type Error = NotASubject;
    fn try_from(text: String) -> Result<Self, NotASubject> {
        text.parse()
    }
}

/// One thing published: JSON of a [`crate::event::ChannelEvent`], [`crate::event::UserEvent`], [`crate::Entry`] or
/// [`crate::messages::Signal`] (or a JSON list of them: what was committed together may travel together), under a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub subject: Subject,
    /// Who has applied it already from the reply of its own request (a gateway's id): it drops the frame undecoded.
    pub origin: Option<String>,
    pub payload: Vec<u8>,
}
