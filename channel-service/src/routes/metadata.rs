//! What operators say of a channel, for programs to show.

use api::{
    ErrorCode, Problem,
    channels::Changed,
    metadata::{MetadataKey, MetadataValue, Metadatum, SetMetadatum},
    page::Batch,
};
use axum::{extract::State, response::Response};
use http::HeaderMap;
use kit::{
    Caller, Failure,
    extract::{Json, Path},
};

use super::parts::{self, Reader};
use crate::{App, domain::policy};

/// What is said of a channel, by key; of one that is closed to some, for those who are in
#[utoipa::path(get, path = "/v1/channels/{channel}/metadata", tag = "settings",
    params(("channel" = String, Path, description = "an id, or a name without its first #")),
    responses((status = 200, body = Batch<Metadatum>), (status = "4XX", body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(channel): Path<String>,
) -> kit::Result<Json<Batch<Metadatum>>> {
    Ok(Json(Batch { items: read(&app, &caller, &channel).await? }))
}

/// One value; `not-found` where nothing is said under that key
#[utoipa::path(get, path = "/v1/channels/{channel}/metadata/{key}", tag = "settings",
    params(("channel" = String, Path, description = "an id, or a name without its first #"),
        ("key" = String, Path)),
    responses((status = 200, body = Metadatum), (status = "4XX", body = Problem)))]
pub(super) async fn show(
    State(app): State<App>,
    caller: Caller,
    Path((channel, name)): Path<(String, String)>,
) -> kit::Result<Json<Metadatum>> {
    let items = read(&app, &caller, &channel).await?;
    let name = key(name)?;
    let none = || Failure::new(ErrorCode::NotFound).detail(format!("nothing is said under {name}"));
    items.into_iter().find(|datum| datum.key == name).map(Json).ok_or_else(none)
}

/// Says something of a channel (operators of the channel)
#[utoipa::path(put, path = "/v1/channels/{channel}/metadata/{key}", tag = "settings", request_body = SetMetadatum,
    params(("channel" = String, Path, description = "an id, or a name without its first #"),
        ("key" = String, Path)),
    responses((status = 200, body = Changed), (status = "4XX", body = Problem)))]
pub(super) async fn set(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path((channel, name)): Path<(String, String)>,
    Json(body): Json<SetMetadatum>,
) -> kit::Result<Response> {
    let who = parts::who(&caller, &headers)?;
    let channel = parts::channel(&channel)?;
    let value = MetadataValue::try_from(body.value).map_err(|error| error.problem("/value"))?;
    Ok(parts::changed(app.changes.say(&who, &channel, key(name)?, Some(value.into())).await?))
}

/// Says it no more; once more changes nothing
#[utoipa::path(delete, path = "/v1/channels/{channel}/metadata/{key}", tag = "settings",
    params(("channel" = String, Path, description = "an id, or a name without its first #"),
        ("key" = String, Path)),
    responses((status = 200, body = Changed), (status = "4XX", body = Problem)))]
pub(super) async fn remove(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path((channel, name)): Path<(String, String)>,
) -> kit::Result<Response> {
    let who = parts::who(&caller, &headers)?;
    let channel = parts::channel(&channel)?;
    Ok(parts::changed(app.changes.say(&who, &channel, key(name)?, None).await?))
}

/// Says nothing of a channel any more
#[utoipa::path(delete, path = "/v1/channels/{channel}/metadata", tag = "settings",
    params(("channel" = String, Path, description = "an id, or a name without its first #")),
    responses((status = 200, body = Changed), (status = "4XX", body = Problem)))]
pub(super) async fn clear(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(channel): Path<String>,
) -> kit::Result<Response> {
    let who = parts::who(&caller, &headers)?;
    let channel = parts::channel(&channel)?;
    Ok(parts::changed(app.changes.unsay_all(&who, &channel).await?))
}

async fn read(app: &App, caller: &Caller, channel: &str) -> kit::Result<Vec<Metadatum>> {
    let reader = Reader::of(caller)?;
    let channel = parts::channel(channel)?;
    let (room, _) = parts::seen(app, &reader, &channel, policy::may_see_metadata).await?;
    Ok(app.changes.store.metadata(&room.channel.id).await?)
}

fn key(name: String) -> kit::Result<MetadataKey> {
    MetadataKey::try_from(name).map_err(|error| error.problem("").into())
}
