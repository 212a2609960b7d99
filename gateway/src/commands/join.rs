use api::{
    ErrorCode,
    channels::{Changed, Channel, JoinItem},
};
use client::messages::From;

use super::{
    history::{Search, Way},
    metadata,
};
use crate::{
    command::{Found, Refusal},
    hub::{Attach, Told},
    reply::Reply,
    session::{Session, Target, channel_name},
};

/// Joins; the hub answers when it can show the channel.
pub(super) async fn join(session: &mut Session, channel: &str, key: Option<String>, reply: Reply) {
    match ask(session, channel, key).await {
        Ok(changed) => {
            session.target = Some(Target::Channel(changed.channel.id.clone(), changed.channel.name.clone()));
            let found = find(session, &changed.channel, true).await;
            let told = Told::Client(reply, Box::new(found));
            session.gateway.hub.joined(session.client.id, changed, Attach::Live, told);
        }
        Err(refusal) => reply.give(&Err(refusal)),
    }
}

/// What is shown of a channel beside those who are in it. Without it the join is none the less.
pub(super) async fn find(session: &Session, channel: &Channel, with_lines: bool) -> Found {
    let dialect = session.client.queue.dialect();
    let mut found = Found::default();
    let Ok(actor) = session.actor() else { return found };
    let messages = &session.gateway.messages;
    found.metadata = metadata::on_join(session, channel).await;
    if dialect.shows_markers() {
        found.marker = messages.channel_marker(&actor, &channel.id).await.unwrap_or_default();
    }
    let most = channel.history.lines_on_join;
    if with_lines && most > 0 && dialect.shows_lines_on_join() {
        let mut search = Search::new(From::Latest, most, Way::Down);
        while let Some((from, limit)) = search.next() {
            match messages.channel_history(&actor, &channel.id, from, limit).await {
                Ok(page) => search.take(page),
                Err(_) => break,
            }
        }
        found.lines = session.gateway.hub.with_authors(search.entries());
    }
    found
}

/// The join itself, before anything is shown of the channel.
pub(super) async fn ask(session: &Session, channel: &str, key: Option<String>) -> Result<Changed, Refusal> {
    session.admit_change()?;
    let name = channel_name(channel)?;
    let most = session.gateway.config.limits.channels;
    if session.client.channel_count() >= most && session.client.membership(&name).is_none() {
        let refusal = Refusal::new(ErrorCode::TooManyChannels).channel(name.as_str());
        return Err(refusal.detail(format!("you are in {most} channels already")));
    }
    let actor = session.actor()?;
    let item = JoinItem { actor: (*actor).clone(), name: name.clone(), key };
    session.gateway.joins.put(item).await.map_err(|refusal| refusal.channel(name.as_str()))
}
