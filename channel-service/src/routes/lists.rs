//! Bans, exceptions and invite masks of a channel.

use api::{
    ErrorCode, Page, Problem, Timestamp,
    channels::{Changed, ListEntry, ListKind, Listed, NewListEntry},
    id::ListEntryId,
    mask::Mask,
};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header};
use kit::{
    Caller, Failure,
    extract::{Json, Path, Query},
};
use serde::Deserialize;

use super::parts::{self, PageQuery, Reader};
use crate::{App, domain::policy};

/// [`NewListEntry`] before its texts are judged.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnyEntry {
    mask: String,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    expires_at: Option<Timestamp>,
}

/// Lists a mask: `nick!user@host` with `*` and `?`, or `~account:name`
#[utoipa::path(post, path = "/v1/channels/{channel}/{list}", tag = "lists", request_body = NewListEntry,
    params(("channel" = String, Path, description = "an id, or a name without its first #"),
        ("list" = ListKind, Path)),
    responses((status = 201, body = Listed), (status = 200, body = Listed, description = "was listed already"),
        (status = "4XX", body = Problem)))]
pub(super) async fn add(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path((channel, list)): Path<(String, ListKind)>,
    Json(body): Json<AnyEntry>,
) -> kit::Result<Response> {
    let who = parts::who(&caller, &headers)?;
    let channel = parts::channel(&channel)?;
    let mask = Mask::try_from(body.mask).map_err(|error| {
        Failure::new(ErrorCode::InvalidMask).detail(error.to_string()).field("/mask", error.to_string())
    })?;
    let reason = body.reason.filter(|reason| !reason.is_empty());
    let reason = reason.map(|reason| parts::line(reason, "/reason")).transpose()?;
    let listed = app.changes.list(&who, &channel, list, mask, reason, body.expires_at).await?;
    let status = if listed.changed.event.is_some() { StatusCode::CREATED } else { StatusCode::OK };
    let location = format!("/v1/channels/{}/{}/{}", listed.changed.channel.id, list.as_str(), listed.id);
    let etag = parts::etag(listed.changed.channel.version);
    Ok((status, [(header::LOCATION, location)], etag, Json(listed)).into_response())
}

/// The entries of a list, oldest first: bans for members, the others for half-operators and above
#[utoipa::path(get, path = "/v1/channels/{channel}/{list}", tag = "lists",
    params(("channel" = String, Path, description = "an id, or a name without its first #"),
        ("list" = ListKind, Path), ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Page<ListEntry>), (status = "4XX", body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Path((channel, list)): Path<(String, ListKind)>,
    Query(page): Query<PageQuery>,
) -> kit::Result<Json<Page<ListEntry>>> {
    let reader = Reader::of(&caller)?;
    let (limit, after) = (page.limit()?, page.after()?);
    let channel = parts::channel(&channel)?;
    let rule = match list {
        ListKind::Bans => policy::may_see_bans,
        ListKind::Excepts | ListKind::InviteMasks => policy::may_see_inside,
    };
    let (room, _) = parts::seen(&app, &reader, &channel, rule).await?;
    let mut lists = app.changes.store.lists_of(&room.channel.id).await?;
    let mut items = std::mem::take(lists.of_mut(list));
    if !after.is_empty() {
        let place = |entry: &ListEntry| place(entry) > after;
        items.retain(place);
    }
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|entry| parts::cursor(&place(entry)));
    Ok(Json(Page { items, next }))
}

/// Where an entry stands in its list, as text that sorts.
fn place(entry: &ListEntry) -> String {
    format!("{:020} {}", entry.at.as_micros(), entry.id)
}

/// Takes an entry off a list
#[utoipa::path(delete, path = "/v1/channels/{channel}/{list}/{entry}", tag = "lists",
    params(("channel" = String, Path, description = "an id, or a name without its first #"),
        ("list" = ListKind, Path), ("entry" = String, Path)),
    responses((status = 200, body = Changed), (status = "4XX", body = Problem)))]
pub(super) async fn remove(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path((channel, list, entry)): Path<(String, ListKind, String)>,
) -> kit::Result<Response> {
    let who = parts::who(&caller, &headers)?;
    let channel = parts::channel(&channel)?;
    // What is no id is on no list; whether the channel may be seen is still to be asked first.
    let entry = entry.parse().unwrap_or_else(|_| ListEntryId::try_from("0").expect("a digit is an id"));
    Ok(parts::changed(app.changes.unlist(&who, &channel, list, &entry).await?))
}
