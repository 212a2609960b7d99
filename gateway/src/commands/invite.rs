use api::auth::ServiceName;

use crate::{
    command::{Answer, Asked, Outcome},
    dialect::irc::Told,
    session::Session,
};

pub(super) async fn invite(session: &mut Session, channel: &str, nick: &str) -> Answer {
    let channel = session.channel(channel).await?;
    let person = session.person(nick).await?;
    let actor = session.actor()?;
    let changed = session.gateway.channels.invite(&actor, &channel.id, &person.id).await;
    let changed = changed
        .of(ServiceName::Channels)
        .map_err(|refusal| refusal.channel(channel.name.as_str()).nick(person.nick.as_str()))?;
    // Whoever is in needs no invitation: nothing has changed then.
    let roles = session.gateway.hub.roles(&channel.id, &person.id);
    let inside = changed.event.is_none() && roles.is_some();
    let nick = session.gateway.hub.changed_about(session.client.id, changed, &person);
    Ok(Outcome::Invited { channel: channel.name, nick, inside })
}

/// Where one is invited to.
pub(super) async fn invitations(session: &Session) -> Answer {
    let actor = session.actor()?;
    let page = session.gateway.channels.invitations(&actor).await.of(ServiceName::Channels)?;
    let names = page.items.into_iter().map(|invited| invited.name).collect();
    Ok(Outcome::Irc(Told::Invitations(names)))
}
