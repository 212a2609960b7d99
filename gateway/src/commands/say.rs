use std::time::Instant;

use api::{
    EntryKind, ErrorCode, Problem, Timestamp,
    auth::ServiceName,
    messages::{SendItem, SendTo},
    text::MessageText,
};
use kit::trace::{self, TraceContext};

use crate::{
    command::{About, Along, Refusal},
    hub::{Addressee, SEND_WITHIN, Sent},
    reply::Reply,
    session::{Session, Target, channel_name, no_target},
};

/// Where a message goes, looked up.
pub(crate) struct Addressed {
    pub(crate) to: SendTo,
    /// The version of the channel that this gateway has seen.
    pub(crate) seen: Option<u64>,
    pub(crate) about: Box<About>,
}

/// Says something; what it is addressed to is looked up first.
pub(super) async fn say(
    session: &mut Session,
    to: Option<String>,
    kind: EntryKind,
    text: String,
    with: Along,
    reply: Reply,
) {
    match address(session, to.as_deref()).await {
        Ok(target) => send(session, target, kind, text, with, reply),
        Err(refusal) => reply.give(&Err(refusal)),
    }
}

/// Where a message goes, if that is known without asking anybody.
pub(crate) fn known_target(session: &Session, to: Option<&str>) -> Option<Addressed> {
    if !session.is_somebody() {
        return None;
    }
    match (to, &session.target) {
        (Some(name), _) if name.starts_with('#') => {
            let membership = session.client.membership(&channel_name(name).ok()?)?;
            Some(to_channel(membership.id.clone(), membership.name.as_str(), Some(membership.seen())))
        }
        (Some(nick), _) => Some(to_person(session.gateway.hub.person(&nick.try_into().ok()?)?)),
        (None, Some(Target::Channel(id, _))) => {
            let membership = session.client.membership_of(id)?;
            Some(to_channel(membership.id.clone(), membership.name.as_str(), Some(membership.seen())))
        }
        (None, Some(Target::Person(person))) => Some(to_person(person.clone())),
        (None, None) => None,
    }
}

pub(super) async fn address(session: &Session, to: Option<&str>) -> Result<Addressed, Refusal> {
    if let Some(known) = known_target(session, to) {
        return Ok(known);
    }
    let current = session.target_name();
    let name = to.or(current.as_deref()).ok_or_else(no_target)?;
    if name.starts_with('#') {
        let channel = session.channel(name).await?;
        return Ok(to_channel(channel.id, channel.name.as_str(), channel.seen.map(|seen| seen.version)));
    }
    Ok(to_person(session.person(name).await?))
}

fn to_channel(id: api::id::ChannelId, name: &str, seen: Option<u64>) -> Addressed {
    let about = Box::new(About { channel: Some(name.to_owned()), ..About::default() });
    Addressed { to: SendTo::Channel(id), seen, about }
}

fn to_person(person: api::Person) -> Addressed {
    let about = Box::new(About { nick: Some(person.nick.to_string()), ..About::default() });
    Addressed { to: SendTo::User(person), seen: None, about }
}

/// Puts a message on its way; its reply will be given in its place.
pub(crate) fn send(
    session: &mut Session,
    target: Addressed,
    kind: EntryKind,
    text: String,
    with: Along,
    reply: Reply,
) {
    let to = target.about.channel.as_ref().or(target.about.nick.as_ref());
    if !reply.dialect().fits(&session.client, kind, to.map_or("", |to| to), &text, &with.splits) {
        return reply.give(&Err(Refusal::new(ErrorCode::LineTooLong)));
    }
    match MessageText::try_from(text) {
        Ok(text) => put(session, target, Content { kind, text: text.into(), of: None, with }, reply),
        Err(error) => reply.give(&Err(Refusal::from(error.problem("/text")))),
    }
}

pub(super) struct Content {
    pub(super) kind: EntryKind,
    pub(super) text: String,
    pub(super) of: Option<u64>,
    pub(super) with: Along,
}

pub(super) fn put(session: &mut Session, target: Addressed, content: Content, reply: Reply) {
    let actor = match session.admit_change().and_then(|()| session.actor()) {
        Ok(actor) => actor,
        Err(refusal) => return reply.give(&Err(refusal)),
    };
    let Addressed { to, seen, about } = target;
    let Some(place) = session.gateway.sends.place() else {
        session.turned_away = true;
        let refusal = Refusal { problem: Box::new(Problem::new(ErrorCode::Overloaded)), about };
        return reply.give(&Err(refusal.of(ServiceName::Messages)));
    };
    let Content { kind, text, of, with: Along { key, tags, splits } } = content;
    let own_key = key.is_some();
    let addressee = Addressee::from(&to);
    session.client.send_begins(addressee.clone());
    session.gateway.hub.send_begins();
    let trace = trace::current().unwrap_or_else(TraceContext::random);
    let item = SendItem {
        actor: (*actor).clone(),
        to,
        channel_version: seen,
        kind,
        text,
        reply_to: None,
        of,
        tags,
        splits,
        key: key.unwrap_or_else(new_key),
        trace: Some(trace.to_string()),
    };
    let sent = Sent {
        to: addressee,
        client: session.client.clone(),
        reply: Some(reply),
        about,
        own_key,
        deadline: Instant::now() + SEND_WITHIN,
        _place: Some(place),
    };
    if let Some(refused) = session.gateway.sends.put(item, sent) {
        session.gateway.hub.sent(vec![refused]);
    }
}

/// Begins with the time: an index of keys grows at its end.
fn new_key() -> String {
    format!("{:012x}{:016x}", Timestamp::now().as_micros() / 1000, rand::random::<u64>())
}
