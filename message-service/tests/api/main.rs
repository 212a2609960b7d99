//! message-service over real HTTP, beside the real user- and channel-service.
#![allow(clippy::unwrap_used)]

mod batches;
mod limits;
mod reading;
mod sending;
mod services;
mod streams;
mod town;
