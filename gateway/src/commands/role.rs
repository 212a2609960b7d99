use api::{auth::ServiceName, channels::SetRole, event::ChannelChange, mode::Role};

use crate::{
    command::{Answer, Asked, Outcome},
    session::Session,
};

/// Gives or takes a role; the answer shows the highest that is left.
pub(super) async fn role(session: &mut Session, channel: &str, nick: &str, role: Role, set: bool) -> Answer {
    let channel = session.channel(channel).await?;
    let person = session.person(nick).await?;
    let actor = session.actor()?;
    let changed =
        session.gateway.channels.set_role(&actor, &channel.id, &person.id, &SetRole { role, set }).await;
    let changed = changed
        .of(ServiceName::Channels)
        .map_err(|refusal| refusal.channel(channel.name.as_str()).nick(person.nick.as_str()))?;
    let told = changed.event.as_ref().and_then(|event| match &event.change {
        ChannelChange::Roles { roles, .. } => Some(*roles),
        _ => None,
    });
    let nick = session.gateway.hub.changed_about(session.client.id, changed, &person);
    // Without an event nothing changed: the roles are what the replica holds.
    let roles = told.or_else(|| session.gateway.hub.roles(&channel.id, &person.id));
    let role = match roles {
        Some(roles) => roles.highest(),
        None => set.then_some(role),
    };
    Ok(Outcome::Role { channel: channel.name, nick, role })
}
