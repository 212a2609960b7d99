//! The same stories as in `tests/api`, told on PostgreSQL: every text of SQL runs on both engines.
#![allow(clippy::unwrap_used)]

#[path = "../api/accounts.rs"]
mod accounts;
#[path = "../api/erasure.rs"]
mod erasure;
#[path = "../api/leases.rs"]
mod leases;
#[path = "../api/logins.rs"]
mod logins;
#[path = "../api/operators.rs"]
mod operators;
#[path = "../api/revoking.rs"]
mod revoking;
#[path = "../api/sessions.rs"]
mod sessions;
#[path = "../api/time.rs"]
mod time;
#[path = "../api/tokens.rs"]
mod tokens;
#[path = "../api/town.rs"]
mod town;
#[path = "../api/users.rs"]
mod users;

const POSTGRES: bool = true;
