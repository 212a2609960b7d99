//! message-service over real HTTP, beside the real user- and channel-service.
#![allow(clippy::unwrap_used)]

mod answers;
mod batches;
mod events;
mod keeping;
mod limits;
mod moments;
mod people;
mod reading;
mod sending;
mod services;
mod signals;
mod strangers;
mod streams;
mod town;
mod traces;
