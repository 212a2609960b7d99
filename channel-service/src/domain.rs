//! The rules of channels, as pure functions: nothing here waits, asks or stores.

pub mod ledger;
pub mod lists;
pub mod modes;
pub mod policy;
pub mod room;
