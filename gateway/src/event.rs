//! What clients are shown without having asked, in no dialect: borrowed from what the owners said, written at once, never kept.

use api::{
    ChannelName, Entry,
    channels::ListKind,
    mode::{ModeChange, Role},
};

/// Somebody, as shown: the nick is the newest that this gateway has shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Who<'a> {
    pub(crate) nick: &'a str,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Event<'a> {
    Entry { entry: &'a Entry, author: Who<'a> },
    Join { channel: &'a ChannelName, who: Who<'a> },
    Part { channel: &'a ChannelName, who: Who<'a>, reason: &'a str },
    Quit { who: Who<'a>, reason: &'a str },
    Nick { old: Who<'a>, new: &'a str },
    Topic { channel: &'a ChannelName, by: Option<Who<'a>>, text: &'a str },
    Kick { channel: &'a ChannelName, by: Option<Who<'a>>, who: Who<'a>, reason: &'a str },
    Modes { channel: &'a ChannelName, by: Option<Who<'a>>, changes: &'a [ModeChange] },
    Role { channel: &'a ChannelName, by: Option<Who<'a>>, who: Who<'a>, role: Role, set: bool },
    Listed { channel: &'a ChannelName, by: Option<Who<'a>>, list: ListKind, mask: &'a str, set: bool },
    Invite { channel: &'a ChannelName, by: Option<Who<'a>> },
    Closing { reason: &'a str },
}
