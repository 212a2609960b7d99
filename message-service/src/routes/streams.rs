//! `…/stream`: what is said, as it is said (server-sent events).

use std::time::Instant;

use api::{ErrorCode, Problem, auth::Scope};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::HeaderMap;
use kit::{Caller, Failure, extract::Path};

use super::parts;
use crate::{
    app::App,
    domain::policy::Deed,
    stream::{self, ConversationStream, PersonStream, Watched},
};

/// What is said in a channel from now on, or after `Last-Event-ID` (members only)
///
/// Each event's `id` is the entry's seq, its `event` the kind (`message`, `action`, `notice`, `redact`, `edit`, `reaction`,
/// `unreaction`), its `data` the entry. The last one is `closed`, with a problem, when the caller may not read on.
#[utoipa::path(get, path = "/v1/channels/{channel}/messages/stream", tag = "streams",
    params(("channel" = String, Path, description = "an id, or a name without its first #"),
        ("Last-Event-ID" = Option<u64>, Header, description = "the seq after which to go on")),
    responses((status = 200, content_type = "text/event-stream", body = String), (status = "4XX", body = Problem),
        (status = 503, body = Problem)))]
pub(super) async fn channel(
    State(app): State<App>,
    caller: Caller,
    Path(channel): Path<String>,
    headers: HeaderMap,
) -> kit::Result<Response> {
    let actor = caller.require(Scope::Read)?.clone();
    let after = last_event(&headers)?;
    let channel = parts::channel(&app, &channel).await?;
    parts::grant(&app, &actor, &channel, Instant::now(), Deed::Read).await?;
    let slot = app.streams.open(actor.id())?;
    let watched = Watched::new(&caller, actor, &headers);
    let stream = ConversationStream::of_channel(app, watched, channel, after, slot).await?;
    Ok(stream::answer(stream).into_response())
}

/// What is said in a direct conversation from now on, or after `Last-Event-ID`
#[utoipa::path(get, path = "/v1/users/{user}/messages/stream", tag = "streams",
    params(("user" = String, Path, description = "an id, a nick or `me`"),
        ("Last-Event-ID" = Option<u64>, Header, description = "the seq after which to go on")),
    responses((status = 200, content_type = "text/event-stream", body = String), (status = "4XX", body = Problem),
        (status = 503, body = Problem)))]
pub(super) async fn direct(
    State(app): State<App>,
    caller: Caller,
    Path(user): Path<String>,
    headers: HeaderMap,
) -> kit::Result<Response> {
    let actor = caller.require(Scope::Read)?.clone();
    let after = last_event(&headers)?;
    let other = parts::person(&app, &actor, &user).await?;
    let slot = app.streams.open(actor.id())?;
    let watched = Watched::new(&caller, actor, &headers);
    let stream = ConversationStream::with_user(app, watched, other.id, after, slot).await?;
    Ok(stream::answer(stream).into_response())
}

/// What is said in all of the caller's conversations from now on, or after `Last-Event-ID`
///
/// Each event's `id` is one cursor for all conversations; the events are those of the streams of single conversations.
#[utoipa::path(get, path = "/v1/users/me/stream", tag = "streams",
    params(("Last-Event-ID" = Option<i64>, Header, description = "the id of the last event received")),
    responses((status = 200, content_type = "text/event-stream", body = String), (status = "4XX", body = Problem),
        (status = 503, body = Problem)))]
pub(super) async fn everything(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
) -> kit::Result<Response> {
    let actor = caller.require(Scope::Read)?.clone();
    let after = last_event(&headers)?;
    let slot = app.streams.open(actor.id())?;
    let watched = Watched::new(&caller, actor, &headers);
    let stream = PersonStream::open(app, watched, after, slot).await?;
    Ok(stream::answer(stream).into_response())
}

fn last_event(headers: &HeaderMap) -> kit::Result<Option<u64>> {
    let Some(header) = headers.get("last-event-id") else { return Ok(None) };
    let id = header.to_str().ok().and_then(|text| text.trim().parse().ok());
    id.map(Some).ok_or_else(|| {
        Failure::new(ErrorCode::InvalidParameter).detail("Last-Event-ID is none that this stream gave")
    })
}
