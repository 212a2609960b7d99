use api::{ErrorCode, Nick, auth::ServiceName};
use client::Caller;

use crate::{
    command::{Answer, Asked, Outcome, Presence, Refusal},
    session::Session,
};

pub(super) async fn whois(session: &mut Session, nick: &str) -> Answer {
    let parsed = Nick::try_from(nick).map_err(|_| Refusal::new(ErrorCode::NoSuchNick).nick(nick))?;
    let actor = session.actor()?;
    let found = session.gateway.users.by_nick(Caller::Actor(&actor), &parsed).await.of(ServiceName::Users);
    let user = found.map_err(|refusal| refusal.nick(nick))?;
    let presence = match (user.online, &user.away) {
        (false, _) => Presence::Offline,
        (true, Some(_)) => Presence::Away,
        (true, None) => Presence::Online,
    };
    let away = user.away.unwrap_or_default();
    Ok(Outcome::Whois { nick: user.person.nick, account: user.account, presence, away })
}
