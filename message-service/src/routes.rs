//! The REST API: who may ask, what was asked, three steps each. One file a resource.

mod batch;
mod conversations;
mod history;
mod markers;
mod message;
mod parts;
mod reactions;
mod send;
mod services;
mod signals;
mod streams;

use axum::middleware::from_fn_with_state;
use kit::rate::{Pace, paced};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

pub(crate) fn all() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(history::channel, send::channel))
        .routes(routes!(history::direct, send::direct))
        .routes(routes!(message::show, message::edit, message::redact))
        .routes(routes!(reactions::list))
        .routes(routes!(reactions::react, reactions::unreact))
        .routes(routes!(markers::channel, markers::set_channel))
        .routes(routes!(markers::direct, markers::set_direct))
        .routes(routes!(conversations::list))
        .routes(routes!(signals::channel))
        .routes(routes!(signals::direct))
        .routes(routes!(streams::channel))
        .routes(routes!(streams::direct))
        .routes(routes!(streams::everything))
        .merge(OpenApiRouter::new().routes(routes!(batch::send)).layer(batch::body_limit()))
        .routes(routes!(services::entries))
        .routes(routes!(services::delete))
        .routes(routes!(services::direct_heads))
        .routes(routes!(services::heads))
        .routes(routes!(services::erase))
}

/// As all are served: what each person writes is bounded.
pub(crate) fn served(pace: Pace) -> OpenApiRouter<App> {
    all().layer(from_fn_with_state(pace, paced))
}
