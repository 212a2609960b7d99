//! `NickServ`: accounts, as clients of IRC have asked for them since before SASL.

use api::{
    ErrorCode, Nick,
    auth::ServiceName,
    users::{ChangePassword, Fingerprint, NewCertificate, PatchAccount},
};
use client::Caller;
use kit::config::Secret;

use super::{
    sasl,
    services::{Said, said},
};
use crate::{
    command::{Asked, Login, Outcome, Refusal},
    dialect::irc::{LoggedIn, Told, services::NickServ},
    session::Session,
};

pub(super) async fn nickserv(session: &mut Session, request: NickServ) -> Result<Said, Refusal> {
    match request {
        NickServ::Register { password } => register(session, password).await,
        NickServ::Identify { account, password } => identify(session, account, password).await,
        NickServ::SetPassword { current, new } => set_password(session, current, new).await,
        NickServ::AlwaysOn(on) => always_on(session, on).await,
        NickServ::Ghost { nick, password } => ghost(session, &nick, password).await,
        NickServ::Info { nick } => info(session, nick).await,
        NickServ::Drop { account } => drop_account(session, &account).await,
        NickServ::CertAdd { fingerprint } => add_certificate(session, fingerprint).await,
        NickServ::CertDel { fingerprint } => {
            let (actor, fingerprint) = (session.actor()?, parse(&fingerprint)?);
            let users = &session.gateway.users;
            users.delete_certificate(&actor, &fingerprint).await.of(ServiceName::Users)?;
            Ok(said(format!("{fingerprint} logs in no more")))
        }
        NickServ::CertList => {
            let actor = session.actor()?;
            let found = session.gateway.users.certificates(&actor).await.of(ServiceName::Users)?.items;
            let lines = found.iter().map(|one| format!("{} since {}", one.fingerprint, one.created_at));
            let lines: Vec<_> = lines.collect();
            Ok(if lines.is_empty() {
                said("No certificate logs in to your account")
            } else {
                Said::from(lines)
            })
        }
    }
}

async fn register(session: &mut Session, password: Secret<String>) -> Result<Said, Refusal> {
    match sasl::register(session, None, password).await? {
        Outcome::Irc(Told::Registered { account, logged_in: Some(logged_in) }) => {
            Ok(welcome(format!("{account} is your account now, and you are logged in"), logged_in))
        }
        Outcome::Irc(Told::Registered { account, logged_in: None }) => {
            Ok(said(format!("{account} is your account now: log in")))
        }
        _ => Err(Refusal::new(ErrorCode::Internal)),
    }
}

fn welcome(line: String, logged_in: LoggedIn) -> Said {
    Said { logged_in: Some(logged_in), ..said(line) }
}

async fn identify(
    session: &mut Session,
    account: Option<String>,
    password: Secret<String>,
) -> Result<Said, Refusal> {
    let name = match account {
        Some(account) => account,
        None => session.actor()?.person.nick.to_string(),
    };
    match sasl::log_in(session, Login::Password { name, password }, String::new()).await? {
        Outcome::Irc(Told::LoggedIn(logged_in)) => {
            Ok(welcome(format!("You are logged in as {}", logged_in.account), logged_in))
        }
        _ => Err(Refusal::new(ErrorCode::BadCredentials)),
    }
}

async fn set_password(
    session: &mut Session,
    current: Secret<String>,
    new: Secret<String>,
) -> Result<Said, Refusal> {
    session.admit_secret()?;
    session.admit_login()?;
    let actor = session.actor()?;
    let change = ChangePassword { current: current.into_inner(), new: new.into_inner() };
    let changed = session.gateway.users.change_password(&actor, session.address(), &change).await;
    match changed.of(ServiceName::Users) {
        Ok(()) => Ok(said("The password is changed; log in again with it")),
        Err(refusal) => {
            if refusal.code() == ErrorCode::BadCredentials {
                session.login_failed();
            }
            Err(refusal)
        }
    }
}

async fn always_on(session: &Session, on: bool) -> Result<Said, Refusal> {
    let actor = session.actor()?;
    let patch = PatchAccount { always_on: Some(on), ..PatchAccount::default() };
    session.gateway.users.change_account(&actor, &patch).await.of(ServiceName::Users)?;
    Ok(said(if on { "You stay in your channels from now on" } else { "You leave with your last connection" }))
}

/// All connections of an account have its nick: the others go.
async fn ghost(session: &mut Session, nick: &str, password: Option<Secret<String>>) -> Result<Said, Refusal> {
    let logged_in = match password {
        Some(password) => identify(session, Some(nick.to_owned()), password).await?.logged_in,
        None => None,
    };
    let (actor, own) = (session.actor()?, session.session_id()?);
    let named = Nick::try_from(nick).map(|nick| nick.key()).ok();
    let is_mine = |name: &str| Nick::try_from(name).map(|nick| nick.key()).ok() == named;
    if !is_mine(actor.person.nick.as_str())
        && !actor.account.as_ref().is_some_and(|name| is_mine(name.as_str()))
    {
        return Err(
            Refusal::new(ErrorCode::Forbidden).detail(format!("{nick} is not your nick: log in to it"))
        );
    }
    let users = &session.gateway.users;
    let open = users.sessions(&actor).await.of(ServiceName::Users)?.items;
    let mut closed = 0;
    for other in open.into_iter().filter(|open| open.id != own) {
        match users.end_session(&actor, &other.id).await.of(ServiceName::Users) {
            Ok(()) => closed += 1,
            Err(refusal) if refusal.code() == ErrorCode::SessionEnded => {}
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(Said { logged_in, ..said(format!("{closed} other connections are closed")) })
}

async fn info(session: &mut Session, nick: Option<String>) -> Result<Said, Refusal> {
    let actor = session.actor()?;
    let Some(nick) = nick else {
        let account = session.gateway.users.account(&actor).await.of(ServiceName::Users)?;
        return Ok(said(format!("{} is your account since {}", account.name, account.created_at)));
    };
    let person = session.person(&nick).await?;
    let user = session.gateway.users.user(Caller::Actor(&actor), &person.id).await.of(ServiceName::Users)?;
    Ok(said(match user.account {
        Some(account) => format!("{} is logged in as {account}", person.nick),
        None => format!("{} has not logged in", person.nick),
    }))
}

/// The name is said once more, so that nobody does it by mistake.
async fn drop_account(session: &mut Session, account: &str) -> Result<Said, Refusal> {
    let actor = session.actor()?;
    let own = actor.account.as_ref().ok_or_else(no_account)?;
    if api::AccountName::try_from(account).ok().as_ref() != Some(own) {
        return Err(Refusal::new(ErrorCode::Forbidden).detail(format!("{account} is not your account")));
    }
    session.gateway.users.erase_account(&actor).await.of(ServiceName::Users)?;
    Ok(said(format!("{own} is erased")))
}

fn no_account() -> Refusal {
    Refusal::new(ErrorCode::NoSuchAccount).detail("you have not logged in to an account")
}

async fn add_certificate(session: &mut Session, fingerprint: Option<String>) -> Result<Said, Refusal> {
    let fingerprint = match (fingerprint, &session.certificate) {
        (Some(text), _) => parse(&text)?,
        (None, Some(shown)) => shown.clone(),
        (None, None) => {
            let detail = "you show no certificate on this connection: name its SHA-256";
            return Err(Refusal::new(ErrorCode::MissingParameter).detail(detail));
        }
    };
    let (actor, new) = (session.actor()?, NewCertificate { fingerprint });
    let added = session.gateway.users.add_certificate(&actor, &new).await.of(ServiceName::Users)?;
    Ok(said(format!("{} logs in to your account from now on", added.fingerprint)))
}

fn parse(fingerprint: &str) -> Result<Fingerprint, Refusal> {
    Fingerprint::try_from(fingerprint)
        .map_err(|error| Refusal::new(ErrorCode::InvalidParameter).detail(error.to_string()))
}
