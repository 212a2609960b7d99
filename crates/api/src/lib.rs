//! What travels between Causerie's processes, and nothing else: ids, names that cannot be wrong, requests, replies, events and
//! the catalogue of errors. Knows neither sockets nor HTTP nor SQL; every other crate depends on it, it depends on none of them.

pub mod auth;
pub mod bus;
pub mod channels;
pub mod emoji;
pub mod error;
pub mod event;
pub mod id;
pub mod logs;
pub mod mask;
pub mod messages;
pub mod metadata;
pub mod mode;
pub mod name;
pub mod page;
pub mod problem;
pub mod tags;
pub mod text;
pub mod time;
pub mod users;

pub use error::{Door, ErrorCode};
pub use event::{Entry, EntryKind, Person};
pub use name::{AccountName, ChannelName, NameError, Nick};
pub use page::{HeadsReply, HeadsRequest, Item, Page};
pub use problem::{FieldError, Problem};
pub use time::Timestamp;
