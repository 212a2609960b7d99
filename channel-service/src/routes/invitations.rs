//! Invitations to a channel.

use api::{
    Page, Problem,
    channels::{Changed, Invitation, NewInvitation},
};
use axum::{extract::State, response::Response};
use http::{HeaderMap, StatusCode};
use kit::{
    Caller,
    extract::{Json, OptionalJson, Path, Query},
};

use super::parts::{self, PageQuery, Reader};
use crate::{App, domain::policy};

/// Invitations that stand, by the id of who is invited (those who may invite)
#[utoipa::path(get, path = "/v1/channels/{channel}/invitations", tag = "lists",
    params(("channel" = String, Path, description = "an id, or a name without its first #"),
        ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Page<Invitation>), (status = "4XX", body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(channel): Path<String>,
    Query(page): Query<PageQuery>,
) -> kit::Result<Json<Page<Invitation>>> {
    let reader = Reader::of(&caller)?;
    let (limit, after) = (page.limit()?, page.after()?);
    let channel = parts::channel(&channel)?;
    let (room, _) = parts::seen(&app, &reader, &channel, policy::may_invite).await?;
    let one_more = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let now = app.changes.clock.now();
    let mut items = app.changes.store.invited(&room.channel.id, now, &after, one_more).await?;
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|last| parts::cursor(last.user.as_str()));
    Ok(Json(Page { items, next }))
}

/// Invites somebody
#[utoipa::path(put, path = "/v1/channels/{channel}/invitations/{user}", tag = "lists",
    params(("channel" = String, Path, description = "an id, or a name without its first #"),
        ("user" = String, Path, description = "an id")),
    request_body(content = Option<NewInvitation>, description = "may be empty"),
    responses((status = 200, body = Changed), (status = "4XX", body = Problem)))]
pub(super) async fn invite(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path((channel, user)): Path<(String, String)>,
    OptionalJson(body): OptionalJson<NewInvitation>,
) -> kit::Result<Response> {
    let who = parts::who(&caller, &headers)?;
    let channel = parts::channel(&channel)?;
    let user = parts::user(&user, Some(&who.actor))?;
    Ok(parts::changed(app.changes.invite(&who, &channel, &user, body.expires_at).await?))
}

/// Takes an invitation back; once more changes nothing
#[utoipa::path(delete, path = "/v1/channels/{channel}/invitations/{user}", tag = "lists",
    params(("channel" = String, Path, description = "an id, or a name without its first #"),
        ("user" = String, Path, description = "an id")),
    responses((status = 204), (status = "4XX", body = Problem)))]
pub(super) async fn withdraw(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path((channel, user)): Path<(String, String)>,
) -> kit::Result<StatusCode> {
    let who = parts::who(&caller, &headers)?;
    let channel = parts::channel(&channel)?;
    let user = parts::user(&user, Some(&who.actor))?;
    app.changes.uninvite(&who, &channel, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}
