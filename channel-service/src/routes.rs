//! The REST API: who may ask, what was asked, three steps each. One file a resource.

mod batches;
mod channel;
mod channels;
mod events;
mod invitations;
mod lists;
mod members;
mod metadata;
mod parts;
mod services;
mod settings;
mod users;

use axum::middleware::from_fn_with_state;
use kit::rate::{Pace, paced};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::App;

pub(crate) fn all() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(channels::list, channels::register))
        .routes(routes!(channel::show, channel::patch, channel::unregister))
        .routes(routes!(events::events))
        .routes(routes!(members::list))
        .routes(routes!(members::join, members::leave))
        .routes(routes!(settings::set_role))
        .routes(routes!(settings::set_topic))
        .routes(routes!(settings::set_modes))
        .routes(routes!(metadata::list, metadata::clear))
        .routes(routes!(metadata::show, metadata::set, metadata::remove))
        .routes(routes!(invitations::list))
        .routes(routes!(invitations::invite, invitations::withdraw))
        .routes(routes!(lists::list, lists::add))
        .routes(routes!(lists::remove))
        .routes(routes!(users::channels))
        .routes(routes!(users::invitations))
        .routes(routes!(batches::join))
        .routes(routes!(batches::part))
        .routes(routes!(services::end_holders))
        .routes(routes!(services::heads))
        .routes(routes!(services::replicas))
        .routes(routes!(services::erase))
}

/// As all are served: what each person writes is bounded.
pub(crate) fn served(pace: Pace) -> OpenApiRouter<App> {
    all().layer(from_fn_with_state(pace, paced))
}
