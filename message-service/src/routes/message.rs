//! `/v1/messages/{id}`: one message.

use std::time::Instant;

use api::{Entry, Person, Problem, auth::Scope, id::MessageId, messages::EditMessage};
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use kit::{
    Caller,
    extract::{Json, Path, Query},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{batch, parts, send};
use crate::{
    app::App,
    domain::act::{Act, Place, What},
    store::{self, Stored},
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Reason {
    /// Why, for the others.
    #[serde(default)]
    reason: String,
}

/// One message
#[utoipa::path(get, path = "/v1/messages/{id}", tag = "messages",
    params(("id" = String, Path, description = "a message's id")),
    responses((status = 200, body = Entry), (status = "4XX", body = Problem), (status = 503, body = Problem)))]
pub(super) async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> kit::Result<Json<Entry>> {
    let actor = caller.require(Scope::Read)?;
    let id = parts::message_id(&id)?;
    let (place, floor) = parts::of_message(&app, actor, &id).await?;
    Ok(Json(read(&app, &place, floor, &id).await?))
}

/// Replaces the text of one's own message
#[utoipa::path(patch, path = "/v1/messages/{id}", tag = "messages",
    params(("id" = String, Path, description = "a message's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 128 visible ASCII characters; kept 7 days")),
    request_body = EditMessage,
    responses((status = 200, body = Entry, description = "the message as it is now"), (status = "4XX", body = Problem),
        (status = 503, body = Problem)))]
pub(super) async fn edit(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(edit): Json<EditMessage>,
) -> kit::Result<Json<Entry>> {
    let id = parts::message_id(&id)?;
    let what = What::edit(id.seq, edit.text)?;
    about(&app, &caller, &headers, &id, what).await?;
    let (place, floor) = parts::of_message(&app, caller.person()?, &id).await?;
    Ok(Json(read(&app, &place, floor, &id).await?))
}

/// Takes the text of a message away: one's own, or anybody's for a channel's operators
#[utoipa::path(delete, path = "/v1/messages/{id}", tag = "messages",
    params(("id" = String, Path, description = "a message's id"), Reason),
    responses((status = 204), (status = "4XX", body = Problem), (status = 503, body = Problem)))]
pub(super) async fn redact(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Query(Reason { reason }): Query<Reason>,
    headers: HeaderMap,
) -> kit::Result<StatusCode> {
    let id = parts::message_id(&id)?;
    let what = What::redact(id.seq, reason)?;
    about(&app, &caller, &headers, &id, what).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Adds an entry that is about a message.
pub(super) async fn about(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    id: &MessageId,
    what: What,
) -> kit::Result<Stored> {
    let came = Instant::now();
    let actor = caller.require(Scope::Write)?;
    let key = parts::key(headers, &what)?;
    let Some(place) = app.store.conversation(&id.conversation).await? else {
        return Err(parts::no_such_message(id));
    };
    let act: Act = match &place.parties {
        Some(_) => {
            if !place.is_of(actor.id()) {
                return Err(parts::no_such_message(id));
            }
            let original = read(app, &place, 0, id).await?;
            let to = other(&original, actor.id());
            let verdict = parts::verdict(parts::direct(app, actor, &to, &what).await);
            send::act(caller, Place::Direct(to), what, key, verdict)?
        }
        None => {
            let channel = place.id.as_channel();
            let granted = parts::grant(app, actor, &channel, came, batch::deed(&what)).await;
            let granted = granted.map_err(|problem| parts::unknown(problem, id));
            send::act(caller, Place::Channel(channel), what, key, parts::verdict(granted))?
        }
    };
    send::append(app, caller, headers, act).await
}

/// The other party of a direct conversation, as the message names them.
fn other(original: &Entry, me: &api::id::UserId) -> Person {
    match &original.to {
        Some(to) if original.author.id == *me => to.clone(),
        _ => original.author.clone(),
    }
}

pub(super) async fn read(app: &App, place: &store::Place, floor: u64, id: &MessageId) -> kit::Result<Entry> {
    let entry = if id.seq > floor { app.store.entry(place.n, id.seq).await? } else { None };
    entry.ok_or_else(|| parts::no_such_message(id))
}
