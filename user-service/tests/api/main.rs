//! user-service over real HTTP, with a real database.
#![allow(clippy::unwrap_used)]

mod accounts;
mod erasure;
mod leases;
mod logins;
mod metadata;
mod operators;
mod revoking;
mod sessions;
mod time;
mod tokens;
mod town;
mod users;
mod walls;

/// `tests/postgres` tells the same stories on the other engine.
const POSTGRES: bool = false;
