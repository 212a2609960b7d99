//! What operators of the network do. user-service, and this gateway for what is its own, judge who is one.

use std::time::Duration;

use api::{
    ErrorCode, Timestamp,
    auth::ServiceName,
    id::{SessionId, UserId},
    users::{NetworkBan, NewNetworkBan, Operate, Wallops},
};
use kit::config::Secret;

use crate::{
    command::{Answer, Asked, Outcome, Refusal},
    dialect::irc::{NetBan, Told},
    session::{Session, line_text, optional_line_text},
};

fn told(told: Told) -> Answer {
    Ok(Outcome::Irc(told))
}

/// Where nobody else judges it.
fn operator(session: &Session) -> Result<(), Refusal> {
    if session.actor()?.is_operator() {
        return Ok(());
    }
    Err(Refusal::new(ErrorCode::Forbidden).detail("this is for operators of the network only"))
}

/// By an operator's name and password this session operates the network.
pub(super) async fn oper(session: &mut Session, name: String, password: Secret<String>) -> Answer {
    session.admit_secret()?;
    session.admit_login()?;
    let (actor, id) = (session.actor()?, session.session_id()?);
    let by = Operate { name, password: password.into_inner() };
    let answer = session.gateway.users.operate(&actor, session.address(), &id, &by).await;
    match answer.of(ServiceName::Users) {
        Ok(may) => {
            session.login_succeeded();
            session.gateway.hub.may(session.client.id, may.scopes);
            told(Told::Operates)
        }
        Err(refusal) => {
            if refusal.code() == ErrorCode::BadCredentials {
                session.login_failed();
            }
            Err(refusal)
        }
    }
}

/// It does so no more.
pub(super) async fn deoper(session: &Session) -> Result<(), Refusal> {
    let (actor, id): (_, SessionId) = (session.actor()?, session.session_id()?);
    let may = session.gateway.users.operate_no_more(&actor, &id).await.of(ServiceName::Users)?;
    session.gateway.hub.may(session.client.id, may.scopes);
    Ok(())
}

/// Ends all that somebody has open.
pub(super) async fn kill(session: &mut Session, nick: &str, reason: Option<String>) -> Answer {
    // Whoever is no operator learns nothing of who is there.
    operator(session)?;
    let reason = optional_line_text(reason, "reason")?;
    let reason = reason.as_ref().map(api::text::LineText::as_str);
    let actor = session.actor()?;
    let person = session.person(nick).await?;
    session.gateway.users.throw_out(&actor, &person.id, reason).await.of(ServiceName::Users)?;
    ended_here(session, &person.id).await;
    told(Told::Notice(format!("{} is disconnected", person.nick)))
}

/// How long an operator waits to be told until those whom they have disconnected are gone from here: longer than the bus takes.
const GONE_WITHIN: Duration = Duration::from_millis(500);

async fn ended_here(session: &Session, user: &UserId) {
    // A time-out: it ends later. One's own end is not waited for.
    if session.actor().is_ok_and(|actor| actor.id() != user) {
        let _ = tokio::time::timeout(GONE_WITHIN, session.gateway.hub.closes(user)).await;
    }
}

pub(super) async fn wallops(session: &mut Session, text: String) -> Answer {
    let text = Wallops { text: line_text(text, "text")? };
    let actor = session.actor()?;
    let event = session.gateway.users.wallops(&actor, &text).await.of(ServiceName::Users)?;
    session.gateway.hub.user_changed(session.client.id, vec![event]);
    told(Told::Nothing)
}

/// Network bans by the names that IRC has for them.
pub(super) async fn net_ban(session: &mut Session, ban: NetBan) -> Answer {
    let actor = session.actor()?;
    let users = &session.gateway.users;
    match ban {
        NetBan::Add { target, minutes, reason } => {
            let expires_at = minutes.map(|minutes| Timestamp::now().plus(Duration::from_secs(minutes * 60)));
            let reason = line_text(reason, "reason")?;
            let ban = NewNetworkBan { target: target.clone(), reason, expires_at };
            let made = users.ban(&actor, &ban).await.of(ServiceName::Users);
            let NetworkBan { target, .. } = made.map_err(|refusal| refusal.what(target))?;
            told(Told::Notice(format!("{target} is banned from the network")))
        }
        NetBan::Lift { target } => {
            let found = users.bans(&actor, Some(&target)).await.of(ServiceName::Users);
            let found = found.map_err(|refusal| refusal.what(&*target))?.items;
            if found.is_empty() {
                let detail = format!("{target} is not banned from the network");
                return Err(Refusal::new(ErrorCode::NoSuchBan).what(target).detail(detail));
            }
            for ban in found {
                users.lift_ban(&actor, &ban.id).await.of(ServiceName::Users)?;
            }
            told(Told::Notice(format!("{target} is banned no longer")))
        }
    }
}

/// Reads again what can be read again without a restart: the certificate.
pub(super) fn rehash(session: &Session) -> Answer {
    operator(session)?;
    let (file, is_read) = session.gateway.certificate.reload();
    told(Told::Rehashed { file: file.display().to_string(), is_read })
}

/// Numbers of the server, by letter; the bans for operators.
pub(super) async fn stats(session: &mut Session, letter: char) -> Answer {
    let bans = if matches!(letter, 'k' | 'K' | 'd' | 'D') {
        let actor = session.actor()?;
        session.gateway.users.bans(&actor, None).await.of(ServiceName::Users)?.items
    } else {
        Vec::new()
    };
    told(Told::Stats { letter, bans })
}
