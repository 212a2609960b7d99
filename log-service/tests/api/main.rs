//! log-service as programs meet it: real HTTP, a real SQLite file, tokens with real signatures.

#![allow(clippy::unwrap_used, reason = "a panic here is the message")]

mod network;

mod erasure;
mod finding;
mod shipping;
mod streaming;
