use api::{
    ErrorCode, Item, Nick,
    auth::ServiceName,
    page::Batch,
    users::{Credentials, OpenSession, OpenedSession},
};

use crate::{
    command::{Answer, Asked, Login, Outcome, Refusal},
    reopen,
    session::Session,
};

/// Opens a session of an account; a guest's ends with it, and the guest's channels are joined again.
pub(super) async fn login(session: &mut Session, login: Login) -> Answer {
    let actor = session.client.actor();
    if let Some(account) = actor.as_ref().and_then(|actor| actor.account.as_ref()) {
        return Err(Refusal::new(ErrorCode::AlreadyLoggedIn).what(account.as_str()));
    }
    let has_token = matches!(login, Login::Token(_));
    let opened = check(session, login, Wanted::default()).await?;
    session.opened(&opened).await;
    if has_token {
        session.client.got_token();
    }
    let name =
        opened.user.account.as_ref().map_or_else(|| opened.user.person.nick.to_string(), ToString::to_string);
    Ok(Outcome::LoggedIn { name })
}

/// What is asked for beside the login.
#[derive(Default)]
pub(super) struct Wanted {
    /// What they want to be called.
    pub(super) nick: Option<Nick>,
    /// See [`OpenSession::authzid`].
    pub(super) authzid: Option<String>,
}

/// Opens the session, which is nobody's yet.
pub(super) async fn check(
    session: &mut Session,
    login: Login,
    wanted: Wanted,
) -> Result<OpenedSession, Refusal> {
    session.admit_secret()?;
    session.admit_login()?;
    match open(session, login, wanted).await {
        Ok(opened) => {
            session.login_succeeded();
            Ok(opened)
        }
        Err(refusal) => {
            if refusal.code() == ErrorCode::BadCredentials {
                session.login_failed();
            }
            Err(refusal)
        }
    }
}

async fn open(session: &Session, login: Login, wanted: Wanted) -> Result<OpenedSession, Refusal> {
    let (credentials, name) = match login {
        Login::Password { name, password } => {
            (Credentials::Password { name: name.clone(), password: password.into_inner() }, name)
        }
        Login::Token(token) => (Credentials::Token { token: token.into_inner() }, "-".to_owned()),
        Login::Scram(proof) => {
            let name = proof.name.clone();
            (Credentials::Scram(proof), name)
        }
        Login::Certificate => match session.certificate.clone() {
            Some(fingerprint) => (Credentials::Certificate { fingerprint }, "-".to_owned()),
            None => return Err(Refusal::new(ErrorCode::BadCredentials)),
        },
    };
    let by_password = matches!(credentials, Credentials::Password { .. });
    let item = OpenSession {
        replaces: session.open_session(),
        nick: wanted.nick.map(|nick| nick.to_string()),
        authzid: wanted.authzid,
        ..reopen::opening(&session.gateway, &session.client, session.address(), credentials)
    };
    let id = item.id.clone();
    let opened = if by_password { alone(session, item).await } else { session.gateway.opens.put(item).await };
    opened
        .inspect_err(|refusal| session.may_be_open(id, refusal))
        .map_err(|refusal| refusal.nick(&*name).what(name))
}

/// Nobody else waits while a password is checked.
async fn alone(session: &Session, item: OpenSession) -> Result<OpenedSession, Refusal> {
    let batch = Batch { items: vec![item] };
    let mut answers = session.gateway.users.open_sessions(&batch).await.of(ServiceName::Users)?;
    match answers.items.pop() {
        Some(Item::Ok(opened)) => Ok(opened),
        Some(Item::Problem(problem)) => Err(Refusal::from(problem).of(ServiceName::Users)),
        None => Err(Refusal::new(ErrorCode::Internal)),
    }
}
