//! `/v1/users/{user}/metadata`: what people say of themselves, for programs to show.

use api::{
    ErrorCode, Problem,
    auth::{Actor, Scope},
    metadata::{
        MAX_METADATA_KEYS, MAX_METADATA_LOOKUP, MetadataKey, MetadataLookup, MetadataValue, Metadatum,
        MetadatumOf, SetMetadatum,
    },
    page::Batch,
    users::UserChanged,
};
use axum::extract::State;
use kit::{
    Caller, Failure, Result,
    extract::{Json, Path},
};

use super::{
    asker::{Asker, Known},
    paging::at_most,
    users::{read, reader},
};
use crate::{app::App, store::metadata::Change};

/// What somebody says of themselves, by key: all of it, a few dozen pairs at most.
#[utoipa::path(get, path = "/v1/users/{user}/metadata", tag = "users",
    params(("user" = String, Path, description = "An id, a nick or `me`")), responses(
    (status = 200, description = "All pairs", body = Batch<Metadatum>),
    (status = 404, description = "no-such-nick", body = Problem),
))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(user): Path<String>,
) -> Result<Json<Batch<Metadatum>>> {
    let user = read(&app, &caller, &user).await?;
    Ok(Json(Batch { items: app.store.metadata(&user.id).await? }))
}

/// One value.
#[utoipa::path(get, path = "/v1/users/{user}/metadata/{key}", tag = "users",
    params(("user" = String, Path, description = "An id, a nick or `me`"), ("key" = String, Path)), responses(
    (status = 200, description = "The pair", body = Metadatum),
    (status = 404, description = "no-such-nick, not-found: they say nothing under that key", body = Problem),
    (status = 422, description = "invalid-parameter", body = Problem),
))]
pub(super) async fn show(
    State(app): State<App>,
    caller: Caller,
    Path((user, name)): Path<(String, String)>,
) -> Result<Json<Metadatum>> {
    let user = read(&app, &caller, &user).await?;
    let name = key(name)?;
    let found = app.store.metadata(&user.id).await?.into_iter().find(|datum| datum.key == name);
    let none = || Failure::new(ErrorCode::NotFound).detail(format!("nothing is said under {name}"));
    found.map(Json).ok_or_else(none)
}

/// Says something of oneself.
#[utoipa::path(put, path = "/v1/users/{user}/metadata/{key}", tag = "users", request_body = SetMetadatum,
    params(("user" = String, Path, description = "`me`, or one's own id"), ("key" = String, Path)), responses(
    (status = 200, description = "The person, with the event that the change made", body = UserChanged),
    (status = 403, description = "forbidden: it is somebody else", body = Problem),
    (status = 422, description = "invalid-parameter, invalid-text, text-too-long, list-full", body = Problem),
))]
pub(super) async fn set(
    State(app): State<App>,
    Known(asker): Known,
    Path((user, name)): Path<(String, String)>,
    Json(body): Json<SetMetadatum>,
) -> Result<Json<UserChanged>> {
    let actor = own(&asker, &user)?;
    let value = MetadataValue::try_from(body.value).map_err(|error| error.problem("/value"))?;
    change(&app, &asker, actor, Change::Set(key(name)?, value)).await
}

/// Says it no more; once more changes nothing.
#[utoipa::path(delete, path = "/v1/users/{user}/metadata/{key}", tag = "users",
    params(("user" = String, Path, description = "`me`, or one's own id"), ("key" = String, Path)), responses(
    (status = 200, description = "The person, with the event that the change made", body = UserChanged),
    (status = 403, description = "forbidden: it is somebody else", body = Problem),
    (status = 422, description = "invalid-parameter", body = Problem),
))]
pub(super) async fn remove(
    State(app): State<App>,
    Known(asker): Known,
    Path((user, name)): Path<(String, String)>,
) -> Result<Json<UserChanged>> {
    let actor = own(&asker, &user)?;
    change(&app, &asker, actor, Change::Remove(key(name)?)).await
}

/// Says nothing of oneself any more.
#[utoipa::path(delete, path = "/v1/users/{user}/metadata", tag = "users",
    params(("user" = String, Path, description = "`me`, or one's own id")), responses(
    (status = 200, description = "The person, with the events that the change made", body = UserChanged),
    (status = 403, description = "forbidden: it is somebody else", body = Problem),
))]
pub(super) async fn clear(
    State(app): State<App>,
    Known(asker): Known,
    Path(user): Path<String>,
) -> Result<Json<UserChanged>> {
    let actor = own(&asker, &user)?;
    change(&app, &asker, actor, Change::Clear).await
}

/// What many people say under some keys; who says nothing is left out.
#[utoipa::path(post, path = "/v1/metadata:lookup", tag = "users", request_body = MetadataLookup, responses(
    (status = 200, description = "What they say", body = Batch<MetadatumOf>),
    (status = 422, description = "invalid-parameter: more than 200 people or 50 keys", body = Problem),
))]
pub(super) async fn lookup(
    State(app): State<App>,
    caller: Caller,
    Json(asked): Json<MetadataLookup>,
) -> Result<Json<Batch<MetadatumOf>>> {
    reader(&caller)?;
    at_most(MAX_METADATA_LOOKUP, "ids", &asked.ids)?;
    at_most(MAX_METADATA_KEYS, "keys", &asked.keys)?;
    Ok(Json(Batch { items: app.store.metadata_of(&asked).await? }))
}

/// Only oneself can be spoken for.
fn own<'a>(asker: &'a Asker, user: &str) -> Result<&'a Actor> {
    let actor = asker.caller.require(Scope::Write)?;
    if user == "me" || user == actor.id().as_str() {
        return Ok(actor);
    }
    Err(Failure::new(ErrorCode::Forbidden).detail("one says only of oneself: /v1/users/me/metadata"))
}

async fn change(app: &App, asker: &Asker, actor: &Actor, change: Change) -> Result<Json<UserChanged>> {
    let changed = app.store.change_metadata(actor.id(), change, actor.session.as_ref(), app.now());
    let (user, events) = changed.await?;
    app.announce(&events, asker.origin.as_deref());
    Ok(Json(UserChanged { user: user.view(), events }))
}

fn key(name: String) -> Result<MetadataKey> {
    MetadataKey::try_from(name).map_err(|error| error.problem("").into())
}
