use api::{auth::ServiceName, page::DEFAULT_LIMIT};
use client::messages::From;

use crate::{
    command::{Answer, Asked, Outcome, Page, Refusal},
    session::{Session, Target, no_target},
};

pub(super) async fn history(session: &mut Session, target: Option<String>, page: Page) -> Answer {
    let actor = session.actor()?;
    let name = target.as_deref().or(session.target.as_ref().map(Target::name)).ok_or_else(no_target)?;
    let (from, limit) = match page {
        Page::Latest(count) => (From::Latest, count),
        Page::After(seq) => (From::After(seq), DEFAULT_LIMIT),
        Page::Before(seq) => (From::Before(seq), DEFAULT_LIMIT),
    };
    let messages = &session.gateway.messages;
    let (name, history) = if name.starts_with('#') {
        let channel = session.channel(name).await?;
        let history = messages.channel_history(&actor, &channel.id, from, limit).await;
        let about = |refusal: Refusal| refusal.channel(channel.name.as_str());
        (channel.name.to_string(), history.of(ServiceName::Messages).map_err(about)?)
    } else {
        // The current target stays the person it was set to, whatever they are called now.
        let person = match &session.target {
            Some(Target::Person(person)) if target.is_none() => person.clone(),
            _ => session.person(name).await?,
        };
        let history = messages.direct_history(&actor, &person.id, from, limit).await;
        let about = |refusal: Refusal| refusal.nick(person.nick.as_str());
        (person.nick.to_string(), history.of(ServiceName::Messages).map_err(about)?)
    };
    let entries = history.items.into_iter().filter(|entry| entry.kind.is_spoken()).collect();
    Ok(Outcome::History { target: name, entries })
}
