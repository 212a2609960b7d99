use api::{auth::ServiceName, channels::SetTopic};

use crate::{
    command::{Answer, Asked, Outcome},
    session::{Session, line_text},
};

/// Shows the topic, or sets it.
pub(super) async fn topic(session: &mut Session, channel: Option<String>, text: Option<String>) -> Answer {
    let channel = session.channel_or_current(channel.as_deref()).await?;
    let set = text.is_some();
    let seen = match text {
        Some(text) => {
            let topic = SetTopic { text: line_text(text, "text")? };
            let actor = session.actor()?;
            let changed = session.gateway.channels.set_topic(&actor, &channel.id, &topic).await;
            let changed = changed
                .of(ServiceName::Channels)
                .map_err(|refusal| refusal.channel(channel.name.as_str()))?;
            let seen = changed.channel.clone();
            session.gateway.hub.changed(session.client.id, changed);
            Some(seen)
        }
        None => channel.seen.or_else(|| session.gateway.hub.channel(&channel.id)),
    };
    let topic = seen.and_then(|seen| seen.topic).filter(|topic| !topic.text.is_empty());
    Ok(Outcome::Topic { channel: channel.name, topic, set })
}
