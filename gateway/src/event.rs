//! What clients are shown without having asked, in no dialect: borrowed from what the owners said, written at once, never kept.

use std::sync::Arc;

use api::{
    AccountName, ChannelName, Entry, Nick, Person, Timestamp,
    auth::{Actor, USERNAME},
    channels::ListKind,
    event::{ChannelChange, ChannelEvent},
    id::ChannelId,
    messages::Passing,
    mode::{ModeChange, Role},
};

/// When something happened, and what it is called if a channel keeps it: the channel and its version.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment<'a> {
    pub(crate) at: Timestamp,
    pub(crate) id: Option<(&'a ChannelId, u64)>,
}

impl From<Timestamp> for Moment<'_> {
    fn from(at: Timestamp) -> Self {
        Self { at, id: None }
    }
}

impl<'a> Moment<'a> {
    pub(crate) fn of(event: &'a ChannelEvent) -> Self {
        // Net changes of a snapshot have none.
        let id = (event.version > 0).then_some((&event.channel, event.version));
        Self { at: event.at, id }
    }
}

/// Somebody, as shown: the nick is the newest that this gateway has shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Who<'a> {
    pub(crate) nick: &'a str,
    /// `user@host`; empty if this gateway never saw it.
    pub(crate) mask: &'a str,
    pub(crate) account: Option<&'a str>,
    pub(crate) realname: Option<&'a str>,
    /// A program.
    pub(crate) bot: bool,
}

/// The same to keep for a moment.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) nick: Nick,
    pub(crate) mask: Arc<str>,
    pub(crate) account: Option<Arc<str>>,
    pub(crate) realname: Option<Arc<str>>,
    pub(crate) bot: bool,
}

impl Shown {
    /// Somebody of whom nothing but the nick is known.
    pub(crate) fn unseen(nick: Nick) -> Self {
        Self { nick, mask: Arc::default(), account: None, realname: None, bot: false }
    }

    pub(crate) fn who(&self) -> Who<'_> {
        Who {
            nick: self.nick.as_str(),
            mask: &self.mask,
            account: self.account.as_deref(),
            realname: self.realname.as_deref(),
            bot: self.bot,
        }
    }
}

impl From<&Actor> for Shown {
    fn from(actor: &Actor) -> Self {
        Self {
            nick: actor.person.nick.clone(),
            mask: mask(&actor.username, &actor.host),
            account: account(actor.account.as_ref()),
            realname: None,
            bot: false,
        }
    }
}

/// `user@host` of `nick!user@host`.
pub(crate) fn mask(username: &str, host: &str) -> Arc<str> {
    format!("{username}@{host}").into()
}

/// The same of somebody who has come from another host, and may have said another user name.
pub(crate) fn mask_from(before: &str, username: Option<&str>, host: &str) -> Arc<str> {
    let known = before.split_once('@').map_or(USERNAME, |(known, _)| known);
    mask(username.unwrap_or(known), host)
}

pub(crate) fn account(account: Option<&AccountName>) -> Option<Arc<str>> {
    account.map(|account| account.as_str().into())
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Event<'a> {
    Entry {
        entry: &'a Entry,
        author: Who<'a>,
    },
    Join {
        channel: &'a ChannelName,
        who: Who<'a>,
    },
    Part {
        channel: &'a ChannelName,
        who: Who<'a>,
        reason: &'a str,
    },
    Quit {
        who: Who<'a>,
        reason: &'a str,
    },
    Nick {
        old: Who<'a>,
        new: &'a str,
    },
    Renamed {
        old: &'a ChannelName,
        channel: &'a ChannelName,
        by: Option<Who<'a>>,
        reason: &'a str,
    },
    Topic {
        channel: &'a ChannelName,
        by: Option<Who<'a>>,
        text: &'a str,
    },
    Kick {
        channel: &'a ChannelName,
        by: Option<Who<'a>>,
        who: Who<'a>,
        reason: &'a str,
    },
    Modes {
        channel: &'a ChannelName,
        by: Option<Who<'a>>,
        changes: &'a [ModeChange],
    },
    Role {
        channel: &'a ChannelName,
        by: Option<Who<'a>>,
        who: Who<'a>,
        role: Role,
        set: bool,
    },
    Listed {
        channel: &'a ChannelName,
        by: Option<Who<'a>>,
        list: ListKind,
        mask: &'a str,
        set: bool,
    },
    Invite {
        channel: &'a ChannelName,
        by: Option<Who<'a>>,
        who: Who<'a>,
    },
    /// As [`Invite`](Self::Invite), for those who are in the channel.
    Invited {
        channel: &'a ChannelName,
        by: Option<Who<'a>>,
        who: Who<'a>,
    },
    /// No text: back.
    Away {
        who: Who<'a>,
        text: Option<&'a str>,
    },
    /// Another account, or the first.
    Account {
        who: Who<'a>,
    },
    /// An operator tells something to those who want to read that.
    Wallops {
        by: Who<'a>,
        text: &'a str,
    },
    /// Another `user@host`.
    Chghost {
        who: Who<'a>,
        username: &'a str,
        host: &'a str,
    },
    /// Another name beside the nick.
    Setname {
        who: Who<'a>,
        realname: &'a str,
    },
    /// Said in passing, and not kept.
    Passing {
        passing: &'a Passing,
        author: Who<'a>,
    },
    /// Somebody's own: they have read as far elsewhere.
    Marked {
        target: &'a str,
        until: Option<Timestamp>,
    },
    Closing {
        reason: &'a str,
    },
}

/// What happened in a channel, with those who did it and whom it was done to as they were called then.
pub(crate) struct Happened {
    pub(crate) event: ChannelEvent,
    pub(crate) by: Option<Shown>,
    pub(crate) who: Option<Shown>,
}

impl Happened {
    /// Whom it was done to.
    pub(crate) fn whom(change: &ChannelChange) -> Option<&Person> {
        match change {
            ChannelChange::Joined { member } => Some(&member.person),
            ChannelChange::Parted { user, .. }
            | ChannelChange::Quit { user, .. }
            | ChannelChange::Kicked { user, .. }
            | ChannelChange::Roles { user, .. } => Some(user),
            _ => None,
        }
    }

    /// Whether those who look back are shown it.
    pub(crate) fn is_shown(change: &ChannelChange) -> bool {
        Self::whom(change).is_some()
            || matches!(
                change,
                ChannelChange::Topic { .. }
                    | ChannelChange::Modes { .. }
                    | ChannelChange::Listed { .. }
                    | ChannelChange::Unlisted { .. }
            )
    }

    pub(crate) fn event(&self) -> Option<Event<'_>> {
        let (channel, by) = (&self.event.name, self.by.as_ref().map(Shown::who));
        let who = self.who.as_ref().map(Shown::who);
        Some(match &self.event.change {
            ChannelChange::Joined { .. } => Event::Join { channel, who: who? },
            ChannelChange::Parted { reason, .. } => {
                Event::Part { channel, who: who?, reason: reason.as_deref().unwrap_or_default() }
            }
            ChannelChange::Quit { reason, still_here: true, .. } => {
                Event::Part { channel, who: who?, reason: reason.as_deref().unwrap_or_default() }
            }
            ChannelChange::Quit { reason, .. } => {
                Event::Quit { who: who?, reason: reason.as_deref().unwrap_or_default() }
            }
            ChannelChange::Kicked { reason, .. } => {
                Event::Kick { channel, by, who: who?, reason: reason.as_deref().unwrap_or_default() }
            }
            ChannelChange::Topic { topic } => {
                Event::Topic { channel, by, text: topic.as_ref().map_or("", |topic| &topic.text) }
            }
            ChannelChange::Modes { changes, .. } => Event::Modes { channel, by, changes },
            ChannelChange::Roles { role, set, .. } => {
                Event::Role { channel, by, who: who?, role: *role, set: *set }
            }
            ChannelChange::Listed { list, entry } => {
                Event::Listed { channel, by, list: *list, mask: entry.mask.as_str(), set: true }
            }
            ChannelChange::Unlisted { list, mask, .. } => {
                Event::Listed { channel, by, list: *list, mask, set: false }
            }
            _ => return None,
        })
    }
}
