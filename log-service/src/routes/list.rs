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

use super::query::{Listed, Wanted};
use crate::{
    App,
    domain::{Filter, Position},
    store::Scan,
};

/// Find records, newest first (operators)
///
/// A search that finds little looks through a bounded number of records for each page: then a page is short or empty, and its
/// `next` goes on. Only `next: null` means that there is no more.
#[utoipa::path(
    get, path = "/v1/logs", tag = "logs", params(Wanted,
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "records on a page, 50 if absent"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before")),
    responses(
        (status = 200, body = Page<StoredRecord>),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem),
    )
)]
pub(super) async fn list(
    caller: Caller,
    State(app): State<App>,
    Query(listed): Query<Listed>,
) -> kit::Result<Json<Page<StoredRecord>>> {
    caller.operator()?;
    let limit = checked_limit(listed.limit)?;
    let from = listed.cursor.as_deref().map(str::parse::<Position>).transpose()?;
    let filter = Filter::try_from(listed.wanted())?;
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
