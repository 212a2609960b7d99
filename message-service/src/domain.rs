//! Rules of conversations. Knows neither HTTP nor SQL; time is passed in.

pub mod act;
mod key;
pub mod page;
pub mod policy;
pub mod reactions;
