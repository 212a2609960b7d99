//! `/v1/channels`: the list, and registering.

use api::{
    ChannelName, ErrorCode, Page, Problem,
    channels::{Changed, ChannelSummary, RegisterChannel},
    mask::glob,
};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header};
use kit::{
    Caller, Failure,
    extract::{Json, Query},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::parts::{self, Reader};
use crate::{App, store::ListQuery};

/// Rows read for one request, whatever the pattern: some tens of milliseconds. The page may be short then, but says where to go on.
const SCAN: usize = 10_000;
/// Rows read at a time.
const STEP: usize = 1000;
/// Bytes of a pattern: longer than any name with stars between all characters.
const MAX_PATTERN_BYTES: usize = 200;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListParams {
    /// A glob with `*` and `?` that the name must match; its `#` may be left out.
    #[serde(rename = "match")]
    matching: Option<String>,
    /// Channels with at least so many members.
    #[serde(default)]
    min_members: u64,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// Channels that may be seen, by name
#[utoipa::path(get, path = "/v1/channels", tag = "channels", params(ListParams),
    responses((status = 200, body = Page<ChannelSummary>), (status = "4XX", body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<ListParams>,
) -> kit::Result<Json<Page<ChannelSummary>>> {
    let reader = Reader::of(&caller)?;
    let limit = parts::limit(params.limit, api::page::DEFAULT_LIMIT)?;
    let mut after = parts::after(params.cursor.as_deref())?;
    let pattern = pattern(params.matching)?;
    let (asker, sees_all) = match &reader {
        Reader::Service => (String::new(), true),
        Reader::Person(actor) => (actor.id().to_string(), actor.is_operator()),
    };

    let mut items: Vec<ChannelSummary> = Vec::new();
    let mut scanned = 0;
    let mut more = true;
    while more && items.len() < limit && scanned < SCAN {
        // Without a pattern every row is shown: read one more than asked for, to know whether there is one.
        let step = if pattern.is_none() { limit + 1 - items.len() } else { STEP };
        let query = ListQuery {
            after: &after,
            min_members: params.min_members,
            sees_all,
            asker: &asker,
            limit: i64::try_from(step).unwrap_or(i64::MAX),
        };
        let rooms = app.changes.store.list(query).await?;
        more = rooms.len() == step;
        scanned += rooms.len();
        for room in rooms {
            if items.len() == limit {
                more = true;
                break;
            }
            let channel = room.channel;
            after = channel.name.key();
            if pattern.as_ref().is_none_or(|pattern| glob(pattern, channel.name.as_str())) {
                items.push(ChannelSummary {
                    id: channel.id,
                    name: channel.name,
                    member_count: channel.member_count,
                    topic_at: channel.topic.as_ref().map(|topic| topic.at),
                    topic: channel.topic.map(|topic| topic.text).unwrap_or_default(),
                    created_at: channel.created_at,
                });
            }
        }
    }
    Ok(Json(Page { items, next: more.then(|| parts::cursor(&after)) }))
}

fn pattern(given: Option<String>) -> kit::Result<Option<String>> {
    match given {
        Some(pattern) if pattern.len() > MAX_PATTERN_BYTES => Err(Failure::new(ErrorCode::InvalidParameter)
            .detail(format!("match has at most {MAX_PATTERN_BYTES} bytes"))),
        // A # in a URL ends it: people leave it out.
        Some(pattern) if !pattern.starts_with(['#', '*', '?']) => Ok(Some(format!("#{pattern}"))),
        given => Ok(given.filter(|pattern| pattern != "*")),
    }
}

/// Registers a channel for the caller's account: it is kept when nobody is in it
#[utoipa::path(post, path = "/v1/channels", tag = "channels", request_body = RegisterChannel,
    responses((status = 201, body = Changed, description = "registered; `Location` is the channel"),
        (status = "4XX", body = Problem)))]
pub(super) async fn register(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Json(body): Json<RegisterChannel>,
) -> kit::Result<Response> {
    let who = parts::who(&caller, &headers)?;
    let name = ChannelName::try_from(body.name).map_err(|error| {
        Failure::new(ErrorCode::InvalidChannelName)
            .detail(error.to_string())
            .field("/name", error.to_string())
    })?;
    let changed = app.changes.register(&who, &name).await?;
    let location = format!("/v1/channels/{}", changed.channel.id);
    let etag = parts::etag(changed.channel.version);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], etag, Json(changed)).into_response())
}
