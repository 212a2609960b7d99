use api::{Nick, auth::ServiceName};
use client::Caller;

use crate::{
    command::{Answer, Asked, Outcome},
    session::Session,
};

/// Those of some nicks that are there.
pub(super) async fn people(session: &mut Session, nicks: Vec<String>) -> Answer {
    let actor = session.actor()?;
    let mut found = Vec::new();
    for nick in nicks {
        let Ok(nick) = Nick::try_from(nick) else { continue };
        let user = session.gateway.users.by_nick(Caller::Actor(&actor), &nick).await.of(ServiceName::Users);
        match user {
            Ok(mut user) if user.online => {
                // As in all that they do and say.
                let seen = session.gateway.hub.seen(&user.person.id, session.client.id);
                if let Some((username, _)) = seen.mask.split_once('@') {
                    username.clone_into(&mut user.username);
                }
                found.push(user);
            }
            Err(refusal) if refusal.problem.status == 503 => return Err(refusal),
            Ok(_) | Err(_) => {}
        }
    }
    Ok(Outcome::People(found))
}
