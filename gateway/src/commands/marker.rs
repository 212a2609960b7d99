//! `MARKREAD` (<https://ircv3.net/specs/extensions/read-marker>).

use api::{
    ErrorCode, Timestamp,
    auth::ServiceName,
    id::{ChannelId, UserId},
    messages::ReadMarker,
};

use crate::{
    command::{Answer, Asked, Outcome, Refusal},
    dialect::irc::Told,
    session::Session,
};

enum Place {
    Channel(ChannelId),
    Person(UserId),
}

/// How far somebody has read; with a moment, they have read up to it.
pub(super) async fn marker(session: &Session, target: String, until: Option<Timestamp>) -> Answer {
    let found = match place(session, &target).await {
        Ok((place, name)) => mark(session, &place, until).await.map(|marker| (name, marker)),
        Err(refusal) => Err(refusal),
    };
    match found {
        Ok((target, marker)) => {
            if until.is_some() {
                session.gateway.hub.has_read(session.client.id, &target, marker.at);
            }
            Ok(Outcome::Irc(Told::Marker { target, at: marker.at }))
        }
        // Nothing was ever read of what is not there.
        Err(refusal) if until.is_none() && refusal.problem.status < 500 => {
            Ok(Outcome::Irc(Told::Marker { target, at: None }))
        }
        Err(refusal) => Err(refusal.what(target)),
    }
}

async fn place(session: &Session, target: &str) -> Result<(Place, String), Refusal> {
    if target.starts_with('#') {
        let channel = session.channel(target).await?;
        return Ok((Place::Channel(channel.id), channel.name.to_string()));
    }
    if target.is_empty() {
        return Err(Refusal::new(ErrorCode::NoSuchNick));
    }
    let person = session.person(target).await?;
    Ok((Place::Person(person.id), person.nick.to_string()))
}

async fn mark(session: &Session, place: &Place, until: Option<Timestamp>) -> Result<ReadMarker, Refusal> {
    let actor = session.actor()?;
    let messages = &session.gateway.messages;
    let answer = match (place, until) {
        (Place::Channel(id), None) => messages.channel_marker(&actor, id).await,
        (Place::Channel(id), Some(at)) => messages.channel_read_until(&actor, id, at).await,
        (Place::Person(id), None) => messages.direct_marker(&actor, id).await,
        (Place::Person(id), Some(at)) => messages.direct_read_until(&actor, id, at).await,
    };
    answer.of(ServiceName::Messages)
}
