//! What one process of Causerie says to another: typed REST clients, one method an endpoint, and the readers that keep replicas of
//! what others own. Knows no sockets of chat clients and no SQL.

pub mod channels;
pub mod follow;
pub mod http;
pub mod logs;
pub mod messages;
pub mod replica;
pub mod sequence;
pub mod users;

pub use channels::Channels;
pub use http::{Caller, Error, Service};
pub use logs::Logs;
pub use messages::Messages;
pub use users::Users;
