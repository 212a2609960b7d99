//! Entries as they lie in the table, and as everybody else knows them.

use api::{
    Entry, EntryKind, Nick, Person, Timestamp,
    id::{ConversationId, MessageId, UserId},
    tags::Tags,
};
use sqlx::FromRow;

/// What stands for the nick of somebody who was erased. Brackets: it reads like no name.
const ERASED: &str = "[erased]";

pub(super) fn kind_number(kind: EntryKind) -> i16 {
    match kind {
        EntryKind::Message => 0,
        EntryKind::Action => 1,
        EntryKind::Notice => 2,
        EntryKind::Redaction => REDACTION,
        EntryKind::Edit => EDIT,
        EntryKind::Reaction => REACTION,
        EntryKind::Unreaction => UNREACTION,
        EntryKind::Tags => TAGS,
        EntryKind::Unknown => i16::MAX,
    }
}

pub(super) const REDACTION: i16 = 3;
pub(super) const EDIT: i16 = 4;
pub(super) const REACTION: i16 = 5;
pub(super) const UNREACTION: i16 = 6;
const TAGS: i16 = 7;

pub(super) fn kind_of(number: i16) -> EntryKind {
    match number {
        0 => EntryKind::Message,
        1 => EntryKind::Action,
        2 => EntryKind::Notice,
        REDACTION => EntryKind::Redaction,
        EDIT => EntryKind::Edit,
        REACTION => EntryKind::Reaction,
        UNREACTION => EntryKind::Unreaction,
        TAGS => EntryKind::Tags,
        _ => EntryKind::Unknown,
    }
}

/// The columns of [`Row`]; conditions follow it.
macro_rules! select_entries {
    ($rest:literal) => {
        concat!(
            "select e.n, e.seq, e.at, e.channel_version, e.reply_to, e.of_seq, e.edited_at, e.kind, e.redacted, e.text, e.tags, e.splits,
                c.id as conversation, c.name, u.id as author, s.nick, s.user_version, s.session,
                tu.id as to_user, ts.nick as to_nick, ts.user_version as to_version
            from entries as e
            join conversations as c on c.n = e.conversation
            join speakers as s on s.n = e.author
            join users as u on u.n = s.person
            left join speakers as ts on ts.n = e.recipient
            left join users as tu on tu.n = ts.person ",
            $rest
        )
    };
}
pub(super) use select_entries;

#[derive(FromRow)]
pub(super) struct Row {
    pub(super) n: i64,
    seq: i64,
    at: i64,
    channel_version: Option<i64>,
    reply_to: Option<i64>,
    of_seq: Option<i64>,
    edited_at: Option<i64>,
    kind: i16,
    redacted: bool,
    text: String,
    tags: Option<String>,
    splits: Option<String>,
    conversation: String,
    name: Option<String>,
    author: String,
    nick: Option<String>,
    user_version: i64,
    session: String,
    to_user: Option<String>,
    to_nick: Option<String>,
    to_version: Option<i64>,
}

impl TryFrom<Row> for Entry {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        let conversation: ConversationId = row.conversation.try_into().map_err(decode)?;
        let to = match row.to_user {
            Some(id) => Some(person(id, row.to_nick, row.to_version.unwrap_or(0))?),
            None => None,
        };
        let seq = row.seq as u64;
        Ok(Self {
            id: MessageId { conversation: conversation.clone(), seq },
            target: to.as_ref().map(|to| to.nick.as_str().to_owned()).or(row.name).unwrap_or_default(),
            seq,
            author: person(row.author, row.nick, row.user_version)?,
            kind: kind_of(row.kind),
            text: row.text,
            at: Timestamp(row.at),
            channel_version: row.channel_version.map(|version| version as u64),
            reply_to: row
                .reply_to
                .map(|seq| MessageId { conversation: conversation.clone(), seq: seq as u64 }),
            of: row.of_seq.map(|seq| seq as u64),
            to,
            session: Some(row.session)
                .filter(|id| !id.is_empty())
                .map(TryInto::try_into)
                .transpose()
                .map_err(decode)?,
            redacted: row.redacted,
            edited_at: row.edited_at.map(Timestamp),
            tags: match &row.tags {
                Some(tags) => serde_json::from_str(tags).map_err(decode)?,
                None => Tags::default(),
            },
            splits: match &row.splits {
                Some(splits) => serde_json::from_str(splits).map_err(decode)?,
                None => Vec::new(),
            },
            conversation,
        })
    }
}

fn person(id: String, nick: Option<String>, version: i64) -> Result<Person, sqlx::Error> {
    Ok(Person {
        id: UserId::try_from(id).map_err(decode)?,
        nick: nick_or_stone(nick)?,
        user_version: version as u64,
    })
}

/// A stored nick, or what stands for that of somebody who was erased.
pub(super) fn nick_or_stone(nick: Option<String>) -> Result<Nick, sqlx::Error> {
    nick.as_deref().unwrap_or(ERASED).try_into().map_err(decode)
}

pub(super) fn decode(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}
