use api::{ErrorCode, auth::ServiceName, users::PatchUser};

use crate::{
    command::{Answer, Asked, Outcome, Refusal},
    dialect::irc::Told,
    session::{Session, line_text},
};

/// Another real name.
pub(super) async fn setname(session: &mut Session, realname: String) -> Answer {
    if realname.is_empty() {
        return Err(Refusal::new(ErrorCode::InvalidText).detail("a real name is not empty"));
    }
    let patch = PatchUser { realname: Some(line_text(realname, "realname")?), ..PatchUser::default() };
    let actor = session.actor()?;
    let changed = session.gateway.users.change(&actor, &patch).await.of(ServiceName::Users)?;
    session.gateway.hub.user_changed(session.client.id, changed.events);
    // What everybody is shown of it says it.
    Ok(Outcome::Irc(Told::Nothing))
}
