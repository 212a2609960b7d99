//! Registration of IRC: in several commands, and in any order of them (RFC 2812 §3.1).

use std::net::IpAddr;

use api::{
    ErrorCode, Nick,
    auth::USERNAME,
    users::{MAX_REALNAME_BYTES, MAX_USERNAME_BYTES},
};
use kit::config::Secret;

use super::{before, irc, metadata, nick, sasl};
use crate::{
    command::{Answer, Outcome, Refusal},
    dialect::irc::{Fault, Registration, Told, Wanted, are_equal},
    session::Session,
};

pub(super) fn pass(session: &mut Session, password: Secret<String>) -> Answer {
    registration(session)?.password(password);
    Ok(Outcome::Irc(Told::Nothing))
}

/// <https://ircv3.net/specs/extensions/webirc>: before anything else that says who it is.
pub(super) fn webirc(
    session: &mut Session,
    password: &Secret<String>,
    address: &str,
    is_secure: bool,
) -> Answer {
    let known = session.gateway.config.webirc_password.as_ref();
    let is_right = known.is_some_and(|known| are_equal(password, known));
    let address = address.parse::<IpAddr>().ok();
    let refused = match (&mut session.irc, address) {
        (Some(irc), Some(address)) if irc.is_gateway && is_right => {
            irc.is_gateway = false;
            session.comes_from(address, is_secure).err()
        }
        (Some(irc), None) if irc.is_gateway && is_right => Some("this is no address"),
        _ => Some("you are not believed for whom you connect"),
    };
    session.leaving = refused.map(str::to_owned);
    Ok(Outcome::Irc(Told::Nothing))
}

pub(super) async fn user(session: &mut Session, username: &str, realname: String) -> Answer {
    if !registration(session)?.user(realname.clone()) {
        return Err(Refusal::new(ErrorCode::AlreadyLoggedIn));
    }
    session.client.introduces(&shown_username(username), &shown_realname(realname));
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
    let account = session.irc.as_ref().and_then(|irc| irc.early.as_ref());
    let is_here = account.is_some_and(|opened| session.gateway.hub.is_here(&opened.user.person.id));
    match open(session, &nick).await {
        Ok(()) => {
            let (mut before, mut aborted) = (None, None);
            if let Some(irc) = &mut session.irc {
                (irc.registration, irc.stranger) = (None, None);
                before = irc.before.take();
                // <https://ircv3.net/specs/extensions/sasl-3.1>: who is done with CAP before the login is done has given it up.
                aborted = irc.sasl.take().map(|_| Fault::Aborted);
            }
            if let Some(before) = before {
                before::say(session, *before, is_here).await;
            }
            let metadata = metadata::own(session).await;
            Ok(Outcome::Irc(Told::Welcome(irc::counts(session), metadata, aborted)))
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
    let Some(opened) = session.irc.as_mut().and_then(|irc| irc.early.take()) else {
        return nick::enter(session, wanted).await.map(drop).map_err(|refusal| refusal.nick(wanted.as_str()));
    };
    let (opened, refused) = sasl::keep_nick(session, *opened, wanted).await;
    match (refused, &mut session.irc) {
        (Some(refusal), Some(irc)) => {
            irc.early = Some(Box::new(opened));
            Err(refusal)
        }
        _ => {
            session.opened(&opened).await;
            Ok(())
        }
    }
}

/// What can stand in `nick!user@host` of it.
fn shown_username(typed: &str) -> String {
    let is_fit = |c: &char| c.is_ascii_alphanumeric() || "-_.[]{}\\|^`".contains(*c);
    let fit: String = typed.chars().filter(is_fit).take(MAX_USERNAME_BYTES - 1).collect();
    if fit.is_empty() { USERNAME.to_owned() } else { format!("~{fit}") }
}

fn shown_realname(mut typed: String) -> String {
    typed.truncate(typed.floor_char_boundary(MAX_REALNAME_BYTES));
    typed
}

fn registration(session: &mut Session) -> Result<&mut Registration, Refusal> {
    let registration = session.irc.as_mut().and_then(|irc| irc.registration.as_mut());
    registration.ok_or_else(|| Refusal::new(ErrorCode::AlreadyLoggedIn))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_where_others_would_have_to() {
        let typed = |count| "a".repeat(count);
        assert_eq!(
            shown_username(&typed(MAX_USERNAME_BYTES - 1)),
            format!("~{}", typed(MAX_USERNAME_BYTES - 1))
        );
        assert_eq!(shown_username(&typed(MAX_USERNAME_BYTES)), format!("~{}", typed(MAX_USERNAME_BYTES - 1)));
        assert_eq!(shown_username("@ !"), USERNAME);
        assert_eq!(shown_realname(typed(MAX_REALNAME_BYTES)), typed(MAX_REALNAME_BYTES));
        assert_eq!(shown_realname(typed(MAX_REALNAME_BYTES + 1)), typed(MAX_REALNAME_BYTES));
        assert_eq!(
            shown_realname(format!("{}é", typed(MAX_REALNAME_BYTES - 1))),
            typed(MAX_REALNAME_BYTES - 1)
        );
    }
}
