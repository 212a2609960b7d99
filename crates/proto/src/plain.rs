//! The grammar of the line protocol, `causerie/1`: docs/line-protocol.md in code.
//!
//! [`decode`] reads what a client sends, [`Frame`] and [`Event`] write what the server sends, [`ServerLine`] reads that
//! again, for clients and tests. What a verb does and which replies it gets is the gateway's.

mod escape;
mod event;
mod frame;
mod request;
mod server_line;

pub use crate::at::At;
pub use event::{Event, MessageKind};
pub use frame::{Frame, Tags};
pub use request::{Body, DecodeError, Params, Reason, Request, decode};
pub use server_line::{ParseError, ServerLine};
