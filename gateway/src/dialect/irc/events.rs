//! Events as lines.

use api::{ChannelName, id::EventId};
use proto::irc::{
    At, Head, Line,
    mode::{self, Change, Class},
};

use super::{Caps, entry, passing};
use crate::event::{Event, Moment, Who};

/// What changes how an entry is written: one set for all kinds, as entries of all kinds leave together.
pub(crate) const ENTRIES: Caps = Caps::SERVER_TIME
    .or(Caps::MESSAGE_TAGS)
    .or(Caps::ACCOUNT_TAG)
    .or(Caps::MESSAGE_REDACTION)
    .or(Caps::MULTILINE);

/// Mode changes in one line: `MODES` in 005.
pub(super) const MAX_MODES: usize = 12;

/// What changes how an event is written. Whoever has the same of these gets the same bytes.
pub(crate) fn relevant(event: &Event<'_>) -> Caps {
    match event {
        Event::Entry { .. } | Event::Passing { .. } => ENTRIES,
        Event::Join { .. } => ALWAYS.or(Caps::EXTENDED_JOIN),
        Event::Away { .. } => ALWAYS.or(Caps::AWAY_NOTIFY),
        Event::Invited { .. } => ALWAYS.or(Caps::INVITE_NOTIFY),
        Event::Account { .. } => ALWAYS.or(Caps::ACCOUNT_NOTIFY),
        Event::Chghost { .. } => ALWAYS.or(Caps::CHGHOST),
        Event::Setname { .. } => ALWAYS.or(Caps::SETNAME),
        Event::Marked { .. } => Caps::READ_MARKER,
        Event::Closing { .. } => Caps::NONE,
        _ => ALWAYS,
    }
}

const ALWAYS: Caps = Caps::SERVER_TIME.or(Caps::ACCOUNT_TAG).or(Caps::MESSAGE_TAGS);

pub(crate) fn event<'a>(caps: Caps, event: &Event<'_>, at: impl Into<Moment<'a>>, out: &mut Vec<u8>) {
    let at = at.into();
    match *event {
        Event::Entry { entry, author } => entry::write(caps, entry, author, out),
        Event::Join { channel, who } => {
            let line = By::new(Some(who)).line(caps, at, "JOIN", out).param(channel.as_str());
            if caps.has(Caps::EXTENDED_JOIN) {
                // Whose real name is not known is called by the nick.
                line.param(who.account.unwrap_or("*")).trailing(who.realname.unwrap_or(who.nick));
            }
        }
        Event::Part { channel, who, reason } => {
            part(By::new(Some(who)).line(caps, at, "PART", out), channel, reason);
        }
        Event::Quit { who, reason } => {
            By::new(Some(who)).line(caps, at, "QUIT", out).trailing(reason);
        }
        Event::Nick { old, new } => By::new(Some(old)).line(caps, at, "NICK", out).param(new).end(),
        // Others are shown it as leaving and coming back.
        Event::Renamed { old, channel, by, reason } => {
            if caps.has(Caps::CHANNEL_RENAME) {
                let line = By::new(by).line(caps, at, "RENAME", out).param(old.as_str());
                line.param(channel.as_str()).trailing(reason);
            }
        }
        Event::Topic { channel, by, text } => {
            By::new(by).line(caps, at, "TOPIC", out).param(channel.as_str()).trailing(text);
        }
        Event::Kick { channel, by, who, reason } => {
            let line = By::new(by).line(caps, at, "KICK", out).param(channel.as_str()).param(who.nick);
            // RFC 2812 §3.2.8: without a comment it is the nick of who does it.
            let nick = by.map_or(who.nick, |by| by.nick);
            line.trailing(if reason.is_empty() { nick } else { reason });
        }
        Event::Modes { channel, by, changes } => {
            let changes: Vec<_> = changes
                .iter()
                .map(|change| Change {
                    add: change.set,
                    class: class(change.letter),
                    letter: change.letter,
                    // The key is not told; clients expect something in its place.
                    arg: match change.letter {
                        'k' => Some(change.value.as_deref().unwrap_or("*")),
                        _ => change.value.as_deref().filter(|_| change.set),
                    },
                })
                .collect();
            modes(caps, by, channel, &changes, at, out);
        }
        Event::Role { channel, by, who, role, set } => {
            let change =
                Change { add: set, class: Class::Member, letter: role.letter(), arg: Some(who.nick) };
            modes(caps, by, channel, &[change], at, out);
        }
        Event::Listed { channel, by, list, mask, set } => {
            let change = Change { add: set, class: Class::List, letter: list.letter(), arg: Some(mask) };
            modes(caps, by, channel, &[change], at, out);
        }
        Event::Invite { channel, by, who } => {
            By::new(by).line(caps, at, "INVITE", out).param(who.nick).param(channel.as_str()).end();
        }
        Event::Invited { channel, by, who } => {
            if caps.has(Caps::INVITE_NOTIFY) {
                By::new(by).line(caps, at, "INVITE", out).param(who.nick).param(channel.as_str()).end();
            }
        }
        Event::Away { who, text } => {
            if caps.has(Caps::AWAY_NOTIFY) {
                let line = By::new(Some(who)).line(caps, at, "AWAY", out);
                match text {
                    Some(text) => drop(line.trailing(text)),
                    None => line.end(),
                }
            }
        }
        Event::Account { who } => {
            if caps.has(Caps::ACCOUNT_NOTIFY) {
                let line = By::new(Some(who)).line(caps, at, "ACCOUNT", out);
                line.param(who.account.unwrap_or("*")).end();
            }
        }
        Event::Wallops { by, text } => {
            By::new(Some(by)).line(caps, at, "WALLOPS", out).trailing(text);
        }
        // Others may be shown it as leaving and coming again ("Fallback"), which is more than has happened.
        Event::Chghost { who, username, host } => {
            if caps.has(Caps::CHGHOST) {
                By::new(Some(who)).line(caps, at, "CHGHOST", out).param(username).param(host).end();
            }
        }
        Event::Setname { who, realname } => {
            if caps.has(Caps::SETNAME) {
                By::new(Some(who)).line(caps, at, "SETNAME", out).trailing(realname);
            }
        }
        Event::Passing { passing, author } => passing::write(caps, passing, author, out),
        Event::Marked { target, until } => {
            if let Some(until) = until.filter(|_| caps.has(Caps::READ_MARKER)) {
                let line = Line::command(out, None, "MARKREAD").param(target);
                line.timestamp("timestamp=", At(until.as_micros())).end();
            }
        }
        Event::Closing { reason } => {
            Line::command(out, None, "ERROR").trailing(&format!("Closing link: {reason}"));
        }
    }
}

/// Goes on with a `PART`.
pub(super) fn part(line: Line<'_>, channel: &ChannelName, reason: &str) {
    let line = line.param(channel.as_str());
    if !reason.is_empty() {
        line.trailing(reason);
    }
}

fn modes(
    caps: Caps,
    by: Option<Who<'_>>,
    channel: &ChannelName,
    mut changes: &[Change<'_>],
    mut at: Moment<'_>,
    out: &mut Vec<u8>,
) {
    let by = By::new(by);
    while !changes.is_empty() {
        let line = by.line(caps, at, "MODE", out).param(channel.as_str());
        let (now, later) = changes.split_at(mode::fitting(changes, line.left(), MAX_MODES));
        mode::write(line, now).end();
        changes = later;
        // The first line has the name of them all.
        at.id = None;
    }
}

fn class(letter: char) -> Class {
    super::isupport::MODES.class(letter).unwrap_or(Class::Flag)
}

/// Who does something, as the source of lines. Of nobody there is none: the line is the server's then (RFC 2812 §2.3).
pub(super) struct By<'a> {
    source: Option<String>,
    account: Option<&'a str>,
}

impl<'a> By<'a> {
    pub(super) fn new(who: Option<Who<'a>>) -> Self {
        Self { source: who.map(source), account: who.and_then(|who| who.account) }
    }

    pub(super) fn line<'o, 'm>(
        &self,
        caps: Caps,
        at: impl Into<Moment<'m>>,
        verb: &str,
        out: &'o mut Vec<u8>,
    ) -> Line<'o> {
        self.head(caps, at, out).command(self.source.as_deref(), verb)
    }

    /// The tags that any line of somebody has.
    pub(super) fn head<'o, 'm>(
        &self,
        caps: Caps,
        at: impl Into<Moment<'m>>,
        out: &'o mut Vec<u8>,
    ) -> Head<'o> {
        let Moment { at, id } = at.into();
        let mut head = Head::new(out);
        if caps.has(Caps::SERVER_TIME) {
            head = head.time(At(at.as_micros()));
        }
        if let Some((channel, version)) = id.filter(|_| caps.has(Caps::MESSAGE_TAGS)) {
            head = head.tag("msgid", &EventId { channel: channel.clone(), version }.to_string());
        }
        if caps.has(Caps::ACCOUNT_TAG) {
            head = head.optional_tag("account", self.account);
        }
        head
    }

    pub(super) fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }
}

/// `nick!user@host`. Where nobody has seen a host it is `*`: a nick alone would be read as a server's name.
pub(super) fn source(who: Who<'_>) -> String {
    let mask = if who.mask.is_empty() { UNSEEN } else { who.mask };
    format!("{}!{mask}", who.nick)
}

const UNSEEN: &str = "~u@*";
