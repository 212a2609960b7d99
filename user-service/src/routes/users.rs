//! `/v1/users`: people, as everybody may see them.

use api::{
    ErrorCode, Nick, Page, Problem, Timestamp,
    auth::Scope,
    page::Batch,
    users::{FormerNick, Lookup, MAX_LOOKUP, MAX_REALNAME_BYTES, PatchUser, User, UserChanged},
};
use axum::extract::State;
use kit::{
    Caller, Failure, Result,
    extract::{Json, Path, Query},
};

use super::{
    asker::{Known, by_path},
    paging::{Paging, at_most},
};
use crate::{
    app::App,
    login,
    store::{presence::Change, users::UserRow},
};

/// Whoever may read about people: services, and people with the scope.
pub(super) fn reader(caller: &Caller) -> Result<()> {
    if caller.service.is_some() && caller.actor.is_none() {
        return Ok(());
    }
    caller.require(Scope::Read).map(drop)
}

/// Who is meant by the path, if the caller may read about people.
pub(super) async fn read(app: &App, caller: &Caller, user: &str) -> Result<UserRow> {
    reader(caller)?;
    match user {
        "me" => by_path(app, caller.person()?.id().as_str()).await,
        other => by_path(app, other).await,
    }
}

/// Shows a person: by id, by the nick they have now, or oneself (`me`).
#[utoipa::path(get, path = "/v1/users/{user}", tag = "users",
    params(("user" = String, Path, description = "An id, a nick or `me`")), responses(
    (status = 200, description = "The person", body = User),
    (status = 404, description = "no-such-nick", body = Problem),
))]
pub(super) async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(user): Path<String>,
) -> Result<Json<User>> {
    Ok(Json(read(&app, &caller, &user).await?.view()))
}

/// Changes one's nick, away text, real name or modes.
#[utoipa::path(patch, path = "/v1/users/{user}", tag = "users",
    params(("user" = String, Path, description = "`me`, or one's own id")), request_body = PatchUser, responses(
    (status = 200, description = "The person, with the events that the change made", body = UserChanged),
    (status = 403, description = "forbidden: it is somebody else", body = Problem),
    (status = 409, description = "nick-in-use", body = Problem),
    (status = 422, description = "invalid-nick, text-too-long", body = Problem),
))]
pub(super) async fn patch(
    State(app): State<App>,
    Known(asker): Known,
    Path(user): Path<String>,
    Json(body): Json<PatchUser>,
) -> Result<Json<UserChanged>> {
    let actor = asker.caller.require(Scope::Write)?;
    if user != "me" && user != actor.id().as_str() {
        return Err(Failure::new(ErrorCode::Forbidden).detail("only oneself can be changed: /v1/users/me"));
    }
    let nick = body.nick.as_deref().map(|text| login::nick(text, "/nick")).transpose()?;
    if let Some(nick) = &nick {
        app.check_bans(None, &actor.host, nick, actor.account.as_ref())?;
    }
    let realname = body.realname.map(String::from);
    if realname.as_deref().is_some_and(|name| !login::is_realname(name)) {
        let detail = format!("a real name has at most {MAX_REALNAME_BYTES} bytes");
        return Err(Failure::new(ErrorCode::TextTooLong).detail(&detail).field("/realname", detail));
    }
    let modes = body.modes.unwrap_or_default();
    let change = Change { nick, away: body.away.map(String::from), realname, modes };
    let (user, events) = app.store.change(actor.id(), change, actor.session.as_ref(), app.now()).await?;
    app.announce(&events, asker.origin.as_deref());
    Ok(Json(UserChanged { user: user.view(), events }))
}

/// Shows many people at once, by id or by nick; those that do not exist are left out.
#[utoipa::path(post, path = "/v1/users:lookup", tag = "users", request_body = Lookup, responses(
    (status = 200, description = "Those that exist", body = Batch<User>),
    (status = 422, description = "invalid-parameter: more than 1000", body = Problem),
))]
pub(super) async fn lookup(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<Lookup>,
) -> Result<Json<Batch<User>>> {
    reader(&caller)?;
    let Lookup { ids, nicks } = body;
    at_most(MAX_LOOKUP, "ids", &ids)?;
    at_most(MAX_LOOKUP, "nicks", &nicks)?;
    let nicks: Vec<Nick> = nicks.into_iter().filter_map(|nick| Nick::try_from(nick).ok()).collect();
    let mut found = if ids.is_empty() { Vec::new() } else { app.store.many(&ids).await? };
    if !nicks.is_empty() {
        let wearers = app.store.wearers(&nicks).await?;
        found.extend(wearers.into_iter().filter(|user| !ids.contains(&user.id)));
    }
    Ok(Json(Batch { items: found.iter().map(|user| user.view()).collect() }))
}

/// Who had this nick lately, latest first.
#[utoipa::path(get, path = "/v1/nicks/{nick}/history", tag = "users",
    params(("nick" = String, Path), Paging), responses(
    (status = 200, description = "A page of those who had it", body = Page<FormerNick>),
    (status = 422, description = "invalid-nick", body = Problem),
))]
pub(super) async fn history(
    State(app): State<App>,
    caller: Caller,
    Path(nick): Path<String>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<FormerNick>>> {
    reader(&caller)?;
    let nick: Nick = login::nick(&nick, "")?;
    let (before, limit) = paging.ask()?;
    let before = match before {
        "" => Timestamp(i64::MAX),
        text => Timestamp(text.parse().map_err(|_| {
            Failure::new(ErrorCode::InvalidParameter).detail("the cursor is not one of this list")
        })?),
    };
    let found = app.store.former_nicks(&nick, before, limit).await?;
    Ok(Json(paging.page(found, |former| former.until.0.to_string())?))
}
