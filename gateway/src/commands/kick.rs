use api::auth::ServiceName;

use crate::{
    command::{Answer, Asked, Outcome},
    session::{Session, optional_line_text},
};

pub(super) async fn kick(session: &mut Session, channel: &str, nick: &str, reason: Option<String>) -> Answer {
    let channel = session.channel(channel).await?;
    let person = session.person(nick).await?;
    let reason = optional_line_text(reason, "reason")?;
    let actor = session.actor()?;
    let reason = reason.as_ref().map(AsRef::as_ref);
    let changed = session.gateway.channels.kick(&actor, &channel.id, &person.id, reason).await;
    let changed = changed
        .of(ServiceName::Channels)
        .map_err(|refusal| refusal.channel(channel.name.as_str()).nick(person.nick.as_str()))?;
    let nick = session.gateway.hub.changed_about(session.client.id, changed, &person);
    Ok(Outcome::Kicked { channel: channel.name, nick })
}
