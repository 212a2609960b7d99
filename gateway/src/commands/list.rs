use api::{auth::ServiceName, page::MAX_LIMIT};

use crate::{
    command::{Answer, Asked, Outcome},
    session::Session,
};

/// The channels that this person may see, at most one page of the largest size: whoever needs more asks by glob, or REST.
pub(super) async fn list(session: &mut Session, matching: Option<String>) -> Answer {
    let actor = session.actor()?;
    let page = session.gateway.channels.list(&actor, matching.as_deref(), None, MAX_LIMIT).await;
    Ok(Outcome::List(page.of(ServiceName::Channels)?.items))
}
