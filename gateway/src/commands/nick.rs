use api::{
    ErrorCode, Nick,
    auth::{Actor, ServiceName},
    users::{Credentials, PatchUser, UserChanged},
};

use crate::{
    command::{Answer, Asked, Outcome, Refusal},
    reopen,
    session::Session,
};

/// The first makes a guest, a later one renames.
pub(super) async fn nick(session: &mut Session, nick: String) -> Answer {
    let wanted = parse(&nick)?;
    let answer =
        if session.is_somebody() { rename(session, &wanted).await } else { enter(session, &wanted).await };
    answer.map_err(|refusal| refusal.nick(wanted.as_str()))
}

pub(super) fn parse(nick: &str) -> Result<Nick, Refusal> {
    Nick::try_from(nick)
        .map_err(|error| Refusal::new(ErrorCode::InvalidNick).nick(nick).detail(error.to_string()))
}

pub(super) async fn enter(session: &mut Session, wanted: &Nick) -> Answer {
    let credentials = Credentials::Guest { nick: wanted.to_string() };
    let open = reopen::opening(&session.gateway, &session.client, session.address(), credentials);
    let id = open.id.clone();
    let gateway = &session.gateway;
    let mut opened = gateway.opens.put(open.clone()).await;
    if opened.as_ref().is_err_and(|refusal| refusal.code() == ErrorCode::NickInUse)
        && gateway.leaving.wait(wanted).await
    {
        opened = gateway.opens.put(open).await;
    }
    let opened = opened.inspect_err(|refusal| session.may_be_open(id, refusal))?;
    session.opened(&opened).await;
    Ok(Outcome::Nick { nick: opened.user.person.nick })
}

async fn rename(session: &mut Session, wanted: &Nick) -> Answer {
    let actor = session.actor()?;
    let patch = PatchUser { nick: Some(wanted.to_string()), ..PatchUser::default() };
    let changed = change(session, &actor, &patch).await?;
    session.gateway.hub.user_changed(session.client.id, changed.events);
    Ok(Outcome::Nick { nick: changed.user.person.nick })
}

pub(super) async fn change(
    session: &Session,
    actor: &Actor,
    patch: &PatchUser,
) -> Result<UserChanged, Refusal> {
    session.gateway.users.change(actor, patch).await.of(ServiceName::Users)
}
