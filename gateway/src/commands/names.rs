use api::auth::ServiceName;

use crate::{
    command::{Answer, Asked, Named, Outcome},
    session::Session,
};

/// The members as shown here, or as their owner lists them.
pub(super) async fn names(session: &mut Session, channel: Option<String>) -> Answer {
    let channel = session.channel_or_current(channel.as_deref()).await?;
    if channel.seen.is_none()
        && let Some((members, secret)) = session.gateway.hub.members(session.client.id, &channel.id)
    {
        return Ok(Outcome::Names { channel: channel.name, members, secret });
    }
    let secret = channel.seen.as_ref().is_some_and(|seen| seen.modes.secret);
    let actor = session.actor()?;
    let mut members = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = session.gateway.channels.members(&actor, &channel.id, cursor.as_deref()).await;
        let page =
            page.of(ServiceName::Channels).map_err(|refusal| refusal.channel(channel.name.as_str()))?;
        members.extend(page.items.into_iter().map(Named::from));
        cursor = page.next;
        if cursor.is_none() {
            return Ok(Outcome::Names { channel: channel.name, members, secret });
        }
    }
}
