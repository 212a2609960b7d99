use api::{
    Nick,
    auth::{ServiceName, USERNAME},
    mode::Roles,
};
use client::Caller;

use super::names;
use crate::{
    command::{Answer, Asked, Named, Outcome, WhoRow},
    event,
    session::Session,
};

/// The members of a channel, or somebody by nick; nobody otherwise, as what is looked for may not be there.
pub(super) async fn who(session: &mut Session, mask: String) -> Answer {
    let rows =
        if mask.starts_with('#') { members(session, &mask).await } else { somebody(session, &mask).await };
    match rows {
        Ok(rows) => Ok(Outcome::Who { mask, rows }),
        Err(refusal) if refusal.problem.status == 503 => Err(refusal),
        Err(_) => Ok(Outcome::Who { mask, rows: Vec::new() }),
    }
}

type Rows = Result<Vec<WhoRow>, crate::command::Refusal>;

async fn members(session: &mut Session, channel: &str) -> Rows {
    let Outcome::Names { channel, members, .. } = names::names(session, Some(channel.to_owned())).await?
    else {
        return Ok(Vec::new());
    };
    let row = |named| WhoRow { channel: Some(channel.to_string()), named, away: false, operator: false };
    Ok(members.into_iter().map(row).collect())
}

async fn somebody(session: &mut Session, nick: &str) -> Rows {
    let Ok(nick) = Nick::try_from(nick) else { return Ok(Vec::new()) };
    let actor = session.actor()?;
    let user = session.gateway.users.by_nick(Caller::Actor(&actor), &nick).await.of(ServiceName::Users)?;
    if !user.online {
        return Ok(Vec::new());
    }
    let mask = event::mask(USERNAME, &user.host);
    let named = Named { nick: user.person.nick, roles: Roles::NONE, mask };
    Ok(vec![WhoRow { channel: None, named, away: user.away.is_some(), operator: user.operator }])
}
