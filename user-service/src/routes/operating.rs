//! Operating the network from a session, and what operators tell everybody.

use api::{
    ErrorCode, Problem,
    auth::Scope,
    event::UserEvent,
    id::SessionId,
    users::{Operate, SessionScopes, Wallops},
};
use axum::extract::State;
use kit::{
    Failure, Result,
    auth::FromGateway,
    extract::{Json, Path},
};

use super::asker::{Asker, Known};
use crate::app::App;

/// Lets a session operate the network (gateways, for the person whose it is): by an operator's name and password, whoever they are
/// otherwise.
#[utoipa::path(put, path = "/v1/sessions/{id}/operator", tag = "sessions",
    params(("id" = SessionId, Path)), request_body = Operate, responses(
    (status = 200, description = "What the session may do now", body = SessionScopes),
    (status = 401, description = "bad-credentials", body = Problem),
    (status = 403, description = "forbidden: the account is no operator's; suspended", body = Problem),
    (status = 410, description = "session-ended", body = Problem),
    (status = 429, description = "too-fast", body = Problem),
))]
pub(super) async fn begin(
    State(app): State<App>,
    FromGateway(caller): FromGateway,
    asker: Asker,
    Path(id): Path<SessionId>,
    Json(body): Json<Operate>,
) -> Result<Json<SessionScopes>> {
    let actor = caller.person()?;
    let account = app.login(&body.name, &body.password, asker.address).await?;
    if !account.user.operator {
        return Err(Failure::new(ErrorCode::Forbidden).detail("that account is no operator's"));
    }
    let scopes = app.store.operate(&id, actor.id(), &account.user.id, &account.password).await?;
    tracing::info!(user = %actor.id(), by = %account.user.id.0, "a session operates the network");
    Ok(Json(SessionScopes { scopes }))
}

/// Ends that again (gateways, for the person whose session it is).
#[utoipa::path(delete, path = "/v1/sessions/{id}/operator", tag = "sessions",
    params(("id" = SessionId, Path)), responses(
    (status = 200, description = "What the session may do now", body = SessionScopes),
    (status = 410, description = "session-ended", body = Problem),
))]
pub(super) async fn end(
    State(app): State<App>,
    FromGateway(caller): FromGateway,
    Path(id): Path<SessionId>,
) -> Result<Json<SessionScopes>> {
    let scopes = app.store.operate_no_more(&id, caller.person()?.id()).await?;
    Ok(Json(SessionScopes { scopes }))
}

/// Tells something to all who want to read that (operators): those with the mode `wallops`.
#[utoipa::path(post, path = "/v1/wallops", tag = "operators", request_body = Wallops, responses(
    (status = 200, description = "The event that the bus carries", body = UserEvent),
    (status = 403, description = "forbidden", body = Problem),
))]
pub(super) async fn wallops(
    State(app): State<App>,
    Known(asker): Known,
    Json(body): Json<Wallops>,
) -> Result<Json<UserEvent>> {
    asker.caller.operator()?;
    let actor = asker.caller.require(Scope::Write)?;
    let told = app.store.wallops(actor.id(), actor.session.as_ref(), body.text.into(), app.now()).await?;
    app.announce(std::slice::from_ref(&told), asker.origin.as_deref());
    Ok(Json(told))
}
