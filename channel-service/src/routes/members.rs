//! `/v1/channels/{channel}/members`: who is in; joining, parting, kicking.

use api::{
    ErrorCode, Page, Problem,
    channels::{Changed, JoinChannel, Member},
};
use axum::{extract::State, response::Response};
use http::HeaderMap;
use kit::{
    Caller, Failure,
    extract::{Json, OptionalJson, Path, Query},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::parts::{self, PageQuery, Reader};
use crate::{App, changes::Join, domain::policy};

/// Who is in a channel, by id (members only)
#[utoipa::path(get, path = "/v1/channels/{channel}/members", tag = "members",
    params(("channel" = String, Path, description = "an id, or a name without its first #"),
        ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Page<Member>), (status = "4XX", body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(channel): Path<String>,
    Query(page): Query<PageQuery>,
) -> kit::Result<Json<Page<Member>>> {
    let reader = Reader::of(&caller)?;
    let (limit, after) = (page.limit()?, page.after()?);
    let channel = parts::channel(&channel)?;
    let (room, _) = parts::seen(&app, &reader, &channel, policy::may_see_members).await?;
    let one_more = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let mut items = app.changes.store.members(&room.channel.id, &after, one_more).await?;
    let more = items.len() > limit;
    items.truncate(limit);
    let last = items.last().filter(|_| more);
    let next = last.map(|member| parts::cursor(member.person.id.as_str()));
    Ok(Json(Page { items, next }))
}

/// Joins a channel; joining one that nobody is in begins it
#[utoipa::path(put, path = "/v1/channels/{channel}/members/{user}", tag = "members",
    params(("channel" = String, Path, description = "an id, or a name without its first #"),
        ("user" = String, Path, description = "`me` or one's own id")),
    request_body(content = Option<JoinChannel>, description = "may be empty"),
    responses((status = 201, body = Changed), (status = 200, body = Changed, description = "was in already"),
        (status = "4XX", body = Problem)))]
pub(super) async fn join(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path((channel, user)): Path<(String, String)>,
    OptionalJson(body): OptionalJson<JoinChannel>,
) -> kit::Result<Response> {
    let who = parts::who(&caller, &headers)?;
    let channel = parts::channel(&channel)?;
    if parts::user(&user, Some(&who.actor))? != *who.actor.id() {
        return Err(Failure::new(ErrorCode::Forbidden).detail("people join by themselves; invite them"));
    }
    let token_of = caller.claims.as_ref().and_then(|claims| claims.sid.clone());
    let join = Join { actor: who.actor, session: who.session, token_of, channel, key: body.key };
    let outcomes = app.changes.join(&[join], who.origin.as_deref()).await?;
    let joined = outcomes.into_iter().next().ok_or(ErrorCode::Internal)??;
    Ok(parts::created(joined))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct LeaveParams {
    /// Shown to those who stay.
    reason: Option<String>,
}

/// Leaves a channel, or takes somebody else out of it
#[utoipa::path(delete, path = "/v1/channels/{channel}/members/{user}", tag = "members",
    params(("channel" = String, Path, description = "an id, or a name without its first #"),
        ("user" = String, Path, description = "an id or `me`"), LeaveParams),
    responses((status = 200, body = Changed), (status = "4XX", body = Problem)))]
pub(super) async fn leave(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path((channel, user)): Path<(String, String)>,
    Query(params): Query<LeaveParams>,
) -> kit::Result<Response> {
    let who = parts::who(&caller, &headers)?;
    let channel = parts::channel(&channel)?;
    let user_id = parts::user(&user, Some(&who.actor))?;
    let reason = params.reason.filter(|reason| !reason.is_empty());
    let reason = reason.map(|reason| parts::line(reason, "/reason")).transpose()?;
    // A gateway kicks by id, be it oneself; "me" parts, and so does one's own id over REST.
    let parts_itself = user == "me" || (user_id == *who.actor.id() && caller.service.is_none());
    let left = if parts_itself {
        app.changes.leave(&who, &channel, reason).await?
    } else {
        app.changes.kick(&who, &channel, &user_id, reason).await?
    };
    Ok(parts::changed(left))
}
