//! Registration of IRC: in several commands, and in any order of them (RFC 2812 §3.1).

use api::{ErrorCode, Nick};
use kit::config::Secret;

use super::{irc, nick};
use crate::{
    command::{Answer, Outcome, Refusal},
    dialect::irc::{Registration, Told, Wanted},
    session::Session,
};

pub(super) fn pass(session: &mut Session, password: Secret<String>) -> Answer {
    registration(session)?.password(password);
    Ok(Outcome::Irc(Told::Nothing))
}

pub(super) async fn user(session: &mut Session, realname: String) -> Answer {
    if !registration(session)?.user(realname) {
        return Err(Refusal::new(ErrorCode::AlreadyLoggedIn));
    }
    welcome(session).await
}

pub(super) async fn nick(session: &mut Session, nick: String) -> Answer {
    let wanted = nick::parse(&nick)?;
    registration(session)?.nick(wanted);
    welcome(session).await
}

/// Lets somebody in if all is said that they have to say.
pub(super) async fn welcome(session: &mut Session) -> Answer {
    let Some(registration) = session.irc.as_mut().and_then(|irc| irc.registration.as_mut()) else {
        return Ok(Outcome::Irc(Told::Nothing));
    };
    let Some(Wanted { nick, .. }) = registration.complete() else {
        return Ok(Outcome::Irc(Told::Nothing));
    };
    if let Some(password) = &session.gateway.config.irc_password
        && !registration.knows(password)
    {
        session.leaving = Some("the server's password is wrong".to_owned());
        return Err(Refusal::new(ErrorCode::BadCredentials).detail("the server's password is wrong"));
    }
    match open(session, &nick).await {
        Ok(()) => {
            if let Some(irc) = &mut session.irc {
                irc.registration = None;
            }
            Ok(Outcome::Irc(Told::Welcome(irc::counts(session))))
        }
        Err(refusal) => {
            if let Ok(registration) = self::registration(session) {
                registration.nick_refused();
            }
            Err(refusal)
        }
    }
}

async fn open(session: &mut Session, wanted: &Nick) -> Result<(), Refusal> {
    nick::enter(session, wanted).await.map(drop).map_err(|refusal| refusal.nick(wanted.as_str()))
}

fn registration(session: &mut Session) -> Result<&mut Registration, Refusal> {
    let registration = session.irc.as_mut().and_then(|irc| irc.registration.as_mut());
    registration.ok_or_else(|| Refusal::new(ErrorCode::AlreadyLoggedIn))
}
