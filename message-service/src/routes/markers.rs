//! `…/read-marker`: how far somebody has read.

use api::{ErrorCode, Problem, auth::Scope, messages::ReadMarker};
use axum::extract::State;
use kit::{
    Caller, Failure,
    extract::{Json, Path},
};

use super::parts;
use crate::{app::App, store::Place};

/// How far one has read in a channel
#[utoipa::path(get, path = "/v1/channels/{channel}/read-marker", tag = "conversations",
    params(("channel" = String, Path, description = "an id, or a name without its first #")),
    responses((status = 200, body = ReadMarker), (status = "4XX", body = Problem), (status = 503, body = Problem)))]
pub(super) async fn channel(
    State(app): State<App>,
    caller: Caller,
    Path(channel): Path<String>,
) -> kit::Result<Json<ReadMarker>> {
    caller.require(Scope::Read)?;
    let place = in_channel(&app, &caller, &channel).await?;
    read(&app, &caller, place).await
}

/// Sets how far one has read in a channel
#[utoipa::path(put, path = "/v1/channels/{channel}/read-marker", tag = "conversations",
    params(("channel" = String, Path, description = "an id, or a name without its first #")), request_body = ReadMarker,
    responses((status = 200, body = ReadMarker), (status = "4XX", body = Problem), (status = 503, body = Problem)))]
pub(super) async fn set_channel(
    State(app): State<App>,
    caller: Caller,
    Path(channel): Path<String>,
    Json(marker): Json<ReadMarker>,
) -> kit::Result<Json<ReadMarker>> {
    caller.require(Scope::Write)?;
    let place = in_channel(&app, &caller, &channel).await?;
    set(&app, &caller, place, marker).await
}

/// How far one has read in a direct conversation
#[utoipa::path(get, path = "/v1/users/{user}/read-marker", tag = "conversations",
    params(("user" = String, Path, description = "an id, a nick or `me`")),
    responses((status = 200, body = ReadMarker), (status = "4XX", body = Problem), (status = 503, body = Problem)))]
pub(super) async fn direct(
    State(app): State<App>,
    caller: Caller,
    Path(user): Path<String>,
) -> kit::Result<Json<ReadMarker>> {
    caller.require(Scope::Read)?;
    let place = with_user(&app, &caller, &user).await?;
    read(&app, &caller, place).await
}

/// Sets how far one has read in a direct conversation
#[utoipa::path(put, path = "/v1/users/{user}/read-marker", tag = "conversations",
    params(("user" = String, Path, description = "an id, a nick or `me`")), request_body = ReadMarker,
    responses((status = 200, body = ReadMarker), (status = "4XX", body = Problem), (status = 503, body = Problem)))]
pub(super) async fn set_direct(
    State(app): State<App>,
    caller: Caller,
    Path(user): Path<String>,
    Json(marker): Json<ReadMarker>,
) -> kit::Result<Json<ReadMarker>> {
    caller.require(Scope::Write)?;
    let place = with_user(&app, &caller, &user).await?;
    set(&app, &caller, place, marker).await
}

async fn in_channel(app: &App, caller: &Caller, segment: &str) -> kit::Result<Option<Place>> {
    let channel = parts::channel(app, segment).await?;
    parts::readable(app, caller.person()?, &channel).await?;
    Ok(app.store.conversation(&channel.into()).await?)
}

async fn with_user(app: &App, caller: &Caller, segment: &str) -> kit::Result<Option<Place>> {
    let actor = caller.person()?;
    let other = parts::user(app, actor, segment).await?;
    let place = app.store.direct(actor.id(), &other).await?;
    if place.is_none() {
        parts::person(app, actor, other.as_str()).await?;
    }
    Ok(place)
}

async fn read(app: &App, caller: &Caller, place: Option<Place>) -> kit::Result<Json<ReadMarker>> {
    let Some(place) = place else { return Ok(Json(ReadMarker { seq: 0 })) };
    Ok(Json(ReadMarker { seq: app.store.read_marker(caller.person()?.id(), place.n).await? }))
}

async fn set(
    app: &App,
    caller: &Caller,
    place: Option<Place>,
    marker: ReadMarker,
) -> kit::Result<Json<ReadMarker>> {
    let last = match &place {
        Some(place) => app.store.bounds(place.n).await?.last(),
        None => 0,
    };
    if marker.seq > last {
        let detail = format!("the conversation has come to seq {last} only");
        return Err(Failure::new(ErrorCode::InvalidParameter).detail(&detail).field("/seq", detail));
    }
    if let Some(place) = place {
        app.store.set_read_marker(caller.person()?.id(), place.n, marker.seq).await?;
    }
    Ok(Json(marker))
}
