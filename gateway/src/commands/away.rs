use api::{auth::ServiceName, users::PatchUser};

use crate::{
    command::{Answer, Asked, Outcome},
    session::{Session, line_text},
};

/// Away with a text, back without.
pub(super) async fn away(session: &mut Session, text: Option<String>) -> Answer {
    let is_away = text.is_some();
    let away = Some(line_text(text.unwrap_or_default(), "away")?);
    let patch = PatchUser { away, ..PatchUser::default() };
    let actor = session.actor()?;
    let changed = session.gateway.users.change(&actor, &patch).await.of(ServiceName::Users)?;
    session.gateway.hub.user_changed(session.client.id, changed.events);
    Ok(if is_away { Outcome::Away } else { Outcome::Back })
}
