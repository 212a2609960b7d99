//! Logging in by SASL, and making an account to log in to, before or after somebody is welcomed.

use api::{
    ErrorCode, Nick,
    auth::Actor,
    text::LineText,
    users::{OpenedSession, PatchUser},
};
use kit::config::Secret;

use super::{login, nick, register};
use crate::{
    command::{Answer, Login, Outcome, Refusal},
    dialect::irc::{Fault, LoggedIn, Next, Told, sasl_step},
    event::Shown,
    session::Session,
};

pub(super) async fn authenticate(session: &mut Session, param: Secret<String>) -> Answer {
    let has_account = session.client.actor().is_some_and(|actor| actor.account.is_some());
    let Some(irc) = &mut session.irc else { return Ok(Outcome::Irc(Told::Nothing)) };
    if has_account || irc.early.is_some() {
        return Ok(Outcome::Irc(Told::Sasl(Fault::Already)));
    }
    match sasl_step(&mut irc.sasl, param.expose()) {
        Next::Listens => Ok(Outcome::Irc(Told::Listens)),
        Next::More => Ok(Outcome::Irc(Told::Nothing)),
        Next::Refused(fault) => Ok(Outcome::Irc(Told::Sasl(fault))),
        Next::Login { name, password } => log_in(session, name, Secret::new(password)).await,
    }
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
    let logged_in = match log_in(session, account.clone(), password).await {
        Ok(Outcome::Irc(Told::LoggedIn(logged_in))) => Some(logged_in),
        _ => None,
    };
    Ok(Outcome::Irc(Told::Registered { account, logged_in }))
}

async fn log_in(session: &mut Session, name: String, password: Secret<String>) -> Answer {
    let registering = session.irc.as_ref().and_then(|irc| irc.registration.as_ref());
    let worn = session.client.actor().map(|actor| actor.person.nick.clone());
    let nick = worn.or_else(|| registering.and_then(|registration| registration.wanted_nick()).cloned());
    let opened = match login::check(session, Login::Password { name, password }, nick.as_ref()).await {
        Ok(opened) => opened,
        Err(refusal) if refusal.problem.status == 503 => return Err(refusal),
        Err(_) => return Ok(Outcome::Irc(Told::Sasl(Fault::Failed))),
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
