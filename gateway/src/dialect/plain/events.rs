//! Events as lines.

use api::{Entry, EntryKind, Timestamp};
use proto::plain::{At, Event as Line, MessageKind};

use super::Format;
use crate::event::{Event, Who};

pub(crate) fn event(format: Format, event: &Event<'_>, at: Timestamp, out: &mut Vec<u8>) {
    let mut write = |line: Line<'_>| match format {
        Format::Wire => line.wire(out),
        Format::Human => line.human(At(at.as_micros()), out),
    };
    match *event {
        Event::Entry { entry, author } => {
            if let Some(line) = entry_line(entry, author.nick) {
                write(line);
            }
        }
        Event::Join { channel, who } => write(Line::Join { channel: channel.as_str(), nick: who.nick }),
        Event::Part { channel, who, reason } => {
            write(Line::Part { channel: channel.as_str(), nick: who.nick, reason });
        }
        Event::Quit { who, reason } => write(Line::Quit { nick: who.nick, reason }),
        Event::Nick { old, new } => write(Line::Nick { old: old.nick, new }),
        Event::Renamed { old, channel, by, reason } => {
            write(Line::Renamed { old: old.as_str(), new: channel.as_str(), nick: name(by), reason });
        }
        Event::Topic { channel, by, text } => {
            write(Line::Topic { channel: channel.as_str(), nick: name(by), text });
        }
        Event::Kick { channel, by, who, reason } => {
            write(Line::Kick { channel: channel.as_str(), by: name(by), nick: who.nick, reason });
        }
        Event::Modes { channel, by, changes } => {
            for change in changes {
                let sign = if change.set { '+' } else { '-' };
                let value = change.value.as_ref().map(|value| format!(" {value}")).unwrap_or_default();
                let change = format!("{sign}{}{value}", change.letter);
                write(Line::Mode { channel: channel.as_str(), by: name(by), change: &change });
            }
        }
        Event::Role { channel, by, who, role, set } => {
            let change = format!("{}{} {}", if set { '+' } else { '-' }, role.letter(), who.nick);
            write(Line::Mode { channel: channel.as_str(), by: name(by), change: &change });
        }
        Event::Listed { channel, by, list, mask, set } => {
            let change = format!("{}{} {mask}", if set { '+' } else { '-' }, list.letter());
            write(Line::Mode { channel: channel.as_str(), by: name(by), change: &change });
        }
        Event::Invite { channel, by, who: _ } => {
            write(Line::Invite { channel: channel.as_str(), by: name(by) })
        }
        // The line protocol has no word for it.
        Event::Away { .. }
        | Event::Invited { .. }
        | Event::Account { .. }
        | Event::Chghost { .. }
        | Event::Setname { .. }
        | Event::Marked { .. }
        | Event::Passing { .. }
        | Event::Wallops { .. } => {}
        Event::Closing { reason } => write(Line::Closing { reason }),
    }
}

/// None for kinds of a newer release, and for what only clients say to each other.
fn entry_line<'a>(entry: &'a Entry, nick: &'a str) -> Option<Line<'a>> {
    let (target, seq, at, of) = (&*entry.target, entry.seq, At(entry.at.as_micros()), entry.of.unwrap_or(0));
    let message = |kind| Line::Message { kind, target, seq, at, nick, text: &entry.text };
    Some(match entry.kind {
        EntryKind::Message => message(MessageKind::Msg),
        EntryKind::Action => message(MessageKind::Action),
        EntryKind::Notice => message(MessageKind::Notice),
        EntryKind::Redaction => Line::Redact { target, seq, at, nick, redacted: of },
        EntryKind::Edit => Line::Edit { target, seq, at, nick, edited: of, text: &entry.text },
        EntryKind::Reaction => Line::React { target, seq, at, nick, of, emoji: &entry.text, back: false },
        EntryKind::Unreaction => Line::React { target, seq, at, nick, of, emoji: &entry.text, back: true },
        EntryKind::Tags | EntryKind::Unknown => return None,
    })
}

fn name(who: Option<Who<'_>>) -> &str {
    who.map_or("-", |who| who.nick)
}
