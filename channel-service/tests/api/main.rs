//! The service over real HTTP on a real SQLite file, as a gateway and user-service ask it.

#![allow(clippy::unwrap_used, reason = "a panic is a test's message")]

mod bus;
mod erasure;
mod inviting;
mod joining;
mod limits;
mod metadata;
mod ruling;
mod seeing;
mod staying;
mod time;
mod world;
