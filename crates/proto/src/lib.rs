//! Bytes to values and back: the first and the last step of a line's way through the gateway.
//!
//! [`lines`] cuts a byte stream into lines, for every dialect. [`plain`] is the grammar of the line protocol
//! (docs/line-protocol.md), [`irc`] that of IRC. Knows neither sockets nor services nor what a command means; see the
//! gateway for that.

mod at;
mod decimal;
pub mod irc;
pub mod lines;
pub mod plain;
