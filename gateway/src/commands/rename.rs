use api::{auth::ServiceName, channels::RenameChannel};

use crate::{
    command::{Answer, Asked, Outcome, Refusal},
    session::{Session, channel_name, optional_line_text},
};

/// Another name for a channel; everybody in it is shown that, and stays.
pub(super) async fn rename(
    session: &mut Session,
    channel: &str,
    name: &str,
    reason: Option<String>,
) -> Answer {
    let old = session.channel(channel).await?;
    let about = |refusal: Refusal| refusal.channel(old.name.as_str()).value(name);
    let name = channel_name(name).map_err(about)?;
    let to = RenameChannel { name: name.to_string(), reason: optional_line_text(reason, "reason")? };
    let actor = session.actor()?;
    let changed = session.gateway.channels.rename(&actor, &old.id, &to).await;
    let changed = changed.of(ServiceName::Channels).map_err(about)?;
    session.gateway.hub.changed(session.client.id, changed);
    Ok(Outcome::Renamed { old: old.name, channel: name })
}
