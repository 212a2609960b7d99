//! Logging in by SASL, and making an account to log in to, before or after somebody is welcomed.

use api::{
    ErrorCode, Nick,
    auth::{Actor, ServiceName},
    text::LineText,
    users::{OpenedSession, PatchUser, ScramBegin, ScramProof, ScramSignature},
};
use kit::config::Secret;

use super::{
    login::{self, Wanted},
    nick, register,
};
use crate::{
    command::{Answer, Asked, Login, Outcome, Refusal},
    dialect::irc::{Credential, Exchange, Fault, LoggedIn, Next, Opening, Told, sasl_step},
    event::Shown,
    session::Session,
};

pub(super) async fn authenticate(session: &mut Session, param: Secret<String>) -> Answer {
    let has_certificate = session.certificate.is_some();
    let Some(irc) = &mut session.irc else { return told(Told::Nothing) };
    match sasl_step(&mut irc.sasl, has_certificate, param.expose()) {
        Next::Listens => told(Told::Listens),
        Next::More => told(Told::Nothing),
        Next::Refused(fault) => told(Told::Sasl(fault)),
        Next::Opens(opening) => open_scram(session, *opening).await,
        Next::Proves(proof) => prove(session, proof).await,
        Next::Login(credential) => by(session, credential).await,
    }
}

fn told(told: Told) -> Answer {
    Ok(Outcome::Irc(told))
}

/// What a login comes to that was refused: nothing of why, unless it is worth another try.
fn failed(refusal: Refusal) -> Answer {
    if refusal.problem.status == 503 { Err(refusal) } else { told(Told::Sasl(Fault::Failed)) }
}

async fn by(session: &mut Session, credential: Credential) -> Answer {
    let (login, authzid) = match credential {
        Credential::Password { name, password } => {
            (Login::Password { name, password: Secret::new(password) }, String::new())
        }
        Credential::Scram(proof) => (Login::Scram(proof), String::new()),
        Credential::Token { token, authzid } => (Login::Token(Secret::new(token)), authzid),
        Credential::Certificate { authzid } => (Login::Certificate, authzid),
    };
    let is_token = matches!(login, Login::Token(_));
    let answer = log_in(session, login, authzid).await;
    if is_token
        && matches!(answer, Ok(Outcome::Irc(Told::Sasl(Fault::Failed))))
        && let Some(irc) = &mut session.irc
    {
        // RFC 7628 §3.2.2: the client is told why, answers that it has read it, and then it has failed.
        irc.sasl = Some(Exchange::refused_bearer());
        return told(Told::Challenge(r#"{"status":"invalid_token"}"#.to_owned()));
    }
    answer
}

/// They are told what the keys of that name are made with.
async fn open_scram(session: &mut Session, opening: Opening) -> Answer {
    if let Err(refusal) = session.admit_secret().and_then(|()| session.admit_login()) {
        return failed(refusal);
    }
    let who = ScramBegin { name: opening.name.clone() };
    match session.gateway.users.begin_scram(session.address(), &who).await.of(ServiceName::Users) {
        Ok(terms) => {
            let (first, exchange) = opening.challenge(rand::random(), &terms);
            challenge(session, first, exchange)
        }
        Err(refusal) => failed(refusal),
    }
}

/// They are told, if their proof is right, that their keys are known here.
async fn prove(session: &mut Session, proof: ScramProof) -> Answer {
    match session.gateway.users.verify_scram(session.address(), &proof).await.of(ServiceName::Users) {
        Ok(ScramSignature { signature }) => {
            challenge(session, format!("v={signature}"), Exchange::proved(proof))
        }
        Err(refusal) => {
            if refusal.code() == ErrorCode::BadCredentials {
                session.login_failed();
            }
            failed(refusal)
        }
    }
}

fn challenge(session: &mut Session, text: String, next: Exchange) -> Answer {
    if let Some(irc) = &mut session.irc {
        irc.sasl = Some(next);
    }
    told(Told::Challenge(text))
}

/// `REGISTER` (<https://ircv3.net/specs/extensions/account-registration>): an account is made, and who made it is logged in.
pub(super) async fn register(
    session: &mut Session,
    account: Option<String>,
    password: Secret<String>,
) -> Answer {
    let actor = session.client.actor();
    let Some(irc) = &session.irc else { return Ok(Outcome::Irc(Told::Nothing)) };
    let wanted = irc.registration.as_ref().and_then(|registration| registration.wanted_nick());
    let nick = actor.as_ref().map(|actor| &actor.person.nick).or(wanted);
    let account = account.or_else(|| nick.map(Nick::to_string));
    let refused = |code| Err(Refusal::new(code).what(account.as_deref().unwrap_or("*")));
    if irc.early.is_some() || actor.as_ref().is_some_and(|actor| actor.account.is_some()) {
        return refused(ErrorCode::AlreadyLoggedIn);
    }
    if actor.is_none() && !session.gateway.config.irc_register_before_connect {
        return refused(ErrorCode::NotRegistered);
    }
    let Some(account) = account.clone() else { return refused(ErrorCode::NoCurrentTarget) };
    let made = register::register(session, account.clone(), password.clone()).await;
    made.map_err(|refusal| refusal.what(&account))?;
    // It is there, whatever comes of the login.
    let login = Login::Password { name: account.clone(), password };
    let logged_in = match log_in(session, login, String::new()).await {
        Ok(Outcome::Irc(Told::LoggedIn(logged_in))) => Some(logged_in),
        _ => None,
    };
    Ok(Outcome::Irc(Told::Registered { account, logged_in }))
}

/// `authzid`: whose account it is to be, if one was named.
pub(super) async fn log_in(session: &mut Session, login: Login, authzid: String) -> Answer {
    let registering = session.irc.as_ref().and_then(|irc| irc.registration.as_ref());
    let worn = session.client.actor().map(|actor| actor.person.nick.clone());
    let nick = worn.or_else(|| registering.and_then(|registration| registration.wanted_nick()).cloned());
    let opened = match login::check(session, login, Wanted { nick, authzid: Some(authzid) }).await {
        Ok(opened) => opened,
        Err(refusal) => return failed(refusal),
    };
    let Some(account) = opened.user.account.clone() else {
        return Err(Refusal::new(ErrorCode::Internal));
    };
    let former = session.client.actor();
    match former {
        // The session is kept until NICK and USER are there.
        None => {
            let mut me = Shown::from(&session.actor_of(&opened));
            if let Some(irc) = &mut session.irc {
                let nick = irc.registration.as_ref().and_then(|registration| registration.wanted_nick());
                me.nick = nick.cloned().unwrap_or(me.nick);
                irc.early = Some(Box::new(opened));
            }
            Ok(Outcome::Irc(Told::LoggedIn(LoggedIn { account, me, former: None })))
        }
        Some(former) => {
            let before = Shown::from(&*former);
            session.opened(&opened).await;
            let me = Shown::from(&session.actor_of(&opened));
            let former = (before.nick.as_str() != me.nick.as_str()).then_some(before);
            Ok(Outcome::Irc(Told::LoggedIn(LoggedIn { account, me, former })))
        }
    }
}

/// An account's person wears the nick that is asked for, unless another connection of theirs is here: all of them have the same.
/// The second says why not.
pub(super) async fn keep_nick(
    session: &Session,
    mut opened: OpenedSession,
    wanted: &Nick,
) -> (OpenedSession, Option<Refusal>) {
    let worn = opened.user.person.nick.as_str() == wanted.as_str();
    let nick = (!worn && !session.gateway.hub.is_here(&opened.user.person.id)).then(|| wanted.to_string());
    // USER came after the login.
    let said = session.client.realname().map(|name| name.to_string());
    let realname = said.filter(|name| opened.user.realname.as_ref() != Some(name));
    let realname = realname.and_then(|name| LineText::try_from(name).ok());
    if nick.is_none() && realname.is_none() {
        return (opened, None);
    }
    let actor: Actor = session.actor_of(&opened);
    let patch = PatchUser { nick, realname, ..PatchUser::default() };
    match nick::change(session, &actor, &patch).await {
        Ok(changed) => {
            session.gateway.hub.user_events(changed.events);
            opened.user = changed.user;
            (opened, None)
        }
        Err(refusal) => (opened, Some(refusal.nick(wanted.as_str()))),
    }
}
