//! Topic, modes and roles of a channel.

use api::{
    Problem,
    channels::{Changed, SetRole, SetTopic},
    mode::ModesPatch,
};
use axum::{extract::State, response::Response};
use http::HeaderMap;
use kit::{
    Caller,
    extract::{Json, Path},
};
use serde::Deserialize;

use super::parts;
use crate::App;

/// [`SetTopic`] before its text is judged: a text that is too long has a word of its own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnyTopic {
    text: String,
}

/// Sets the topic; an empty one takes it away
#[utoipa::path(put, path = "/v1/channels/{channel}/topic", tag = "settings", request_body = SetTopic,
    params(("channel" = String, Path, description = "an id, or a name without its first #"),
        ("If-Match" = Option<String>, Header, description = "the `ETag` that was read")),
    responses((status = 200, body = Changed), (status = "4XX", body = Problem)))]
pub(super) async fn set_topic(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(channel): Path<String>,
    Json(body): Json<AnyTopic>,
) -> kit::Result<Response> {
    let who = parts::who(&caller, &headers)?;
    let channel = parts::channel(&channel)?;
    let text = parts::line(body.text, "/text")?;
    let expected = parts::expected(&headers)?;
    Ok(parts::changed(app.changes.set_topic(&who, &channel, &text, expected.as_deref()).await?))
}

/// Changes modes; what is left out stays, `null` takes key, limit or slow mode away
#[utoipa::path(patch, path = "/v1/channels/{channel}/modes", tag = "settings", request_body = ModesPatch,
    params(("channel" = String, Path, description = "an id, or a name without its first #"),
        ("If-Match" = Option<String>, Header, description = "the `ETag` that was read")),
    responses((status = 200, body = Changed), (status = "4XX", body = Problem)))]
pub(super) async fn set_modes(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(channel): Path<String>,
    Json(patch): Json<ModesPatch>,
) -> kit::Result<Response> {
    let who = parts::who(&caller, &headers)?;
    let channel = parts::channel(&channel)?;
    let expected = parts::expected(&headers)?;
    Ok(parts::changed(app.changes.set_modes(&who, &channel, &patch, expected.as_deref()).await?))
}

/// Gives or takes one role
#[utoipa::path(put, path = "/v1/channels/{channel}/members/{user}/roles", tag = "settings", request_body = SetRole,
    params(("channel" = String, Path, description = "an id, or a name without its first #"),
        ("user" = String, Path, description = "an id or `me`"),
        ("If-Match" = Option<String>, Header, description = "the `ETag` that was read")),
    responses((status = 200, body = Changed), (status = "4XX", body = Problem)))]
pub(super) async fn set_role(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path((channel, user)): Path<(String, String)>,
    Json(role): Json<SetRole>,
) -> kit::Result<Response> {
    let who = parts::who(&caller, &headers)?;
    let channel = parts::channel(&channel)?;
    let user = parts::user(&user, Some(&who.actor))?;
    let expected = parts::expected(&headers)?;
    Ok(parts::changed(app.changes.set_role(&who, &channel, &user, role, expected.as_deref()).await?))
}
