use api::{auth::ServiceName, users::SessionToken};
use kit::config::Secret;

use crate::{
    command::{Answer, Asked, Outcome},
    session::{Session, optional_line_text},
};

/// A token for REST: short-lived, or personal with a label.
pub(super) async fn token(session: &mut Session, label: Option<String>) -> Answer {
    let (actor, id) = (session.actor()?, session.session_id()?);
    let request = SessionToken { label: optional_line_text(label, "label")? };
    let made = session.gateway.users.session_token(&actor, &id, &request).await.of(ServiceName::Users)?;
    session.client.got_token();
    Ok(Outcome::Token { token: Secret::new(made.token) })
}
