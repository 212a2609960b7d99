use api::{
    ErrorCode,
    channels::{Changed, JoinItem},
};

use crate::{
    command::Refusal,
    hub::{Attach, Told},
    reply::Reply,
    session::{Session, Target, channel_name},
};

/// Joins; the hub answers when it can show the channel.
pub(super) async fn join(session: &mut Session, channel: &str, key: Option<String>, reply: Reply) {
    match ask(session, channel, key).await {
        Ok(changed) => {
            session.target = Some(Target::Channel(changed.channel.name.clone()));
            session.gateway.hub.joined(session.client.id, changed, Attach::Live, Told::Client(reply));
        }
        Err(refusal) => reply.give(&Err(refusal)),
    }
}

/// The join itself, before anything is shown of the channel.
pub(super) async fn ask(session: &Session, channel: &str, key: Option<String>) -> Result<Changed, Refusal> {
    session.admit_change()?;
    let name = channel_name(channel)?;
    let most = session.gateway.config.limits.channels;
    if session.client.channel_count() >= most && session.client.membership(&name).is_none() {
        let refusal = Refusal::new(ErrorCode::TooManyChannels).channel(name.as_str());
        return Err(refusal.detail(format!("you are in {most} channels already")));
    }
    let actor = session.actor()?;
    let item = JoinItem { actor: (*actor).clone(), name: name.clone(), key };
    session.gateway.joins.put(item).await.map_err(|refusal| refusal.channel(name.as_str()))
}
