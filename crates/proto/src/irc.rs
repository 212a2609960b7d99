//! The grammar of IRC: RFC 1459 and 2812 as servers and clients practise it today (<https://modern.ircdocs.horse>), with
//! IRCv3's message tags, capabilities and SASL (<https://ircv3.net/irc/>).
//!
//! [`Message`] reads a line, [`Head`] and [`Line`] write one. The rest reads and writes what stands inside of one:
//! [`mode`], [`cap`], [`sasl`], [`ctcp`], and texts that must be [`split`] to fit. What a verb does and which numerics it
//! gets is the gateway's.

pub mod cap;
pub mod ctcp;
mod limits;
mod message;
pub mod mode;
pub mod sasl;
mod source;
pub mod split;
mod tags;
mod text;
mod timestamp;
mod writer;

pub use limits::{MAX_BODY, MAX_CLIENT_TAG_DATA, MAX_PARAMS, MAX_TAGS};
pub use message::{Message, MessageError, Params, Part, Reason};
pub use source::Source;
pub use tags::{Tag, Tags, is_tag_key};
pub use text::Text;
pub use timestamp::parse_timestamp;
pub use writer::{Head, Line};

pub use crate::at::At;
