//! `ChanServ`: channels, as clients of IRC ask for what they have no verbs for.

use api::{
    ErrorCode,
    auth::ServiceName,
    channels::{Channel, ListKind, RegisterChannel},
};

use super::{
    ban, invite, kick, role,
    services::{Said, said},
    topic,
};
use crate::{
    command::{Asked, Refusal},
    dialect::irc::services::{ChanServ, Deed},
    session::{Session, channel_name},
};

pub(super) async fn chanserv(session: &mut Session, request: ChanServ) -> Result<Said, Refusal> {
    let ChanServ { channel, deed } = request;
    let me = session.actor()?.person.nick.to_string();
    match deed {
        Deed::Register => register(session, &channel).await,
        Deed::Drop => unregister(session, &channel).await,
        Deed::Info => info(session, &channel).await,
        Deed::Role { role, set, nick } => {
            let nick = nick.unwrap_or(me);
            role::role(session, &channel, &nick, role, set).await?;
            Ok(said(format!("{nick} {} {} in {channel}", if set { "is" } else { "is no" }, role.as_str())))
        }
        Deed::Ban(mask) => {
            ban::ban(session, &channel, ListKind::Bans, &mask).await?;
            Ok(said(format!("{mask} is banned from {channel}")))
        }
        Deed::Unban(mask) => {
            ban::unban(session, &channel, ListKind::Bans, &mask).await?;
            Ok(said(format!("{mask} is banned from {channel} no more")))
        }
        Deed::Kick { nick, reason } => {
            kick::kick(session, &channel, &nick, reason).await?;
            Ok(said(format!("{nick} is out of {channel}")))
        }
        Deed::Topic(text) => {
            topic::topic(session, Some(channel.clone()), Some(text)).await?;
            Ok(said(format!("{channel} has a new topic")))
        }
        Deed::Invite { nick } => {
            let nick = nick.unwrap_or(me);
            invite::invite(session, &channel, &nick).await?;
            Ok(said(format!("{nick} is invited to {channel}")))
        }
    }
}

async fn register(session: &mut Session, name: &str) -> Result<Said, Refusal> {
    let (actor, name) = (session.actor()?, channel_name(name)?);
    let register = RegisterChannel { name: name.to_string() };
    let changed = session.gateway.channels.register(&actor, &register).await.of(ServiceName::Channels)?;
    session.gateway.hub.changed(session.client.id, changed);
    Ok(said(format!("{name} is registered, and you are its founder")))
}

async fn unregister(session: &mut Session, name: &str) -> Result<Said, Refusal> {
    let channel = session.channel(name).await?;
    let actor = session.actor()?;
    let changed = session.gateway.channels.unregister(&actor, &channel.id).await.of(ServiceName::Channels)?;
    session.gateway.hub.changed(session.client.id, changed);
    Ok(said(format!("{} is registered no more", channel.name)))
}

async fn info(session: &mut Session, name: &str) -> Result<Said, Refusal> {
    let channel = session.channel(name).await?;
    let seen = channel.seen.or_else(|| session.gateway.hub.channel(&channel.id));
    let seen = seen.ok_or_else(|| Refusal::new(ErrorCode::NoSuchChannel).channel(name))?;
    let Channel { name, founder, created_at, member_count, .. } = seen;
    let founder = founder
        .map_or_else(|| "nobody has registered it".to_owned(), |founder| format!("its founder is {founder}"));
    Ok(said(format!("{name} is there since {created_at}, {founder}, and {member_count} are in it")))
}
