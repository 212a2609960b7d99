//! Somebody comes back whose account was in its channels meanwhile: they are shown those, and what they have missed.

use std::time::Duration;

use api::{
    Timestamp,
    auth::{Actor, ServiceName},
    channels::{Changed, Membership},
    id::{ChannelId, UserId},
    messages::Point,
    page::MAX_LIMIT,
};
use client::messages::From;
use futures_util::future::join_all;
use tokio::sync::oneshot;

use super::{
    history::{Search, Way},
    join, resume,
};
use crate::{
    command::{Asked, Refusal},
    event::Event,
    hub::{Attach, Told},
    session::{Returning, Session},
};

/// Lines that are shown of what was missed in one place: a screen or two. There is more in its history.
const LINES: u32 = 100;
/// People whose messages are shown: those who wrote last.
const PEOPLE: usize = 100;
/// Bytes of missed lines that may wait while more is asked for.
const UNREAD: usize = 64 * 1024;
/// Clocks may be behind by so long: conversations that went on just now are looked at, too.
const SKEW: Duration = Duration::from_secs(60);

/// After the reply by which they came in.
pub(super) async fn come_back(session: &mut Session) {
    let Some(returning) = session.returning.take() else { return };
    let Ok(actor) = session.actor() else { return };
    if let Err(refusal) = channels(session, &actor, &returning).await {
        tracing::warn!(code = %refusal.code(), "could not show somebody the channels that they are in");
    }
    if let Err(refusal) = people(session, &actor, &returning).await {
        tracing::warn!(code = %refusal.code(), "could not show somebody what others have written to them");
    }
}

async fn channels(session: &Session, actor: &Actor, returning: &Returning) -> Result<(), Refusal> {
    let mut inside = session.gateway.channels.of(actor.id()).await.of(ServiceName::Channels)?;
    inside.retain(|membership| session.client.membership(&membership.name).is_none());
    let joined = join_all(inside.iter().map(|membership| join::ask(session, membership.name.as_str(), None)));
    for (Membership { name, .. }, joined) in inside.iter().zip(joined.await) {
        match joined {
            Ok(changed) => show(session, changed, returning).await,
            // They have been put out of it since.
            Err(refusal) => {
                tracing::debug!(channel = %name, code = %refusal.code(), "somebody is not in it any more");
            }
        }
        session.client.queue.room_for_replies(usize::MAX, UNREAD).await;
    }
    Ok(())
}

async fn show(session: &Session, changed: Changed, returning: &Returning) {
    let id = changed.channel.id.clone();
    let Session { gateway, client, .. } = session;
    let missed = returning.missed_since.filter(|_| client.queue.dialect().shows_missed());
    let found = join::find(session, &changed.channel, missed.is_none()).await;
    let attach = if missed.is_some() { Attach::Resume(0) } else { Attach::Live };
    let (attached, is_attached) = oneshot::channel();
    gateway.hub.joined(client.id, changed, attach, Told::Back(Box::new(found), attached));
    let (Ok(()), Some(since)) = (is_attached.await, missed) else { return };
    let until = gateway.hub.channel_seq(&id).unwrap_or(0);
    let lines = match session.actor() {
        Ok(actor) => look_back(session, &actor, Missed::In(&id), Point::End, since).await,
        Err(refusal) => Err(refusal),
    };
    // Whatever comes of it, what is new is shown from now on.
    let shown = match lines {
        Ok(last) => resume::go_on(gateway, client, &id, last.max(until), until).await.map(drop),
        Err(refusal) => {
            let _ = gateway.hub.resume_channel(client.id, &id, u64::MAX);
            Err(refusal)
        }
    };
    if let Err(refusal) = shown {
        tracing::warn!(code = %refusal.code(), "could not show somebody what they have missed in a channel");
    }
}

/// What was written to them alone.
async fn people(session: &Session, actor: &Actor, returning: &Returning) -> Result<(), Refusal> {
    let Some(since) = returning.missed_since else { return Ok(()) };
    if !session.client.queue.dialect().shows_missed() {
        return Ok(());
    }
    let now = Timestamp::now().plus(SKEW);
    let found = session.gateway.messages.conversations_between(actor, since, now, MAX_LIMIT).await;
    let found = found.of(ServiceName::Messages)?.items;
    let people: Vec<UserId> = found.into_iter().filter_map(|conversation| conversation.user).collect();
    // The earliest come first.
    for other in people.iter().skip(people.len().saturating_sub(PEOPLE)) {
        look_back(session, actor, Missed::From(other), Point::At(returning.at), since).await?;
        session.client.queue.room_for_replies(usize::MAX, UNREAD).await;
    }
    Ok(())
}

/// Where something was missed.
enum Missed<'a> {
    In(&'a ChannelId),
    From(&'a UserId),
}

/// Shows the latest of what was missed in one place, but for what was taken away since; gives the seq that it ends with.
async fn look_back(
    session: &Session,
    actor: &Actor,
    place: Missed<'_>,
    until: Point,
    since: Timestamp,
) -> Result<u64, Refusal> {
    let Session { gateway, client, .. } = session;
    let mut search = Search::new(From::Between(until, Point::At(since)), LINES, Way::Down);
    while let Some((from, limit)) = search.next() {
        let page = match place {
            Missed::In(channel) => gateway.messages.channel_history(actor, channel, from, limit).await,
            Missed::From(other) => gateway.messages.direct_history(actor, other, from, limit).await,
        };
        search.take(page.of(ServiceName::Messages)?);
    }
    let mut entries = search.entries();
    let last = entries.last().map_or(0, |entry| entry.seq);
    let dialect = client.queue.dialect();
    entries.retain(|entry| !entry.redacted && (entry.author.id != *actor.id() || dialect.shows_own()));
    let mut lines = Vec::new();
    for (entry, author) in gateway.hub.with_authors(entries) {
        let event = Event::Entry { entry: &entry, author: author.who() };
        dialect.event(&event, entry.at, &mut lines);
    }
    client.queue.partial(lines.into());
    Ok(last)
}
