use api::{Nick, auth::ServiceName, mode::Roles};
use client::Caller;

use super::names;
use crate::{
    command::{Answer, Asked, Named, Outcome, Refusal, WhoRow},
    event,
    session::{Session, channel_name},
};

/// People of one answer: a mask that matches more is too wide to be of use.
const MAX_MATCHES: usize = 500;

/// The members of a channel, or those who match; nobody, where there is nobody to be seen.
pub(super) async fn who(session: &mut Session, mask: String, fields: Option<String>) -> Answer {
    let rows =
        if mask.starts_with('#') { members(session, &mask).await } else { people(session, &mask).await };
    match rows {
        Ok(rows) => Ok(Outcome::Who { mask, fields, rows }),
        Err(refusal) if refusal.problem.status == 503 => Err(refusal),
        Err(_) => Ok(Outcome::Who { mask, fields, rows: Vec::new() }),
    }
}

type Rows = Result<Vec<WhoRow>, Refusal>;

async fn members(session: &mut Session, channel: &str) -> Rows {
    let membership = session.client.membership(&channel_name(channel)?);
    if let Some(rows) = membership.and_then(|membership| session.gateway.hub.who_is_in(&membership.id)) {
        return Ok(rows);
    }
    let names = names::names(session, Some(channel.to_owned())).await?;
    let Outcome::Names { channel, members, .. } = names else { return Ok(Vec::new()) };
    let row = |named| WhoRow { channel: Some(channel.to_string()), ..WhoRow::of(named) };
    Ok(members.into_iter().map(row).collect())
}

async fn people(session: &mut Session, mask: &str) -> Rows {
    // RFC 2812 §3.6.1: 0 is everybody.
    let actor = session.actor()?;
    let pattern = if mask == "0" { "*" } else { mask };
    let found = session.gateway.hub.who_matches(pattern, MAX_MATCHES, &actor);
    let Ok(nick) = Nick::try_from(mask) else { return Ok(found) };
    if !found.is_empty() {
        return Ok(found);
    }
    let user = session.gateway.users.by_nick(Caller::Actor(&actor), &nick).await.of(ServiceName::Users)?;
    if !user.online {
        return Ok(Vec::new());
    }
    let mask = event::mask(&user.username, &user.host);
    let named = Named { nick: user.person.nick, roles: Roles::NONE, mask };
    let account = event::account(user.account.as_ref());
    let realname = user.realname.map(Into::into);
    let (away, operator, bot) = (user.away.is_some(), user.operator, user.modes.bot);
    Ok(vec![WhoRow { realname, account, away, operator, bot, ..WhoRow::of(named) }])
}
