//! What was numbered, as everybody is told of it.

use api::{Entry, Person, Timestamp, id::MessageId, tags::Tags};
use serde::Serialize;

use crate::{
    domain::act::{Act, Grant, Place, What},
    store::{keys::Seen, places::Conversation},
};

pub(super) fn entry(act: &Act, grant: Option<&Grant>, conversation: &Conversation) -> Entry {
    let seq = conversation.last_seq as u64;
    let (to, target, channel_version) = match (&act.place, grant) {
        (Place::Direct(to), _) => (Some(to.clone()), to.nick.as_str().to_owned(), None),
        (Place::Channel(_), Some(Grant::Channel { name, version, .. })) => {
            (None, name.as_str().to_owned(), Some(*version))
        }
        (Place::Channel(_), _) => (None, String::new(), None),
    };
    Entry {
        id: MessageId { conversation: conversation.id.clone(), seq },
        conversation: conversation.id.clone(),
        target,
        seq,
        author: act.author.clone(),
        kind: act.what.kind(),
        text: act.what.text().to_owned(),
        at: Timestamp(conversation.last_at),
        channel_version,
        reply_to: match &act.what {
            What::Say { reply_to: Some(id), .. } => Some(id.clone()),
            What::Say { tags, .. } => replied_to(tags, conversation),
            _ => None,
        },
        of: act.what.of(),
        to,
        session: act.session.clone(),
        redacted: false,
        edited_at: None,
        tags: match &act.what {
            What::Say { tags, .. } => tags.clone(),
            _ => Tags::default(),
        },
        splits: match &act.what {
            What::Say { splits, .. } => splits.clone(),
            _ => Vec::new(),
        },
    }
}

/// The message that an IRC client's tag names. Nobody answers for tags: one that names none is a tag and no more.
fn replied_to(tags: &Tags, conversation: &Conversation) -> Option<MessageId> {
    let id: MessageId = REPLY_TAGS.iter().find_map(|key| tags.get(key))?.parse().ok()?;
    let earlier = conversation.first_seq as u64..conversation.last_seq as u64;
    (id.conversation == conversation.id && earlier.contains(&id.seq)).then_some(id)
}

/// <https://ircv3.net/specs/client-tags/reply>
const REPLY_TAGS: [&str; 2] = ["+reply", "+draft/reply"];

pub(super) fn json_of(is_there: bool, value: &impl Serialize) -> Option<String> {
    is_there.then(|| serde_json::to_string(value).expect("it is plain data"))
}

/// What is left of an entry whose key outlived it.
pub(super) fn forgotten(act: &Act, conversation: &Conversation, seen: &Seen) -> Entry {
    let then = Conversation { last_seq: seen.seq, last_at: seen.at, ..conversation.clone() };
    Entry {
        author: Person { ..act.author.clone() },
        text: String::new(),
        redacted: true,
        tags: Tags::default(),
        splits: Vec::new(),
        ..entry(act, None, &then)
    }
}
