//! IRC, between commands and lines: RFC 1459 and 2812 as practised today (<https://modern.ircdocs.horse>) with IRCv3
//! (<https://ircv3.net/irc/>). Its grammar is proto's.
//!
//! A change is answered by the event that everybody is shown of it, in its place (`Dialect::answers_with_events`); numerics say
//! the rest.

mod caps;
mod decode;
mod encode;
mod entry;
mod errors;
mod events;
mod frame;
mod help;
mod isupport;
pub(crate) mod multiline;
mod passing;
mod registration;
mod sasl;
pub(crate) mod services;
#[cfg(test)]
mod tests;
mod verbs;
pub(crate) mod word;

pub(crate) use self::{
    caps::{Caps, Offer, Reply as CapReply, Request as CapRequest, Sts},
    decode::{asked, conversation::say_to, decode, unknown},
    encode::{answer, back, closing, metadata, moved, ping, presence},
    entry::fits,
    events::{ENTRIES, event, relevant},
    frame::frame,
    registration::{Registration, Wanted, are_equal},
    sasl::{Credential, Exchange, Fault, Next, Opening, step as sasl_step},
    word::{
        Counts, Datum, DatumRow, End, HistoryAsked, HistoryPart, LoggedIn, MetadataAsked, MetadataTold,
        Monitor, NetBan, Page, Past, Selector, Subscribed, Told, Word,
    },
};

use std::sync::Arc;

use api::users::OpenedSession;

use crate::{
    commands::before::Before,
    server::{Server, Stranger},
};

/// `nick` of somebody without one, in replies.
const NOBODY: &str = "*";

/// What a connection is between two lines, beside what every session is.
pub(crate) struct Connected {
    /// It understands capabilities' values, and lists of several lines: `CAP LS 302`.
    pub(crate) knows_302: bool,
    /// A gateway's, until it says for whom (WEBIRC).
    pub(crate) is_gateway: bool,
    /// Until it is welcomed.
    pub(crate) registration: Option<Registration>,
    /// The same, for those who count.
    pub(crate) stranger: Option<Stranger>,
    pub(crate) sasl: Option<Exchange>,
    /// The session of a login that came before NICK and USER.
    pub(crate) early: Option<Box<OpenedSession>>,
    /// What is to be said of them when they are welcomed.
    pub(crate) before: Option<Box<Before>>,
    /// What it is saying in several lines.
    pub(crate) gathering: Option<Box<multiline::Gathering>>,
}

impl Connected {
    pub(crate) fn new(server: Arc<Server>) -> Self {
        Self {
            knows_302: false,
            is_gateway: false,
            registration: Some(Registration::default()),
            stranger: Some(server.stranger()),
            sasl: None,
            early: None,
            before: None,
            gathering: None,
        }
    }
}
