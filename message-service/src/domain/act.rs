//! One thing that somebody does in a conversation, checked as far as it can be before it is numbered.

use api::{
    ChannelName, EntryKind, ErrorCode, FieldError, Person, Problem,
    emoji::is_emoji,
    id::{ChannelId, MessageId, SessionId},
    messages::{MAX_REACTION_BYTES, SendItem, SendTo},
    tags::Tags,
    text::{LineText, MAX_MESSAGE_LINES, MessageText, TextError},
};
use kit::trace::TraceId;
use sha2::{Digest, Sha256};

pub use super::key::Key;

/// What waits to be numbered.
#[derive(Debug, Clone)]
pub struct Act {
    pub author: Person,
    pub session: Option<SessionId>,
    pub place: Place,
    pub what: What,
    pub key: Option<Key>,
    pub verdict: Verdict,
    /// What led to it, from the typed line on: kept with the row, so that one can be found from the other.
    pub trace: Option<TraceId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    Channel(ChannelId),
    Direct(Person),
}

impl From<SendTo> for Place {
    fn from(to: SendTo) -> Self {
        match to {
            SendTo::Channel(id) => Self::Channel(id),
            SendTo::User(person) => Self::Direct(person),
        }
    }
}

/// What the permissions say. A repeat of what was stored already gets its first answer whatever they say now.
#[derive(Debug, Clone)]
pub enum Verdict {
    Allowed(Grant),
    /// The copy of the channel is behind: to be tried again.
    Stale,
    Refused(Problem),
}

/// Under which conditions it is allowed.
#[derive(Debug, Clone)]
pub enum Grant {
    Direct,
    Channel {
        name: ChannelName,
        /// The version that it was decided at.
        version: u64,
        /// Entries up to it are out of reach.
        floor: u64,
        op: bool,
        slow_seconds: Option<u32>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// `splits`: see [`api::Entry::splits`].
    Say {
        kind: EntryKind,
        text: String,
        reply_to: Option<MessageId>,
        tags: Tags,
        splits: Vec<u32>,
    },
    Redact {
        of: u64,
        reason: String,
    },
    Edit {
        of: u64,
        text: String,
    },
    React {
        of: u64,
        emoji: String,
    },
    Unreact {
        of: u64,
        emoji: String,
    },
}

impl What {
    pub fn kind(&self) -> EntryKind {
        match self {
            Self::Say { kind, .. } => *kind,
            Self::Redact { .. } => EntryKind::Redaction,
            Self::Edit { .. } => EntryKind::Edit,
            Self::React { .. } => EntryKind::Reaction,
            Self::Unreact { .. } => EntryKind::Unreaction,
        }
    }

    pub fn text(&self) -> &str {
        match self {
            Self::Say { text, .. } | Self::Edit { text, .. } => text,
            Self::Redact { reason, .. } => reason,
            Self::React { emoji, .. } | Self::Unreact { emoji, .. } => emoji,
        }
    }

    pub fn of(&self) -> Option<u64> {
        match self {
            Self::Say { .. } => None,
            Self::Redact { of, .. }
            | Self::Edit { of, .. }
            | Self::React { of, .. }
            | Self::Unreact { of, .. } => Some(*of),
        }
    }

    /// `kind` none: a message.
    pub fn say(kind: Option<EntryKind>, text: String, reply_to: Option<MessageId>) -> Result<Self, Problem> {
        let kind = kind.unwrap_or(EntryKind::Message);
        if !kind.is_spoken() {
            return Err(invalid("/kind", "kind is message, action or notice"));
        }
        Ok(Self::Say { kind, text: message(text)?, reply_to, tags: Tags::default(), splits: Vec::new() })
    }

    /// Tags alone, to be kept like a message.
    pub fn tags(tags: Tags) -> Result<Self, Problem> {
        if tags.is_empty() {
            return Err(invalid("/tags", "tags are missing"));
        }
        let (text, splits) = (String::new(), Vec::new());
        Ok(Self::Say { kind: EntryKind::Tags, text, reply_to: None, tags, splits })
    }

    /// With what comes along for other clients.
    pub fn with(mut self, with: Tags, cuts: Vec<u32>) -> Result<Self, Problem> {
        if let Self::Say { text, tags, splits, .. } = &mut self {
            let is_cut =
                |&at: &u32| at > 0 && (at as usize) < text.len() && text.is_char_boundary(at as usize);
            if cuts.len() >= MAX_MESSAGE_LINES || !cuts.iter().all(is_cut) || !cuts.is_sorted_by(|a, b| a < b)
            {
                let detail =
                    format!("splits are places within the text, ascending, fewer than {MAX_MESSAGE_LINES}");
                return Err(invalid("/splits", &detail));
            }
            (*tags, *splits) = (with, cuts);
        }
        Ok(self)
    }

    pub fn edit(of: u64, text: String) -> Result<Self, Problem> {
        Ok(Self::Edit { of, text: message(text)? })
    }

    pub fn redact(of: u64, reason: String) -> Result<Self, Problem> {
        let reason = LineText::try_from(reason).map_err(|error| error.problem("/reason"))?;
        Ok(Self::Redact { of, reason: reason.into() })
    }

    pub fn react(of: u64, emoji: String) -> Result<Self, Problem> {
        let emoji = reaction(emoji)?;
        if !is_emoji(&emoji) {
            return Err(invalid("/text", "a reaction is one emoji"));
        }
        Ok(Self::React { of, emoji })
    }

    /// Words too: they could be given once, and are to be taken back.
    pub fn unreact(of: u64, emoji: String) -> Result<Self, Problem> {
        Ok(Self::Unreact { of, emoji: reaction(emoji)? })
    }

    /// What a gateway asks for.
    pub fn from_item(item: &mut SendItem) -> Result<Self, Problem> {
        let text = std::mem::take(&mut item.text);
        let of = || {
            item.of.ok_or_else(|| invalid("/of", "this kind of entry is about another one: of is missing"))
        };
        match item.kind {
            EntryKind::Message | EntryKind::Action | EntryKind::Notice => {
                let (tags, splits) = (std::mem::take(&mut item.tags), std::mem::take(&mut item.splits));
                Self::say(Some(item.kind), text, item.reply_to.take())?.with(tags, splits)
            }
            EntryKind::Tags => Self::tags(std::mem::take(&mut item.tags)),
            EntryKind::Redaction => Self::redact(of()?, text),
            EntryKind::Edit => Self::edit(of()?, text),
            EntryKind::Reaction => Self::react(of()?, text),
            EntryKind::Unreaction => Self::unreact(of()?, text),
            EntryKind::Unknown => Err(invalid("/kind", "this kind of entry is not known here")),
        }
    }

    /// What makes two requests the same, whoever carries them and at whatever version.
    pub(super) fn hash(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        // Each part with its length, so that no two requests read the same.
        let mut part = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        part(self.kind().as_str().as_bytes());
        part(self.text().as_bytes());
        match self {
            Self::Say { reply_to: Some(id), .. } => part(id.to_string().as_bytes()),
            _ => part(b""),
        }
        part(&self.of().unwrap_or(0).to_le_bytes());
        // Only what is there: keys of an earlier release stay what they are.
        if let Self::Say { tags, splits, .. } = self {
            for (key, value) in tags.iter() {
                part(key.as_bytes());
                part(value.as_bytes());
            }
            for split in splits {
                part(&split.to_le_bytes());
            }
        }
        hash.finalize().into()
    }
}

fn message(text: String) -> Result<String, Problem> {
    MessageText::try_from(text).map(Into::into).map_err(|error| error.problem("/text"))
}

fn reaction(emoji: String) -> Result<String, Problem> {
    let emoji = LineText::try_from(emoji).map_err(|error| error.problem("/text"))?;
    match emoji.as_str() {
        "" => Err(TextError::Empty.problem("/text")),
        text if text.len() > MAX_REACTION_BYTES => {
            Err(TextError::TooLong(text.len(), MAX_REACTION_BYTES).problem("/text"))
        }
        text if text.chars().any(|c| c.is_whitespace() || c.is_control()) => {
            Err(invalid("/text", "a reaction has no spaces"))
        }
        _ => Ok(emoji.into()),
    }
}

fn invalid(pointer: &str, detail: &str) -> Problem {
    let mut problem = Problem::new(ErrorCode::InvalidParameter).detail(detail);
    problem.errors.push(FieldError { pointer: pointer.to_owned(), detail: detail.to_owned() });
    problem
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_reactions_and_keys_end_at_their_limits() {
        let say = |text: String| What::say(None, text, None).map_err(|problem| problem.code);
        assert!(say("x".repeat(4096)).is_ok());
        assert_eq!(say("x".repeat(4097)), Err(ErrorCode::TextTooLong));
        assert!(say("\n".repeat(99)).is_ok());
        assert_eq!(say("\n".repeat(100)), Err(ErrorCode::InvalidText));
        assert_eq!(say(String::new()), Err(ErrorCode::InvalidText));
        let react = |text: String| What::react(1, text).map_err(|problem| problem.code);
        let tags = |count| "\u{e0067}".repeat(count);
        assert!(react(format!("🏴{}", tags(15))).is_ok());
        assert_eq!(react(format!("☀\u{fe0f}\u{fe0f}{}", tags(14))), Err(ErrorCode::TextTooLong));
        for word in ["a b", "abc", "+1"] {
            assert_eq!(react(word.into()), Err(ErrorCode::InvalidParameter), "{word}");
        }
        assert!(What::unreact(1, "abc".into()).is_ok());
        let what = What::say(None, "hi".into(), None).unwrap();
        assert!(Key::new(&"k".repeat(128), &what).is_ok());
        for wrong in ["", "a b", "é", &"k".repeat(129)] {
            assert!(Key::new(wrong, &what).is_err(), "{wrong}");
        }
        assert_eq!(
            What::say(Some(EntryKind::Edit), "x".into(), None).unwrap_err().code,
            ErrorCode::InvalidParameter
        );
    }

    fn whats() -> impl Strategy<Value = What> {
        let text = "[a-c]{1,3}";
        prop_oneof![
            (
                text,
                prop_oneof![Just(EntryKind::Message), Just(EntryKind::Action)],
                proptest::option::of(1u64..3)
            )
                .prop_map(|(text, kind, reply)| What::Say {
                    kind,
                    text,
                    reply_to: reply.map(|seq| MessageId { conversation: "1a".try_into().unwrap(), seq }),
                    tags: Tags::default(),
                    splits: Vec::new(),
                }),
            (1u64..3, text).prop_map(|(of, reason)| What::Redact { of, reason }),
            (1u64..3, text).prop_map(|(of, text)| What::Edit { of, text }),
            (1u64..3, text).prop_map(|(of, emoji)| What::React { of, emoji }),
        ]
    }

    proptest! {
        #[test]
        fn the_same_requests_and_no_others_have_the_same_hash(a in whats(), b in whats()) {
            prop_assert_eq!(a == b, a.hash() == b.hash());
        }
    }
}
