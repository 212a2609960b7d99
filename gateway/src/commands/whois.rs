use api::{ErrorCode, Nick, auth::ServiceName};
use client::Caller;

use super::metadata;
use crate::{
    command::{Answer, Asked, Outcome, Refusal},
    session::Session,
};

pub(super) async fn whois(session: &mut Session, nick: &str) -> Answer {
    let parsed = Nick::try_from(nick).map_err(|_| Refusal::new(ErrorCode::NoSuchNick).nick(nick))?;
    let actor = session.actor()?;
    let found = session.gateway.users.by_nick(Caller::Actor(&actor), &parsed).await.of(ServiceName::Users);
    let user = found.map_err(|refusal| refusal.nick(nick))?;
    let mut seen = session.gateway.hub.seen(&user.person.id, session.client.id);
    seen.metadata = metadata::of_person(session, &user.person.id).await;
    Ok(Outcome::Whois { user: Box::new(user), seen })
}
