//! message-service: conversations and what is said in them. Stands behind every send: numbers it, keeps it, and only then says so.

pub mod domain;
pub mod store;
pub mod writer;
