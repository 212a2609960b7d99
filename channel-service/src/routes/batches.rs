//! Joins and parts of many people at once, for gateways: one transaction, one outcome for each.

use api::{
    ErrorCode, Item, Problem,
    auth::{Actor, Scope},
    channels::{Changed, JoinItem, PartItem},
    page::{Batch, MAX_BATCH},
};
use axum::extract::State;
use http::HeaderMap;
use kit::{Failure, auth::FromGateway, extract::Json};

use super::parts;
use crate::{
    App,
    changes::{ChannelRef, Join, Part},
};

type Outcomes = Json<Batch<Item<Changed>>>;

/// Joins of sessions (gateways only)
#[utoipa::path(post, path = "/v1/members:join", tag = "services", request_body = Batch<JoinItem>,
    responses((status = 200, body = Batch<Item<Changed>>), (status = "4XX", body = Problem)))]
pub(super) async fn join(
    State(app): State<App>,
    FromGateway(caller): FromGateway,
    headers: HeaderMap,
    Json(batch): Json<Batch<JoinItem>>,
) -> kit::Result<Outcomes> {
    bounded(batch.items.len())?;
    let origin = parts::origin(&caller, &headers);
    let mut outcomes: Vec<Option<Failure>> = Vec::new();
    let mut joins = Vec::new();
    for JoinItem { actor, name, key } in batch.items {
        let refused = may_act(&app, &actor).err();
        if refused.is_none() {
            let session = actor.session.clone();
            joins.push(Join { actor, session, token_of: None, channel: ChannelRef::Name(name), key });
        }
        outcomes.push(refused);
    }
    let joined =
        if joins.is_empty() { Vec::new() } else { app.changes.join(&joins, origin.as_deref()).await? };
    Ok(Json(Batch { items: in_order(outcomes, joined) }))
}

/// Parts of sessions (gateways only)
#[utoipa::path(post, path = "/v1/members:part", tag = "services", request_body = Batch<PartItem>,
    responses((status = 200, body = Batch<Item<Changed>>), (status = "4XX", body = Problem)))]
pub(super) async fn part(
    State(app): State<App>,
    FromGateway(caller): FromGateway,
    headers: HeaderMap,
    Json(batch): Json<Batch<PartItem>>,
) -> kit::Result<Outcomes> {
    bounded(batch.items.len())?;
    let origin = parts::origin(&caller, &headers);
    let mut outcomes: Vec<Option<Failure>> = Vec::new();
    let mut going = Vec::new();
    for PartItem { actor, channel, reason } in batch.items {
        let refused = may_act(&app, &actor).err();
        if refused.is_none() {
            let session = actor.session.clone();
            let reason = reason.map(String::from).filter(|reason| !reason.is_empty());
            going.push(Part { actor, session, channel, reason });
        }
        outcomes.push(refused);
    }
    let parted =
        if going.is_empty() { Vec::new() } else { app.changes.part(going, origin.as_deref()).await? };
    Ok(Json(Batch { items: in_order(outcomes, parted) }))
}

/// Each actor of a batch is judged as one who asks alone.
fn may_act(app: &App, actor: &Actor) -> kit::Result<()> {
    app.verifier.check_actor(actor)?;
    if actor.scopes.contains(Scope::Channels) { Ok(()) } else { Err(ErrorCode::InsufficientScope.into()) }
}

fn bounded(items: usize) -> kit::Result<()> {
    if items > MAX_BATCH {
        return Err(Failure::new(ErrorCode::InvalidParameter)
            .detail(format!("a batch holds at most {MAX_BATCH} items")));
    }
    Ok(())
}

/// Refusals in their places, between the outcomes of the rest.
fn in_order(refused: Vec<Option<Failure>>, outcomes: Vec<Result<Changed, Failure>>) -> Vec<Item<Changed>> {
    let mut outcomes = outcomes.into_iter();
    refused
        .into_iter()
        .filter_map(|refused| match refused {
            Some(failure) => Some(Err(failure)),
            None => outcomes.next(),
        })
        .map(|outcome| outcome.map_err(Failure::into_problem).into())
        .collect()
}
