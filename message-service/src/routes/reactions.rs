//! `/v1/messages/{id}/reactions/{emoji}`.

use api::{Entry, Problem};
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use kit::{
    Caller,
    extract::{Json, Path},
};

use super::{message, parts};
use crate::{app::App, domain::act::What};

/// Reacts to a message; once more changes nothing
#[utoipa::path(put, path = "/v1/messages/{id}/reactions/{emoji}", tag = "messages",
    params(("id" = String, Path, description = "a message's id"), ("emoji" = String, Path, description = "an emoji or a word")),
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
    params(("id" = String, Path, description = "a message's id"), ("emoji" = String, Path, description = "an emoji or a word")),
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
