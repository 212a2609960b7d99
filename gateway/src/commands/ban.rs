use api::{
    ErrorCode,
    auth::ServiceName,
    channels::{ListKind, NewListEntry},
    mask::{Mask, MaskError},
};

use crate::{
    command::{Answer, Asked, Outcome, Refusal},
    session::Session,
};

/// Keeps whom a mask matches out, or, in the other lists, lets them in.
pub(super) async fn ban(session: &mut Session, channel: &str, list: ListKind, mask: &str) -> Answer {
    let (channel, mask) = (session.channel(channel).await?, parse(channel, list, mask)?);
    let actor = session.actor()?;
    let entry = NewListEntry { mask: mask.to_string(), reason: None, expires_at: None };
    let listed = session.gateway.channels.add_list_entry(&actor, &channel.id, list, &entry).await;
    let listed = listed
        .of(ServiceName::Channels)
        .map_err(|refusal| refusal.channel(channel.name.as_str()).what(mask.as_str()))?;
    session.gateway.hub.changed(session.client.id, listed.changed);
    Ok(Outcome::Banned { channel: channel.name, mask: mask.to_string() })
}

/// Takes a mask from a list.
pub(super) async fn unban(session: &mut Session, channel: &str, list: ListKind, mask: &str) -> Answer {
    let (channel, mask) = (session.channel(channel).await?, parse(channel, list, mask)?);
    let actor = session.actor()?;
    let channels = &session.gateway.channels;
    let about = |refusal: Refusal| refusal.channel(channel.name.as_str()).what(mask.as_str());
    let bans =
        channels.list_entries(&actor, &channel.id, list).await.of(ServiceName::Channels).map_err(about)?;
    let found = bans.items.iter().find(|entry| entry.mask.key() == mask.key());
    let entry = found.ok_or_else(|| about(Refusal::new(ErrorCode::NoSuchBan)))?;
    let changed = channels.remove_list_entry(&actor, &channel.id, list, &entry.id).await;
    let changed = changed.of(ServiceName::Channels).map_err(about)?;
    session.gateway.hub.changed(session.client.id, changed);
    Ok(Outcome::Unbanned { channel: channel.name, mask: mask.to_string() })
}

pub(super) async fn bans(session: &mut Session, channel: &str, list: ListKind) -> Answer {
    let channel = session.channel(channel).await?;
    let actor = session.actor()?;
    let bans = session.gateway.channels.list_entries(&actor, &channel.id, list).await;
    let bans = bans.of(ServiceName::Channels).map_err(|refusal| refusal.channel(channel.name.as_str()))?;
    Ok(Outcome::Bans { channel: channel.name, list, entries: bans.items })
}

fn parse(channel: &str, list: ListKind, mask: &str) -> Result<Mask, Refusal> {
    let refused = |error: MaskError| Refusal::new(ErrorCode::InvalidMask).detail(error.to_string());
    Mask::try_from(mask).map_err(|error| refused(error).channel(channel).list(list).what(mask))
}
