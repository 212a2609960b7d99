use api::ErrorCode;

use crate::{
    command::{Answer, Outcome, Refusal},
    session::{Session, Target},
};

/// Sets where lines without a slash go.
pub(super) async fn to(session: &mut Session, target: &str) -> Answer {
    let target = if target.starts_with('#') {
        let channel = session.channel(target).await?;
        if channel.seen.is_some_and(|seen| seen.modes.no_external) {
            return Err(Refusal::new(ErrorCode::NotAMember).channel(channel.name.as_str()));
        }
        Target::Channel(channel.id, channel.name)
    } else {
        Target::Person(session.person(target).await?)
    };
    let name = target.name().to_owned();
    session.target = Some(target);
    Ok(Outcome::To { target: name })
}
