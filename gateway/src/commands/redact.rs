use api::{EntryKind, ErrorCode, auth::ServiceName, id::MessageId, messages::SendTo};
use client::messages::From;

use super::say::{self, Addressed, Content};
use crate::{
    command::{Along, Asked, Refusal},
    reply::Reply,
    session::Session,
};

/// A message as it is named: by its number in the conversation, or by an id, which must be one of that conversation.
pub(crate) enum Named {
    Seq(u64),
    Id(String),
}

/// Takes a message's text away: an entry like others, which follows them in their order.
pub(super) async fn redact(
    session: &mut Session,
    target: &str,
    named: Named,
    reason: Option<String>,
    reply: Reply,
) {
    match find(session, target, &named).await {
        Ok((mut addressed, seq)) => {
            addressed.about.seq = Some(seq);
            if let Named::Id(id) = named {
                addressed.about.what = Some(id);
            }
            let text = reason.unwrap_or_default();
            let content = Content { kind: EntryKind::Redaction, text, of: Some(seq), with: Along::default() };
            say::put(session, addressed, content, reply);
        }
        Err(refusal) => {
            let refusal = match named {
                Named::Id(id) => refusal.what(id),
                Named::Seq(_) => refusal,
            };
            reply.give(&Err(refusal));
        }
    }
}

async fn find(session: &Session, target: &str, named: &Named) -> Result<(Addressed, u64), Refusal> {
    let addressed = say::address(session, Some(target)).await;
    match named {
        Named::Seq(seq) => match addressed {
            Ok(addressed) => Ok((addressed, *seq)),
            // As over REST, which has no channel in the path: a message of a channel that is not there is not there.
            Err(refusal) if refusal.code() == ErrorCode::NoSuchChannel => {
                Err(Refusal::new(ErrorCode::NoSuchMessage).channel(target).seq(*seq))
            }
            Err(refusal) => Err(refusal),
        },
        Named::Id(id) => {
            let addressed = addressed?;
            let unknown = || Refusal::new(ErrorCode::NoSuchMessage).channel(target);
            let id = id.parse::<MessageId>().map_err(|_| unknown())?;
            if is_of(session, &addressed.to, &id).await? { Ok((addressed, id.seq)) } else { Err(unknown()) }
        }
    }
}

/// Whether an id is one of a conversation.
pub(super) async fn is_of(session: &Session, to: &SendTo, id: &MessageId) -> Result<bool, Refusal> {
    match to {
        SendTo::Channel(channel) => Ok(id.conversation.as_channel() == *channel),
        SendTo::User(person) => {
            let actor = session.actor()?;
            let from = From::After(id.seq.saturating_sub(1).into());
            let page = session.gateway.messages.direct_history(&actor, &person.id, from, 1).await;
            Ok(page.of(ServiceName::Messages)?.items.first().is_some_and(|entry| entry.id == *id))
        }
    }
}
