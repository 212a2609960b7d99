//! What every service needs and none owns: settings, telemetry, databases, problems, tokens, the HTTP frame, the bus.
//! Stands between `api`, whose types it serves, and the services; it knows no word of what people do with them.

pub mod address;
pub mod auth;
pub mod bus;
pub mod clock;
pub mod config;
#[cfg(feature = "db")]
pub mod db;
pub mod extract;
pub mod http;
pub mod problem;
pub mod rate;
pub mod secrets;
pub mod service;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
pub mod trace;

pub use self::{
    auth::Caller,
    clock::Clock,
    problem::{Failure, Result},
    service::{Kit, Running, Service, Tasks, main},
};
