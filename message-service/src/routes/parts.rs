//! What handlers have in common: reading what stands in paths and headers, and asking who may see what.

use std::{sync::Arc, time::Instant};

use api::{
    ChannelName, ErrorCode, Nick, Person, Problem,
    auth::{Actor, ORIGIN, ServiceName},
    id::{ChannelId, UserId},
};
use client::Caller as Asker;
use http::HeaderMap;
use kit::{Caller, Failure};

use crate::{
    app::App,
    channels::Question,
    domain::{
        act::{Grant, Key, Verdict, What},
        policy::{Deed, Standing},
    },
    store::Place,
};

/// The header of an idempotency key, and that which marks the answer to a repeat.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
pub(super) const REPLAYED: &str = "idempotent-replayed";

/// The gateway that asks: the bus need not bring it back what comes of this.
pub(super) fn origin(caller: &Caller, headers: &HeaderMap) -> Option<Arc<str>> {
    let gateway = caller.service == Some(ServiceName::Gateway);
    let id = headers.get(ORIGIN).filter(|_| gateway)?.to_str().ok()?;
    Some(id).filter(|id| !id.is_empty()).map(Arc::from)
}

/// The key that came with a request, quoted or bare.
pub(super) fn key(headers: &HeaderMap, what: &What) -> Result<Option<Key>, Problem> {
    let Some(header) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let text = header.to_str().unwrap_or_default().trim();
    let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    Key::new(bare, what).map(Some)
}

/// The channel that a path names.
pub(super) async fn channel(app: &App, segment: &str) -> Result<ChannelId, Problem> {
    if segment.starts_with(|c: char| c.is_ascii_digit()) {
        return segment.parse().map_err(|_| no_such_channel());
    }
    let name = ChannelName::from_path(segment).map_err(|error| {
        Problem::new(ErrorCode::InvalidChannelName)
            .detail(format!("#{segment} is no channel's name: {error}"))
    })?;
    app.channels.named(&name).await.map_err(|problem| match problem.code {
        ErrorCode::NoSuchChannel => no_such_channel(),
        _ => problem,
    })
}

/// The same words whether there is none or it is hidden.
fn no_such_channel() -> Problem {
    Problem::new(ErrorCode::NoSuchChannel)
        .detail("there is no such channel; a path leaves out a name's first # and writes others as %23")
}

/// The person that a path names, as user-service knows them.
pub(super) async fn person(app: &App, actor: &Actor, segment: &str) -> Result<Person, Problem> {
    if segment == "me" {
        return Ok(actor.person.clone());
    }
    let found = match UserId::try_from(segment) {
        Ok(id) if id == *actor.id() => return Ok(actor.person.clone()),
        Ok(id) => app.users.user(Asker::Service, &id).await,
        Err(_) => {
            let nick = Nick::try_from(segment).map_err(|_| no_such_nick(segment))?;
            app.users.by_nick(Asker::Service, &nick).await
        }
    };
    Ok(found.map_err(client::Error::problem)?.person)
}

/// As [`person`], for what needs no more than the id: those who are not there any more have left their conversations.
pub(super) async fn user(app: &App, actor: &Actor, segment: &str) -> Result<UserId, Problem> {
    match UserId::try_from(segment) {
        Ok(id) => Ok(id),
        Err(_) => Ok(person(app, actor, segment).await?.id),
    }
}

fn no_such_nick(segment: &str) -> Problem {
    Problem::new(ErrorCode::NoSuchNick).detail(format!("there is nobody called {segment}"))
}

/// What a channel lets a person do, as of now.
pub(super) async fn grant(
    app: &App,
    actor: &Actor,
    channel: &ChannelId,
    came: Instant,
    deed: Deed,
) -> Result<Grant, Problem> {
    let question = Question { channel, version: 0, came };
    let rule = |replica: &client::replica::ChannelReplica, standing: Standing<'_>| {
        standing.may(deed).map(|()| granted(replica, &standing))
    };
    app.channels.decide(question, actor, rule).await.map_err(|problem| match problem.code {
        ErrorCode::NoSuchChannel => no_such_channel(),
        _ => problem,
    })
}

pub(super) fn granted(replica: &client::replica::ChannelReplica, standing: &Standing<'_>) -> Grant {
    Grant::Channel {
        name: replica.channel.name.clone(),
        version: replica.version(),
        floor: replica.channel.floor,
        op: standing.is_op(),
        slow_seconds: standing.slow_seconds(),
    }
}

/// Whether somebody may do this to a person.
pub(super) async fn direct(app: &App, actor: &Actor, to: &Person, what: &What) -> Result<Grant, Problem> {
    app.strangers.decide(actor, to, Some(what)).await.map(|()| Grant::Direct)
}

pub(super) fn verdict(granted: Result<Grant, Problem>) -> Verdict {
    match granted {
        Ok(grant) => Verdict::Allowed(grant),
        Err(problem) => Verdict::Refused(problem),
    }
}

/// Which part of a conversation a person may read: what lies above the floor.
pub(super) async fn readable(app: &App, actor: &Actor, channel: &ChannelId) -> Result<u64, Problem> {
    match grant(app, actor, channel, Instant::now(), Deed::Read).await? {
        Grant::Channel { floor, .. } => Ok(floor),
        Grant::Direct => Ok(0),
    }
}

/// The conversation of a message and the floor in it. What one may not know of does not exist.
pub(super) async fn of_message(
    app: &App,
    actor: &Actor,
    id: &api::id::MessageId,
) -> Result<(Place, u64), Failure> {
    let Some(place) = app.store.conversation(&id.conversation).await? else {
        return Err(no_such_message(id));
    };
    if place.parties.is_some() {
        return if place.is_of(actor.id()) { Ok((place, 0)) } else { Err(no_such_message(id)) };
    }
    match readable(app, actor, &place.id.as_channel()).await {
        Ok(floor) => Ok((place, floor)),
        Err(problem) => Err(unknown(problem, id).into()),
    }
}

/// To whom the channel does not exist, neither do its messages.
pub(super) fn unknown(problem: Problem, id: &api::id::MessageId) -> Problem {
    match problem.code {
        ErrorCode::NoSuchChannel => no_such_message(id).into_problem(),
        _ => problem,
    }
}

pub(super) fn no_such_message(id: &api::id::MessageId) -> Failure {
    Failure::new(ErrorCode::NoSuchMessage).detail(format!("there is no message {id}"))
}

/// A message's id as a path names it.
pub(super) fn message_id(segment: &str) -> Result<api::id::MessageId, Failure> {
    segment
        .parse()
        .map_err(|_| Failure::new(ErrorCode::NoSuchMessage).detail(format!("{segment} is no message's id")))
}
