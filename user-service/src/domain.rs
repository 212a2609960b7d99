//! The rules, pure: no HTTP, no SQL, no clock and no chance but those passed in.

pub(crate) mod bans;
pub(crate) mod cloak;
pub(crate) mod keys;
pub mod lease;
pub(crate) mod password;
pub(crate) mod scram;
pub mod secret;
