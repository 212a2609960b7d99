use api::{
    ErrorCode, Page, Problem,
    logs::StoredRecord,
    page::{DEFAULT_LIMIT, MAX_LIMIT},
};
use axum::extract::State;
use kit::{
    Caller, Failure,
    extract::{Json, Query},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::query::Wanted;
use crate::{
    App,
    domain::{Filter, Position},
    store::Scan,
};

/// Which page.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct Place {
    /// Records on a page.
    #[param(minimum = 1, maximum = 1000, default = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Find records, newest first (operators)
///
/// A search that finds little looks through a bounded number of records for each page: then a page is short or empty, and its
/// `next` goes on. Only `next: null` means that there is no more.
#[utoipa::path(
    get, path = "/v1/logs", tag = "logs", params(Wanted, Place),
    responses(
        (status = 200, body = Page<StoredRecord>),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem),
    )
)]
pub(super) async fn list(
    caller: Caller,
    State(app): State<App>,
    Query(wanted): Query<Wanted>,
    Query(place): Query<Place>,
) -> kit::Result<Json<Page<StoredRecord>>> {
    caller.operator()?;
    let limit = checked_limit(place.limit)?;
    let from = place.cursor.as_deref().map(str::parse::<Position>).transpose()?;
    let filter = Filter::try_from(wanted)?;
    let found = app.store.page(&filter, from, limit, Scan::default()).await?;
    Ok(Json(Page { items: found.records, next: found.next.map(|next| next.to_string()) }))
}

fn checked_limit(limit: Option<u32>) -> kit::Result<u32> {
    match limit {
        None => Ok(DEFAULT_LIMIT),
        Some(limit @ 1..=MAX_LIMIT) => Ok(limit),
        Some(_) => Err(Failure::new(ErrorCode::InvalidParameter)
            .detail(format!("limit: expected a number from 1 to {MAX_LIMIT}"))),
    }
}
