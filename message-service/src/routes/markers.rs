//! `…/read-marker`: how far somebody has read.

use std::time::Instant;

use api::{
    ErrorCode, Problem, Timestamp,
    auth::Scope,
    messages::{Marked, ReadMarker, SetReadMarker, Signal},
};
use axum::extract::State;
use http::HeaderMap;
use kit::{
    Caller, Failure,
    extract::{Json, Path},
};

use super::{parts, signals};
use crate::{
    app::App,
    domain::{act::Grant, policy::Deed},
    store::{Place, Reading},
};

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

/// Sets how far one has read in a channel: at an entry, or up to a moment, which never goes back
#[utoipa::path(put, path = "/v1/channels/{channel}/read-marker", tag = "conversations",
    params(("channel" = String, Path, description = "an id, or a name without its first #")), request_body = SetReadMarker,
    responses((status = 200, body = ReadMarker), (status = "4XX", body = Problem), (status = 503, body = Problem)))]
pub(super) async fn set_channel(
    State(app): State<App>,
    caller: Caller,
    Path(channel): Path<String>,
    headers: HeaderMap,
    Json(wanted): Json<SetReadMarker>,
) -> kit::Result<Json<ReadMarker>> {
    let actor = caller.require(Scope::Write)?;
    match to(wanted)? {
        To::Seq(seq) => {
            let place = in_channel(&app, &caller, &channel).await?;
            set(&app, &caller, place, seq).await
        }
        To::Moment(at) => {
            let channel = parts::channel(&app, &channel).await?;
            let granted = parts::grant(&app, actor, &channel, Instant::now(), Deed::Read).await?;
            let Grant::Channel { name, .. } = granted else { return Ok(Json(ReadMarker::default())) };
            let reading = Reading::Channel(&channel, &name);
            let marker = app.store.read_until(actor.id(), reading, at).await?;
            Ok(Json(told(&app, &caller, &headers, name.to_string(), marker)?))
        }
    }
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

/// Sets how far one has read in a direct conversation: at an entry, or up to a moment, which never goes back
#[utoipa::path(put, path = "/v1/users/{user}/read-marker", tag = "conversations",
    params(("user" = String, Path, description = "an id, a nick or `me`")), request_body = SetReadMarker,
    responses((status = 200, body = ReadMarker), (status = "4XX", body = Problem), (status = 503, body = Problem)))]
pub(super) async fn set_direct(
    State(app): State<App>,
    caller: Caller,
    Path(user): Path<String>,
    headers: HeaderMap,
    Json(wanted): Json<SetReadMarker>,
) -> kit::Result<Json<ReadMarker>> {
    let actor = caller.require(Scope::Write)?;
    match to(wanted)? {
        To::Seq(seq) => {
            let place = with_user(&app, &caller, &user).await?;
            set(&app, &caller, place, seq).await
        }
        To::Moment(at) => {
            let other = parts::person(&app, actor, &user).await?;
            let marker = app.store.read_until(actor.id(), Reading::With(&other.id), at).await?;
            Ok(Json(told(&app, &caller, &headers, other.nick.to_string(), marker)?))
        }
    }
}

/// Tells their other sessions.
fn told(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    target: String,
    marker: ReadMarker,
) -> kit::Result<ReadMarker> {
    let actor = caller.person()?;
    if let Some(at) = marker.at {
        let session = caller.service.and(actor.session.clone());
        let marked = Marked { user: actor.id().clone(), target, at, session };
        signals::publish(app, caller, headers, &Signal::Marked(marked));
    }
    Ok(marker)
}

enum To {
    Seq(u64),
    Moment(Timestamp),
}

fn to(wanted: SetReadMarker) -> kit::Result<To> {
    match (wanted.seq, wanted.at) {
        (Some(seq), None) => Ok(To::Seq(seq)),
        (None, Some(at)) => Ok(To::Moment(at)),
        _ => Err(Failure::new(ErrorCode::InvalidParameter).detail("give one of seq and at")),
    }
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
    let Some(place) = place else { return Ok(Json(ReadMarker::default())) };
    Ok(Json(app.store.read_marker(caller.person()?.id(), place.n).await?))
}

async fn set(app: &App, caller: &Caller, place: Option<Place>, seq: u64) -> kit::Result<Json<ReadMarker>> {
    let last = match &place {
        Some(place) => app.store.bounds(place.n).await?.last(),
        None => 0,
    };
    if seq > last {
        let detail = format!("the conversation has come to seq {last} only");
        return Err(Failure::new(ErrorCode::InvalidParameter).detail(&detail).field("/seq", detail));
    }
    let Some(place) = place else { return Ok(Json(ReadMarker::default())) };
    Ok(Json(app.store.set_read_marker(caller.person()?.id(), place.n, seq).await?))
}
