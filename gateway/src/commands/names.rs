use std::collections::HashSet;

use api::{
    auth::{Actor, ServiceName},
    channels::Member,
    id::UserId,
};

use crate::{
    command::{Answer, Asked, Named, Outcome, Refusal},
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
        let hidden = invisible(session, &actor, &page.items).await?;
        let shown = page.items.into_iter().filter(|member| !hidden.contains(&member.person.id));
        members.extend(shown.map(Named::from));
        cursor = page.next;
        if cursor.is_none() {
            return Ok(Outcome::Names { channel: channel.name, members, secret });
        }
    }
}

/// Members who do not want to be found by strangers, as whoever asks from outside is.
async fn invisible(session: &Session, actor: &Actor, members: &[Member]) -> Result<HashSet<UserId>, Refusal> {
    if actor.is_operator() || members.is_empty() {
        return Ok(HashSet::new());
    }
    let ids = members.iter().map(|member| member.person.id.clone()).collect();
    let users = session.gateway.users.lookup(ids).await.of(ServiceName::Users)?;
    Ok(users.into_iter().filter(|user| user.modes.invisible).map(|user| user.person.id).collect())
}
