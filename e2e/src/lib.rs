//! Causerie from outside: the real program as real processes, real sockets on it, and stories about what people then see.
//!
//! A [`Town`] is a running network. [`Line`] is somebody at a terminal, [`Rest`] is a program with a token. Stories run in every
//! shape of town by [`in_every_town!`]: one process, five processes.
//!
//! ```no_run
//! # async fn story() {
//! let town = e2e::Town::five_processes().await;
//! let mut alice = town.line().await;
//! alice.asks("/nick alice").await.is("200 nick alice");
//! alice.says("/join #general").await;
//! alice.sees("200 joined #general 1 0").await;
//! town.kill9(e2e::Messages);
//! # }
//! ```

mod clock;
mod doors;
mod heard;
mod irc;
mod line;
mod names;
mod pattern;
mod postgres;
pub mod previous;
mod process;
pub mod recorder;
mod rest;
mod script;
mod shared;
mod terminal;
mod town;

pub use api::auth::ServiceName::{self, Channels, Gateway, Logs, Messages, Users};

pub use self::{
    clock::{WITHIN, until},
    doors::Doors,
    heard::{Heard, Reply},
    irc::Irc,
    line::Line,
    names::{fresh, fresh_channel},
    pattern::Pattern,
    process::binary,
    rest::{Answer, Rest, segment},
    script::Script,
    shared::{Scene, Shape, shared},
    terminal::Terminal,
    town::{Fault, Machine, Part, Plan, Town},
};

/// Names the folder that `causerie-under-test` lives in; with it set the program ends with its standard input.
pub const ENDS_WITH_STDIN: &str = "CAUSERIE_TEST_ENDS_WITH_STDIN";
