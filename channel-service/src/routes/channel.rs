//! `/v1/channels/{channel}`: the snapshot, the history policy, and giving a registration back.

use api::{
    ChannelName, ErrorCode, Problem,
    channels::{Changed, Channel, HistoryPolicy, ListEntry, Snapshot},
};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::HeaderMap;
use kit::{
    Caller, Failure,
    extract::{Json, Path, Query},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::parts::{self, Reader};
use crate::{
    App,
    domain::policy::{self, Asker},
    error::refused,
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ShowParams {
    /// `replica`: everything, members too (services only).
    view: Option<String>,
}

/// A channel as its members see it; its key and lists are there for its operators only.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChannelView {
    #[serde(flatten)]
    channel: Channel,
    #[serde(skip_serializing_if = "Option::is_none")]
    bans: Option<Vec<ListEntry>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    excepts: Option<Vec<ListEntry>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invite_masks: Option<Vec<ListEntry>>,
}

/// A channel as it is now; `ETag` is its version
#[utoipa::path(get, path = "/v1/channels/{channel}", tag = "channels",
    params(("channel" = String, Path, description = "an id, or a name without its first #"), ShowParams),
    responses((status = 200, body = ChannelView, description = "services get `Snapshot` with `view=replica`"),
        (status = "4XX", body = Problem)))]
pub(super) async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(channel): Path<String>,
    Query(params): Query<ShowParams>,
) -> kit::Result<Response> {
    let reader = Reader::of(&caller)?;
    let channel = parts::channel(&channel)?;
    let (room, member) = parts::seen(&app, &reader, &channel, policy::may_see).await?;
    match params.view.as_deref() {
        None => {}
        Some("replica") => {
            if !matches!(reader, Reader::Service) {
                return Err(Failure::new(ErrorCode::Forbidden).detail("this view is for the services only"));
            }
            let snapshot: Option<Snapshot> = app.changes.store.snapshot(&room.channel.id).await?;
            let snapshot = snapshot.ok_or_else(|| refused(ErrorCode::NoSuchChannel, &channel))?;
            return Ok((parts::etag(snapshot.channel.version), Json(snapshot)).into_response());
        }
        Some(_) => {
            return Err(Failure::new(ErrorCode::InvalidParameter).detail("view is \"replica\" or left out"));
        }
    }
    let mut view = ChannelView { channel: room.channel, bans: None, excepts: None, invite_masks: None };
    let inside = match reader {
        Reader::Service => true,
        Reader::Person(actor) => {
            policy::may_see_inside(&Asker { actor, member: member.as_ref() }, &view.channel).is_ok()
        }
    };
    if inside {
        let lists = app.changes.store.lists_of(&view.channel.id).await?;
        view.bans = Some(lists.bans);
        view.excepts = Some(lists.excepts);
        view.invite_masks = Some(lists.invite_masks);
    } else {
        view.channel.modes = view.channel.modes.without_key();
    }
    Ok((parts::etag(view.channel.version), Json(view)).into_response())
}

/// What may be set of a channel as a whole.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PatchChannel {
    history: Option<HistoryPolicy>,
    /// Another name.
    name: Option<String>,
    /// Why it is called otherwise.
    reason: Option<String>,
}

/// Sets how long history is kept and shown (founder and admins), or renames a channel (founder, operators of one that is not registered)
///
/// One of `history` and `name`. An old name is free at once; `channel-exists` where another channel has the new one.
#[utoipa::path(patch, path = "/v1/channels/{channel}", tag = "channels", request_body = PatchChannel,
    params(("channel" = String, Path, description = "an id, or a name without its first #"),
        ("If-Match" = Option<String>, Header, description = "the `ETag` that was read")),
    responses((status = 200, body = Changed), (status = "4XX", body = Problem)))]
pub(super) async fn patch(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(channel): Path<String>,
    Json(body): Json<PatchChannel>,
) -> kit::Result<Response> {
    let who = parts::who(&caller, &headers)?;
    let channel = parts::channel(&channel)?;
    let expected = parts::expected(&headers)?;
    let changed = match (body.history, body.name) {
        (Some(history), None) => {
            app.changes.set_history(&who, &channel, history, expected.as_deref()).await?
        }
        (None, Some(name)) => {
            let name = ChannelName::try_from(name).map_err(|error| {
                let failure = Failure::new(ErrorCode::InvalidChannelName).detail(error.to_string());
                failure.field("/name", error.to_string())
            })?;
            let reason = body.reason.filter(|reason| !reason.is_empty());
            let reason = reason.map(|reason| parts::line(reason, "/reason")).transpose()?;
            app.changes.rename(&who, &channel, name, reason, expected.as_deref()).await?
        }
        _ => {
            return Err(Failure::new(ErrorCode::InvalidParameter).detail("history or name, and not both"));
        }
    };
    Ok(parts::changed(changed))
}

/// Gives a registered channel back (founder and operators of the network)
#[utoipa::path(delete, path = "/v1/channels/{channel}", tag = "channels",
    params(("channel" = String, Path, description = "an id, or a name without its first #"),
        ("If-Match" = Option<String>, Header, description = "the `ETag` that was read")),
    responses((status = 200, body = Changed), (status = "4XX", body = Problem)))]
pub(super) async fn unregister(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(channel): Path<String>,
) -> kit::Result<Response> {
    let who = parts::who(&caller, &headers)?;
    let channel = parts::channel(&channel)?;
    let expected = parts::expected(&headers)?;
    Ok(parts::changed(app.changes.unregister(&who, &channel, expected.as_deref()).await?))
}
