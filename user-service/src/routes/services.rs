//! What only services ask: leases, versions, events, revocations.

use api::{
    ErrorCode, HeadsReply, HeadsRequest, Problem,
    id::{GatewayId, UserId},
    page::MAX_HEADS,
    users::{Lease, RenewLease, Revocations, UserEvents},
};
use axum::extract::State;
use http::StatusCode;
use kit::{
    Failure, Result,
    auth::{FromGateway, FromService},
    extract::{Json, Path, Query},
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::App;

/// Where a reader stands.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct After {
    /// The version or cursor that the asker has.
    #[serde(default)]
    after: u64,
}

/// Renews a gateway's lease (gateways only): each 5 s; after 15 s without, its sessions end.
#[utoipa::path(put, path = "/v1/gateways/{id}/lease", tag = "services",
    params(("id" = GatewayId, Path)), request_body = RenewLease, responses(
    (status = 200, description = "The lease", body = Lease),
    (status = 403, description = "forbidden", body = Problem),
))]
pub(super) async fn renew_lease(
    State(app): State<App>,
    _: FromGateway,
    Path(id): Path<GatewayId>,
    Json(body): Json<RenewLease>,
) -> Result<Json<Lease>> {
    Ok(Json(app.store.renew_lease(&id, body.state, app.lease_terms()).await?))
}

/// Ends a gateway's lease at once (gateways only): its sessions end without a wait. For a gateway that goes, and for one that
/// knows that the run before its own is gone.
#[utoipa::path(delete, path = "/v1/gateways/{id}/lease", tag = "services",
    params(("id" = GatewayId, Path)), responses(
    (status = 204, description = "It has ended, or had before"),
    (status = 403, description = "forbidden", body = Problem),
))]
pub(super) async fn end_lease(
    State(app): State<App>,
    _: FromGateway,
    Path(id): Path<GatewayId>,
) -> Result<StatusCode> {
    if app.store.end_lease(&id, app.now()).await? {
        app.work.notify_one();
    }
    Ok(StatusCode::NO_CONTENT)
}

/// What happened to a person after a version (services only).
#[utoipa::path(get, path = "/v1/users/{user}/events", tag = "services",
    params(("user" = UserId, Path), After), responses(
    (status = 200, description = "The events that are kept, and the person as they are now", body = UserEvents),
    (status = 404, description = "no-such-nick", body = Problem),
))]
pub(super) async fn events(
    State(app): State<App>,
    _: FromService,
    Path(id): Path<UserId>,
    Query(After { after }): Query<After>,
) -> Result<Json<UserEvents>> {
    Ok(Json(app.store.events(&id, after).await?.ok_or(ErrorCode::NoSuchNick)?))
}

/// Which people have changed since the versions that the asker holds (services only).
#[utoipa::path(post, path = "/v1/heads", tag = "services", request_body = HeadsRequest, responses(
    (status = 200, description = "Those that are behind, and those that are gone", body = HeadsReply),
    (status = 422, description = "invalid-parameter: more than 10,000", body = Problem),
))]
pub(super) async fn heads(
    State(app): State<App>,
    _: FromService,
    Json(body): Json<HeadsRequest>,
) -> Result<Json<HeadsReply>> {
    if body.held.len() > MAX_HEADS {
        let detail = format!("at most {MAX_HEADS} ids at once");
        return Err(Failure::new(ErrorCode::InvalidParameter).detail(&detail).field("/held", detail));
    }
    Ok(Json(app.store.heads(&body.held).await?))
}

/// What was revoked after a cursor (services only); 0 gives all that is kept.
#[utoipa::path(get, path = "/v1/revocations", tag = "services", params(After), responses(
    (status = 200, description = "Tokens to refuse", body = Revocations),
))]
pub(super) async fn revocations(
    State(app): State<App>,
    _: FromService,
    Query(After { after }): Query<After>,
) -> Result<Json<Revocations>> {
    Ok(Json(app.store.revocations(after).await?))
}
