use api::{Nick, auth::ServiceName};

use crate::{
    command::{Answer, Asked, Outcome},
    session::Session,
};

/// Who had a nick lately, the last first.
pub(super) async fn whowas(session: &mut Session, nick: String, most: Option<usize>) -> Answer {
    let mut items = Vec::new();
    if let Ok(parsed) = Nick::try_from(&*nick) {
        let actor = session.actor()?;
        items = session.gateway.users.former_nicks(&actor, &parsed).await.of(ServiceName::Users)?.items;
    }
    items.truncate(most.unwrap_or(usize::MAX));
    Ok(Outcome::Whowas { nick, items })
}
