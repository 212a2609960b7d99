//! What only services ask: heads, replicas of many channels, ended sessions, erasure.

use api::{
    ErrorCode, HeadsReply, HeadsRequest, Item, Problem,
    auth::ServiceName,
    channels::{EndHolders, EndedHolders, Snapshot},
    id::{ChannelId, UserId},
    page::{Batch, MAX_HEADS, MAX_REPLICAS},
};
use axum::extract::State;
use http::StatusCode;
use kit::{
    Caller, Failure,
    auth::FromService,
    extract::{Json, Path},
};

use crate::App;

/// Members in one answer, after which no further channel is begun: some 300 bytes each, so that it is about a megabyte more than the
/// largest channel.
const REPLICA_MEMBERS: usize = 4000;

/// Which of the channels held have gone on (services only)
#[utoipa::path(post, path = "/v1/heads", tag = "services", request_body = HeadsRequest,
    responses((status = 200, body = HeadsReply), (status = "4XX", body = Problem)))]
pub(super) async fn heads(
    State(app): State<App>,
    _: FromService,
    Json(held): Json<HeadsRequest>,
) -> kit::Result<Json<HeadsReply>> {
    if held.held.len() > MAX_HEADS {
        let detail = format!("at most {MAX_HEADS} channels are asked for at once");
        return Err(Failure::new(ErrorCode::InvalidParameter).detail(detail));
    }
    Ok(Json(app.changes.store.heads(&held).await?))
}

/// All of many channels: the first of those asked for, in order, as many as fit, one at least (services only)
#[utoipa::path(post, path = "/v1/channels:replicas", tag = "services", request_body = Batch<ChannelId>,
    responses((status = 200, body = Batch<Item<Snapshot>>), (status = "4XX", body = Problem)))]
pub(super) async fn replicas(
    State(app): State<App>,
    _: FromService,
    Json(asked): Json<Batch<ChannelId>>,
) -> kit::Result<Json<Batch<Item<Snapshot>>>> {
    if asked.items.len() > MAX_REPLICAS {
        let detail = format!("at most {MAX_REPLICAS} channels are asked for at once");
        return Err(Failure::new(ErrorCode::InvalidParameter).detail(detail));
    }
    let (mut items, mut members) = (Vec::with_capacity(asked.items.len()), 0);
    for id in &asked.items {
        let snapshot = app.changes.store.snapshot(id).await?;
        members += snapshot.as_ref().map_or(0, |snapshot| snapshot.members.len());
        items.push(snapshot.map_or_else(|| Item::Problem(Problem::new(ErrorCode::NoSuchChannel)), Item::Ok));
        if members > REPLICA_MEMBERS {
            break;
        }
    }
    Ok(Json(Batch { items }))
}

/// Takes ended sessions out of every channel; may be repeated (user-service only)
#[utoipa::path(post, path = "/v1/holders:end", tag = "services", request_body = EndHolders,
    responses((status = 200, body = EndedHolders), (status = "4XX", body = Problem)))]
pub(super) async fn end_holders(
    State(app): State<App>,
    FromService(caller): FromService,
    Json(ended): Json<EndHolders>,
) -> kit::Result<Json<EndedHolders>> {
    users(&caller)?;
    Ok(Json(EndedHolders { events: app.changes.end(&ended).await? }))
}

/// Forgets an erased user; may be repeated (user-service only)
#[utoipa::path(delete, path = "/v1/users/{user}/data", tag = "services",
    params(("user" = String, Path, description = "an id")),
    responses((status = 204), (status = "4XX", body = Problem)))]
pub(super) async fn erase(
    State(app): State<App>,
    caller: Caller,
    Path(user): Path<UserId>,
) -> kit::Result<StatusCode> {
    users(&caller)?;
    app.changes.erase(&user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Passes user-service, which alone knows who has ended.
fn users(caller: &Caller) -> kit::Result<()> {
    match caller.service()? {
        ServiceName::Users => Ok(()),
        _ => Err(Failure::new(ErrorCode::Forbidden).detail("this is for user-service only")),
    }
}
