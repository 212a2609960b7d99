use api::channels::PartItem;

use crate::{
    command::{Answer, Outcome},
    session::{Session, Target, optional_line_text},
};

pub(super) async fn part(session: &mut Session, channel: Option<String>, reason: Option<String>) -> Answer {
    let channel = session.channel_or_current(channel.as_deref()).await?;
    let reason = optional_line_text(reason, "reason")?;
    let actor = session.actor()?;
    let shown = reason.as_ref().map(ToString::to_string).unwrap_or_default();
    let item = PartItem { actor: (*actor).clone(), channel: channel.id.clone(), reason };
    let changed =
        session.gateway.parts.put(item).await.map_err(|refusal| refusal.channel(channel.name.as_str()))?;
    session.gateway.hub.parted(session.client.id, changed);
    let parted = channel.id;
    if matches!(&session.target, Some(Target::Channel(id, _)) if *id == parted) {
        session.target = None;
    }
    Ok(Outcome::Parted { channel: channel.name, reason: shown })
}
