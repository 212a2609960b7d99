//! What is passed on to those who are there and not kept: tags alone, and texts to those who have a role. Reactions are kept, and tags that ask for it.

use api::{
    EntryKind,
    auth::ServiceName,
    emoji::is_emoji,
    id::MessageId,
    messages::{MAX_REACTION_BYTES, Passing, SendSignal, SendTo},
    mode::Role,
    tags::Tags,
};

use super::{
    redact,
    say::{self, Addressed, Content},
};
use crate::{
    command::{Along, Answer, Asked, Outcome, Refusal},
    dialect::irc::Told,
    reply::Reply,
    session::Session,
};

/// Tags of reactions (<https://ircv3.net/specs/client-tags/react>), and what names the message (<https://ircv3.net/specs/client-tags/reply>).
const REACTIONS: [(&str, EntryKind); 2] =
    [("+draft/react", EntryKind::Reaction), ("+draft/unreact", EntryKind::Unreaction)];
const REPLIES: [&str; 2] = ["+draft/reply", "+reply"];

/// Asks for the tags to be kept (Ergo's).
const KEPT: &str = "+draft/persist";

/// Tags without a text. A reaction to a message of that conversation is an entry like others, and so are tags that are to be kept.
pub(super) async fn tags(session: &mut Session, target: &str, role: Option<Role>, tags: Tags, reply: Reply) {
    let found = match say::address(session, Some(target)).await {
        // What is kept is for everybody.
        Ok(addressed) if role.is_some() => Ok(addressed),
        Ok(addressed) => match reaction(session, &addressed, &tags).await {
            Ok(Some((kind, seq, emoji))) => {
                let content = Content { kind, text: emoji, of: Some(seq), with: Along::default() };
                return say::put(session, addressed, content, reply);
            }
            Ok(None) if tags.get(KEPT).is_some() => {
                let content = Content {
                    kind: EntryKind::Tags,
                    text: String::new(),
                    of: None,
                    with: Along { tags, ..Along::default() },
                };
                return say::put(session, addressed, content, reply);
            }
            Ok(None) => Ok(addressed),
            Err(refusal) => Err(refusal),
        },
        Err(refusal) => Err(refusal),
    };
    let answer = match found {
        Ok(addressed) => {
            let signal = SendSignal { tags, to_role: role, ..SendSignal::default() };
            pass(session, addressed, signal).await
        }
        Err(refusal) => Err(refusal),
    };
    reply.give(&answer);
}

async fn reaction(
    session: &Session,
    addressed: &Addressed,
    tags: &Tags,
) -> Result<Option<(EntryKind, u64, String)>, Refusal> {
    // What is no emoji is for clients alone.
    let is_one = |text: &&str| text.len() <= MAX_REACTION_BYTES && is_emoji(text);
    let reaction = REACTIONS.iter().find_map(|(key, kind)| Some((*kind, tags.get(key).filter(is_one)?)));
    let id = REPLIES.iter().find_map(|key| tags.get(key)?.parse::<MessageId>().ok());
    let Some(((kind, emoji), id)) = reaction.zip(id) else { return Ok(None) };
    let is_here = redact::is_of(session, &addressed.to, &id).await?;
    Ok(is_here.then(|| (kind, id.seq, emoji.to_owned())))
}

/// A text to those of a channel who have a role.
pub(super) async fn to_role(
    session: &mut Session,
    channel: &str,
    role: Role,
    (kind, text): (EntryKind, String),
    tags: Tags,
) -> Answer {
    let addressed = say::address(session, Some(channel)).await?;
    let signal = SendSignal { tags, text: Some(text), kind: Some(kind), to_role: Some(role) };
    pass(session, addressed, signal).await
}

async fn pass(session: &Session, addressed: Addressed, signal: SendSignal) -> Answer {
    session.admit_change()?;
    let actor = session.actor()?;
    let Addressed { to, about, .. } = addressed;
    let messages = &session.gateway.messages;
    let answer = match &to {
        SendTo::Channel(id) => messages.signal_channel(&actor, id, &signal).await,
        SendTo::User(person) => messages.signal_person(&actor, &person.id, &signal).await,
    };
    let passing: Passing =
        answer.of(ServiceName::Messages).map_err(|refusal| Refusal { about, ..refusal })?;
    session.gateway.hub.passing(vec![passing.clone()]);
    Ok(Outcome::Irc(Told::Passed(Box::new(passing))))
}
