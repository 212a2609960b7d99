//! The REST API: one file for each kind of thing.

mod accounts;
mod api_tokens;
mod asker;
mod certificates;
mod metadata;
mod operating;
mod operators;
mod paging;
mod scram;
mod services;
mod sessions;
mod tokens;
mod users;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

/// All routes of this service but those that every service has.
pub(crate) fn all() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(accounts::register))
        .routes(routes!(accounts::show, accounts::patch, accounts::delete))
        .routes(routes!(accounts::change_password))
        .routes(routes!(accounts::export))
        .routes(routes!(api_tokens::create, api_tokens::list))
        .routes(routes!(api_tokens::delete))
        .routes(routes!(certificates::create, certificates::list))
        .routes(routes!(certificates::delete))
        .routes(routes!(operators::suspend, operators::unsuspend))
        .routes(routes!(operators::reset_password))
        .routes(routes!(operators::add_ban, operators::list_bans))
        .routes(routes!(operators::delete_ban))
        .routes(routes!(operators::invite))
        .routes(routes!(operating::begin, operating::end))
        .routes(routes!(operating::wallops))
        .routes(routes!(tokens::grant))
        .routes(routes!(tokens::revoke))
        .routes(routes!(tokens::jwks))
        .routes(routes!(users::show, users::patch))
        .routes(routes!(users::lookup))
        .routes(routes!(users::history))
        .routes(routes!(metadata::list, metadata::clear))
        .routes(routes!(metadata::show, metadata::set, metadata::remove))
        .routes(routes!(metadata::lookup))
        .routes(routes!(sessions::list, sessions::delete_all))
        .routes(routes!(sessions::delete_one))
        .routes(routes!(sessions::open))
        .routes(routes!(sessions::end))
        .routes(routes!(sessions::token))
        .routes(routes!(scram::begin))
        .routes(routes!(scram::verify))
        .routes(routes!(services::renew_lease, services::end_lease))
        .routes(routes!(services::events))
        .routes(routes!(services::heads))
        .routes(routes!(services::revocations))
}
