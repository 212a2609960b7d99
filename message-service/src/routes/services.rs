//! What only services ask: healing, heads, deletion, erasure.

use std::time::Duration;

use api::{
    ErrorCode, HeadsReply, HeadsRequest, Problem,
    auth::ServiceName,
    id::{ConversationId, UserId},
    messages::{ConversationsOf, DirectHead, Entries},
    page::{Batch, MAX_HEADS},
};
use axum::extract::State;
use http::StatusCode;
use kit::{
    Caller, Failure,
    auth::FromService,
    extract::{Json, Path, Query},
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{app::App, domain::page};

/// How long an erasure is waited for: less than its asker waits for us. It goes on without them.
const ERASE_WITHIN: Duration = Duration::from_millis(1800);
/// Between two looks whether it is done.
const LOOK_EVERY: Duration = Duration::from_millis(20);

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct EntriesQuery {
    /// The seq that the asker holds.
    #[serde(default)]
    after: u64,
    limit: Option<u32>,
}

/// The entries of a conversation after a seq (services only)
#[utoipa::path(get, path = "/v1/conversations/{id}/entries", tag = "services",
    params(("id" = String, Path, description = "a conversation's id"), EntriesQuery),
    responses((status = 200, body = Entries), (status = "4XX", body = Problem)))]
pub(super) async fn entries(
    State(app): State<App>,
    _: FromService,
    Path(id): Path<ConversationId>,
    Query(query): Query<EntriesQuery>,
) -> kit::Result<Json<Entries>> {
    let limit = page::limit(query.limit)?;
    Ok(Json(app.store.entries(&id, query.after, limit).await?))
}

/// Deletes a channel's conversation; may be repeated (channel-service only)
#[utoipa::path(delete, path = "/v1/conversations/{id}", tag = "services",
    params(("id" = String, Path, description = "a channel's id")),
    responses((status = 204), (status = "4XX", body = Problem), (status = 503, body = Problem)))]
pub(super) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ConversationId>,
) -> kit::Result<StatusCode> {
    from(&caller, ServiceName::Channels)?;
    app.store.delete_conversation(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which of the conversations held have gone on (services only)
#[utoipa::path(post, path = "/v1/heads", tag = "services", request_body = HeadsRequest,
    responses((status = 200, body = HeadsReply), (status = "4XX", body = Problem)))]
pub(super) async fn heads(
    State(app): State<App>,
    _: FromService,
    Json(held): Json<HeadsRequest>,
) -> kit::Result<Json<HeadsReply>> {
    bounded(held.held.len())?;
    Ok(Json(app.store.heads(&held).await?))
}

/// Direct conversations of some users with entries after a moment (services only)
#[utoipa::path(post, path = "/v1/conversations:of", tag = "services", request_body = ConversationsOf,
    responses((status = 200, body = Batch<DirectHead>), (status = "4XX", body = Problem)))]
pub(super) async fn direct_heads(
    State(app): State<App>,
    _: FromService,
    Json(asked): Json<ConversationsOf>,
) -> kit::Result<Json<Batch<DirectHead>>> {
    bounded(asked.users.len())?;
    Ok(Json(Batch { items: app.store.direct_heads(&asked.users, asked.since).await? }))
}

/// Forgets an erased user; may be repeated, and is to be while the answer is 503 (user-service only)
#[utoipa::path(delete, path = "/v1/users/{user}/data", tag = "services",
    params(("user" = String, Path, description = "an id")),
    responses((status = 204), (status = "4XX", body = Problem), (status = 503, body = Problem)))]
pub(super) async fn erase(
    State(app): State<App>,
    caller: Caller,
    Path(user): Path<UserId>,
) -> kit::Result<StatusCode> {
    from(&caller, ServiceName::Users)?;
    app.store.erase(&user).await?;
    app.erasures.notify_one();
    let done = async {
        while app.store.is_erasing(&user).await? {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok::<_, Failure>(StatusCode::NO_CONTENT)
    };
    match tokio::time::timeout(ERASE_WITHIN, done).await {
        Ok(done) => done,
        Err(_) => Err(Failure::unavailable("the erasure is under way").retry_after(5)),
    }
}

fn bounded(count: usize) -> kit::Result<()> {
    if count <= MAX_HEADS {
        return Ok(());
    }
    Err(Failure::new(ErrorCode::InvalidParameter)
        .detail(format!("at most {MAX_HEADS} are asked for at once")))
}

/// Passes the one service that this is for.
fn from(caller: &Caller, name: ServiceName) -> kit::Result<()> {
    if caller.service()? == name {
        return Ok(());
    }
    Err(Failure::new(ErrorCode::Forbidden).detail(format!("this is for the service {name} only")))
}
