//! The grammar of IRC, from both sides.

mod message;
mod vectors;
