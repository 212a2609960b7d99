//! Rules of conversations. Knows neither HTTP nor SQL; time is passed in.

pub mod act;
pub mod page;
pub mod policy;
pub mod reactions;
