//! `/v1/messages/{id}/reactions`.

use api::{
    Entry, Page, Problem,
    auth::Scope,
    messages::{MAX_REACTIONS, Reaction},
};
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use kit::{
    Caller,
    extract::{Json, Path, Query},
};

use super::{
    conversations::{self, ListQuery},
    message, parts,
};
use crate::{
    app::App,
    domain::{act::What, page, reactions::standing},
};

/// The reactions that stand under a message, the first given first; of very many entries about it, the first 10,000 count
#[utoipa::path(get, path = "/v1/messages/{id}/reactions", tag = "messages",
    params(("id" = String, Path, description = "a message's id"), ListQuery),
    responses((status = 200, body = Page<Reaction>), (status = "4XX", body = Problem), (status = 503, body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<ListQuery>,
) -> kit::Result<Json<Page<Reaction>>> {
    let actor = caller.require(Scope::Read)?;
    let id = parts::message_id(&id)?;
    let limit = page::limit(query.limit)? as usize;
    let after = conversations::after(query.cursor.as_deref())? as u64;
    let (place, floor) = parts::of_message(&app, actor, &id).await?;
    message::read(&app, &place, floor, &id).await?;
    let mut found = standing(app.store.reactions(place.n, id.seq, MAX_REACTIONS).await?);
    found.retain(|(since, _)| *since > after);
    let next = (found.len() > limit).then(|| found[limit - 1].0.to_string());
    let items = found.into_iter().take(limit).map(|(_, reaction)| reaction).collect();
    Ok(Json(Page { items, next }))
}

/// Reacts to a message; once more changes nothing
#[utoipa::path(put, path = "/v1/messages/{id}/reactions/{emoji}", tag = "messages",
    params(("id" = String, Path, description = "a message's id"), ("emoji" = String, Path, description = "one emoji, at most 64 bytes")),
    responses((status = 200, body = Entry), (status = "4XX", body = Problem), (status = 503, body = Problem)))]
pub(super) async fn react(
    State(app): State<App>,
    caller: Caller,
    Path((id, emoji)): Path<(String, String)>,
    headers: HeaderMap,
) -> kit::Result<Json<Entry>> {
    let id = parts::message_id(&id)?;
    let what = What::react(id.seq, emoji)?;
    Ok(Json(message::about(&app, &caller, &headers, &id, what).await?.entry))
}

/// Takes one's reaction back
#[utoipa::path(delete, path = "/v1/messages/{id}/reactions/{emoji}", tag = "messages",
    params(("id" = String, Path, description = "a message's id"), ("emoji" = String, Path, description = "the emoji that was given")),
    responses((status = 204), (status = "4XX", body = Problem), (status = 503, body = Problem)))]
pub(super) async fn unreact(
    State(app): State<App>,
    caller: Caller,
    Path((id, emoji)): Path<(String, String)>,
    headers: HeaderMap,
) -> kit::Result<StatusCode> {
    let id = parts::message_id(&id)?;
    let what = What::unreact(id.seq, emoji)?;
    message::about(&app, &caller, &headers, &id, what).await?;
    Ok(StatusCode::NO_CONTENT)
}
