use api::{auth::ServiceName, users::RegisterAccount};
use kit::config::Secret;

use crate::{
    command::{Answer, Asked, Outcome},
    session::Session,
};

/// Makes an account; does not log in.
pub(super) async fn register(session: &mut Session, name: String, password: Secret<String>) -> Answer {
    session.admit_secret()?;
    let account = RegisterAccount { name: name.clone(), password: password.into_inner(), invite: None };
    let made = match session.client.actor() {
        Some(guest) => session.gateway.users.register_as(&guest, session.address(), &account).await,
        None => session.gateway.users.register(session.address(), &account).await,
    }
    .of(ServiceName::Users);
    let made = made.map_err(|refusal| refusal.nick(&*name).what(name))?;
    Ok(Outcome::Registered { name: made.name })
}
