//! `GET …/messages`: what was said.

use api::{Problem, auth::Scope, messages::History};
use axum::extract::State;
use kit::{
    Caller,
    extract::{Json, Path, Query},
};

use super::parts;
use crate::{app::App, domain::page::HistoryQuery};

/// A page of a channel's history (members only), ascending by seq; without a cursor the latest
#[utoipa::path(get, path = "/v1/channels/{channel}/messages", tag = "messages",
    params(("channel" = String, Path, description = "an id, or a name without its first #"), HistoryQuery),
    responses((status = 200, body = History), (status = "4XX", body = Problem), (status = 503, body = Problem)))]
pub(super) async fn channel(
    State(app): State<App>,
    caller: Caller,
    Path(channel): Path<String>,
    Query(query): Query<HistoryQuery>,
) -> kit::Result<Json<History>> {
    let actor = caller.require(Scope::Read)?;
    let (range, limit) = query.range()?;
    let channel = parts::channel(&app, &channel).await?;
    let floor = parts::readable(&app, actor, &channel).await?;
    let Some(place) = app.store.conversation(&channel.into()).await? else { return Ok(Json(nothing(floor))) };
    Ok(Json(app.store.page(place.n, floor, range, limit).await?))
}

/// A page of a direct conversation, ascending by seq; without a cursor the latest
#[utoipa::path(get, path = "/v1/users/{user}/messages", tag = "messages",
    params(("user" = String, Path, description = "an id, a nick or `me`"), HistoryQuery),
    responses((status = 200, body = History), (status = "4XX", body = Problem), (status = 503, body = Problem)))]
pub(super) async fn direct(
    State(app): State<App>,
    caller: Caller,
    Path(user): Path<String>,
    Query(query): Query<HistoryQuery>,
) -> kit::Result<Json<History>> {
    let actor = caller.require(Scope::Read)?;
    let (range, limit) = query.range()?;
    let other = parts::user(&app, actor, &user).await?;
    if let Some(place) = app.store.direct(actor.id(), &other).await? {
        return Ok(Json(app.store.page(place.n, 0, range, limit).await?));
    }
    // Nothing was said yet; somebody who does not exist is told apart from that.
    parts::person(&app, actor, other.as_str()).await?;
    Ok(Json(nothing(0)))
}

fn nothing(floor: u64) -> History {
    History { items: Vec::new(), first_seq: floor + 1, has_before: false, has_after: false }
}
