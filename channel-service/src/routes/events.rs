//! `/v1/channels/{channel}/events`: what happened after a version.

use api::{Problem, Timestamp, channels::ChannelEvents, event::ChannelChange, page::MAX_LIMIT};
use axum::extract::State;
use kit::{
    Caller,
    extract::{Json, Path, Query},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::parts::{self, Reader};
use crate::{
    App,
    domain::policy::{self, Asker},
    store::Within,
};

/// [`api::channels::EventsQuery`], as it is documented.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct EventsParams {
    /// The version that the reader holds.
    #[serde(default)]
    after: u64,
    /// Only what happened before this version.
    before: Option<u64>,
    /// Only what happened after this moment.
    #[param(value_type = Option<String>)]
    after_at: Option<Timestamp>,
    /// Only what happened before this moment.
    #[param(value_type = Option<String>)]
    before_at: Option<Timestamp>,
    /// Of more than `limit`, the last ones rather than the first.
    #[serde(default)]
    latest: bool,
    /// Most events in the answer; the reader asks on from the last.
    limit: Option<u32>,
}

/// Events of a channel after a version, kept for a day (members only, since they joined)
///
/// No list with `items` and `next`: what comes after is asked for with the version of the last event. `complete` is about what came
/// after `after`, whatever else is asked for.
#[utoipa::path(get, path = "/v1/channels/{channel}/events", tag = "channels",
    params(("channel" = String, Path, description = "an id, or a name without its first #"), EventsParams),
    responses((status = 200, body = ChannelEvents, description = "`complete` is false when the first are gone already, or not for the reader"),
        (status = "4XX", body = Problem)))]
pub(super) async fn events(
    State(app): State<App>,
    caller: Caller,
    Path(channel): Path<String>,
    Query(params): Query<EventsParams>,
) -> kit::Result<Json<ChannelEvents>> {
    let reader = Reader::of(&caller)?;
    let limit = parts::limit(params.limit, MAX_LIMIT)?;
    let channel = parts::channel(&channel)?;
    let (room, member) = parts::seen(&app, &reader, &channel, policy::may_see_members).await?;
    let store = &app.changes.store;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let EventsParams { mut after, before, after_at, before_at, latest, .. } = params;
    if let (Reader::Person(actor), Some(member)) = (&reader, &member)
        && !actor.is_operator()
    {
        // What happened before they came may lie below the floor: an old topic, a key, bans and those whom they are about.
        after = after.max(store.version_before(&room.channel.id, member.joined_at).await?);
    }
    let within = Within { after, before, after_at, before_at, latest };
    let mut events = store.events(&room.channel.id, room.channel.version, within, limit).await?;
    events.complete &= after == params.after;
    if let Reader::Person(actor) = reader
        && policy::may_see_inside(&Asker { actor, member: member.as_ref() }, &room.channel).is_err()
    {
        for event in &mut events.events {
            if let ChannelChange::Modes { modes, .. } = &mut event.change {
                modes.key = None;
            }
        }
    }
    Ok(Json(events))
}
