//! Opaque ids. Each begins with a digit, which no name can, so that an id and a name never collide in a path.

use std::fmt;

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Random characters after the first digit: 9 × 36^12 ids, so that two of a billion collide with a chance below 1 in 10^3.
const RANDOM_CHARS: usize = 12;

/// Longest id believed from outside; a message's id is two numbers joined and still far below.
pub const MAX_ID_BYTES: usize = 40;

/// The text was not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an id is a digit followed by at most 39 of a-z and 0-9")]
pub struct NotAnId;

fn is_id(text: &str) -> bool {
    text.len() <= MAX_ID_BYTES
        && text.as_bytes().first().is_some_and(u8::is_ascii_digit)
        && text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
}

fn random(rng: &mut impl Rng) -> String {
    const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut id = String::with_capacity(1 + RANDOM_CHARS);
    id.push(char::from(ALPHABET[rng.random_range(1..10)]));
    id.extend((0..RANDOM_CHARS).map(|_| char::from(ALPHABET[rng.random_range(0..36)])));
    id
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => { $(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schema(value_type = String, example = "3f9k2m7q0x1ab")]
        pub struct $name(String);

        impl $name {
            /// A new id; chance is the caller's.
            pub fn random(rng: &mut impl Rng) -> Self {
                Self(random(rng))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAnId;
            fn try_from(text: String) -> Result<Self, NotAnId> {
                if is_id(&text) { Ok(Self(text)) } else { Err(NotAnId) }
            }
        }

        impl TryFrom<&str> for $name {
            type Error = NotAnId;
            fn try_from(text: &str) -> Result<Self, NotAnId> {
                Self::try_from(text.to_owned())
            }
        }

        impl std::str::FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                Self::try_from(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )* };
}

ids! {
    /// A person as others see them: an account's one user, or a guest.
    UserId
    /// Who can log in.
    AccountId
    ChannelId
    /// One connection's identity, opened by a gateway; also the name of the membership holder it puts into channels.
    SessionId
    /// One run of a gateway process.
    GatewayId
    /// What messages are numbered in: a channel's conversation has the channel's id, a direct one an id of its own.
    ConversationId
    /// An entry of a ban, except or invite list.
    ListEntryId
    /// A personal API token (not its secret).
    TokenId
    /// A network ban.
    NetworkBanId
}

impl From<ChannelId> for ConversationId {
    fn from(id: ChannelId) -> Self {
        Self(id.0)
    }
}

impl ConversationId {
    /// The channel whose conversation this is, if it is one's: the two ids are the same text.
    pub fn as_channel(&self) -> ChannelId {
        ChannelId(self.0.clone())
    }
}

/// A message's id is its conversation and its number there (`3f9k2m-43`): it can be looked up without an index of its own.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MessageId {
    pub conversation: ConversationId,
    pub seq: u64,
}

/// What happened in a channel, as clients name it beside messages: `3f9k2m7q0x1ab-v17`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EventId {
    pub channel: ChannelId,
    pub version: u64,
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-v{}", self.channel, self.version)
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for EventId {
    type Err = NotAnId;
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let (channel, version) = text.rsplit_once("-v").ok_or(NotAnId)?;
        if version.starts_with(['0', '+']) {
            return Err(NotAnId);
        }
        Ok(Self { channel: channel.parse()?, version: version.parse().map_err(|_| NotAnId)? })
    }
}

impl utoipa::PartialSchema for MessageId {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .examples(["3f9k2m7q0x1ab-43"])
            .build()
            .into()
    }
}

impl ToSchema for MessageId {}

impl TryFrom<String> for MessageId {
    type Error = NotAnId;
    fn try_from(text: String) -> Result<Self, NotAnId> {
        let (conversation, seq) = text.rsplit_once('-').ok_or(NotAnId)?;
        // One spelling for one message: no sign, no leading zeros.
        if seq.starts_with(['0', '+']) {
            return Err(NotAnId);
        }
        let seq = seq.parse().map_err(|_| NotAnId)?;
        Ok(Self { conversation: conversation.try_into()?, seq })
    }
}

impl std::str::FromStr for MessageId {
    type Err = NotAnId;
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        Self::try_from(text.to_owned())
    }
}

impl From<MessageId> for String {
    fn from(id: MessageId) -> String {
        id.to_string()
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.conversation, self.seq)
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
