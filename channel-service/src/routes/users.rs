//! `/v1/users/{user}/…`: where somebody is, and where they may come in.

use api::{
    ErrorCode, Page, Problem,
    auth::Scope,
    channels::{InvitedTo, Membership},
};
use axum::extract::State;
use kit::{
    Caller, Failure,
    extract::{Json, Path, Query},
};

use super::parts::{self, PageQuery, Reader};
use crate::{App, store::ListQuery};

/// Channels that somebody is in, by name; of others those that may be seen
#[utoipa::path(get, path = "/v1/users/{user}/channels", tag = "members",
    params(("user" = String, Path, description = "an id or `me`"),
        ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Page<Membership>), (status = "4XX", body = Problem)))]
pub(super) async fn channels(
    State(app): State<App>,
    caller: Caller,
    Path(user): Path<String>,
    Query(page): Query<PageQuery>,
) -> kit::Result<Json<Page<Membership>>> {
    let reader = Reader::of(&caller)?;
    let (limit, after) = (page.limit()?, page.after()?);
    let (actor, sees_all) = match &reader {
        Reader::Service => (None, true),
        Reader::Person(actor) => (Some(*actor), actor.is_operator()),
    };
    let user = parts::user(&user, actor)?;
    let asker = actor.map(|actor| actor.id().to_string()).unwrap_or_default();
    let query = ListQuery {
        after: &after,
        min_members: 0,
        sees_all,
        asker: &asker,
        limit: i64::try_from(limit + 1).unwrap_or(i64::MAX),
    };
    let mut found = app.changes.store.channels_of(&user, query).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|(key, _)| parts::cursor(key));
    Ok(Json(Page { items: found.into_iter().map(|(_, membership)| membership).collect(), next }))
}

/// Channels that one is invited to, by name
#[utoipa::path(get, path = "/v1/users/{user}/invitations", tag = "members",
    params(("user" = String, Path, description = "`me`, or one's own id"),
        ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Page<InvitedTo>), (status = "4XX", body = Problem)))]
pub(super) async fn invitations(
    State(app): State<App>,
    caller: Caller,
    Path(user): Path<String>,
    Query(page): Query<PageQuery>,
) -> kit::Result<Json<Page<InvitedTo>>> {
    let actor = caller.require(Scope::Read)?;
    let (limit, after) = (page.limit()?, page.after()?);
    if parts::user(&user, Some(actor))? != *actor.id() {
        let detail = "what others are invited to is theirs to know: /v1/users/me/invitations";
        return Err(Failure::new(ErrorCode::Forbidden).detail(detail));
    }
    let now = app.changes.clock.now();
    let one_more = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let mut found = app.changes.store.invited_to(actor.id(), now, &after, one_more).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|(key, _)| parts::cursor(key));
    Ok(Json(Page { items: found.into_iter().map(|(_, invited)| invited).collect(), next }))
}
