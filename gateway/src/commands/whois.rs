use api::{ErrorCode, Nick, auth::ServiceName};
use client::Caller;

use crate::{
    command::{Answer, Asked, Outcome, Refusal},
    session::Session,
};

pub(super) async fn whois(session: &mut Session, nick: &str) -> Answer {
    let parsed = Nick::try_from(nick).map_err(|_| Refusal::new(ErrorCode::NoSuchNick).nick(nick))?;
    let actor = session.actor()?;
    let found = session.gateway.users.by_nick(Caller::Actor(&actor), &parsed).await.of(ServiceName::Users);
    let user = found.map_err(|refusal| refusal.nick(nick))?;
    let seen = session.gateway.hub.seen(&user.person.id, session.client.id);
    Ok(Outcome::Whois { user: Box::new(user), seen })
}
