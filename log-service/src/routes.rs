//! The REST API: who may ask, what was asked, three steps each.

mod erase;
mod list;
mod query;
mod ship;
mod stream;

use axum::extract::DefaultBodyLimit;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::App;

/// Bytes of one batch: a thousand records of 16 KiB, most of which have 300 bytes. Only services get so far as to send it.
pub(crate) const MAX_BATCH_BYTES: usize = 16 * 1024 * 1024;

pub(crate) fn all() -> OpenApiRouter<App> {
    let ship = OpenApiRouter::new().routes(routes!(ship::ship)).layer(DefaultBodyLimit::max(MAX_BATCH_BYTES));
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(stream::stream))
        .routes(routes!(erase::erase))
        .merge(ship)
}
