use api::{
    ErrorCode, Problem,
    logs::{MAX_RECORDS, ShipLogs},
};
use axum::{extract::State, http::StatusCode};
use kit::{Failure, auth::FromService, extract::Json};

use crate::{App, domain::NewRecord, error::in_record};

/// Store records (services)
///
/// All of a batch or nothing. `202` leaves after the commit.
#[utoipa::path(
    post, path = "/v1/logs", tag = "logs", request_body = ShipLogs,
    responses(
        (status = 202, description = "stored"),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 413, body = Problem),
        (status = 422, body = Problem, description = "too many records, or one that is not allowed: `errors` points at it"),
    )
)]
pub(super) async fn ship(
    _: FromService,
    State(app): State<App>,
    Json(batch): Json<ShipLogs>,
) -> kit::Result<StatusCode> {
    if batch.records.len() > MAX_RECORDS {
        return Err(Failure::new(ErrorCode::InvalidParameter)
            .detail(format!("more than {MAX_RECORDS} records"))
            .field("/records", format!("at most {MAX_RECORDS}")));
    }
    let mut records = Vec::with_capacity(batch.records.len());
    for (place, record) in batch.records.into_iter().enumerate() {
        records.push(NewRecord::try_from(record).map_err(|invalid| in_record(place, invalid))?);
    }
    if !records.is_empty() {
        let last = app.store.append(&records, app.clock.now()).await?;
        // Two batches may come here in another order than they were committed in.
        app.newest.send_if_modified(|newest| std::mem::replace(newest, last.max(*newest)) < last);
    }
    Ok(StatusCode::ACCEPTED)
}
