//! What somebody says, as lines: as many as it takes.

use api::{Entry, EntryKind};
use proto::irc::{Head, ctcp, split::Piece};
use smallvec::SmallVec;

use super::{
    Caps,
    events::{By, source},
    multiline,
};
use crate::{
    event::{Shown, Who},
    hub::Client,
};

/// Bytes of a piece of text below which no line is cut: names can leave no less room than this.
pub(super) const MIN_PIECE: usize = 64;

pub(super) fn write(caps: Caps, entry: &Entry, author: Who<'_>, out: &mut Vec<u8>) {
    match entry.kind {
        EntryKind::Message => spoken(caps, entry, author, "PRIVMSG", "", out),
        EntryKind::Action => spoken(caps, entry, author, "PRIVMSG", ACTION, out),
        EntryKind::Notice => spoken(caps, entry, author, "NOTICE", "", out),
        // IRC has no word for it: it is said again, and said that it is that.
        EntryKind::Edit => spoken(caps, entry, author, "PRIVMSG", EDITED, out),
        EntryKind::Reaction => reaction(caps, entry, author, "+draft/react", out),
        EntryKind::Unreaction => reaction(caps, entry, author, "+draft/unreact", out),
        EntryKind::Redaction => redaction(caps, entry, author, out),
        EntryKind::Tags => tags(caps, entry, author, out),
        EntryKind::Unknown => {}
    }
}

pub(super) const ACTION: &str = "\u{1}ACTION ";
const EDITED: &str = "[edited] ";

/// Names the batch of a message of several lines. They are written one after the other, so that one name is enough.
const LINES: &str = "lines";

fn spoken(caps: Caps, entry: &Entry, author: Who<'_>, verb: &str, before: &str, out: &mut Vec<u8>) {
    let by = By::new(Some(author));
    let target = target(entry);
    let around = if before == ACTION { ACTION.len() + 1 } else { before.len() };
    let room = room(by.source().unwrap_or_default(), verb, target).saturating_sub(around);
    let pieces: SmallVec<[Piece<'_>; 4]> =
        multiline::pieces(&entry.text, &entry.splits, room.max(MIN_PIECE)).collect();
    let mut first = true;
    if caps.has(Caps::MULTILINE) && pieces.len() > 1 && before.is_empty() {
        let source = by.source();
        let begin = head(caps, entry, author, &by, true, out).command(source, "BATCH");
        begin.param(&format!("+{LINES}")).param(multiline::BATCH).param(target).end();
        for piece in pieces {
            let head = Head::new(out).tag("batch", LINES);
            let head = if piece.joins { head.tag(multiline::CONCAT, "") } else { head };
            head.command(source, verb).param(target).trailing(piece.text);
        }
        return Head::new(out).command(source, "BATCH").param(&format!("-{LINES}")).end();
    }
    // Those who do not know that they belong together are sent no blank ones ("Fallback").
    for piece in pieces.iter().filter(|piece| !piece.text.is_empty()) {
        let is_first = std::mem::take(&mut first);
        let head = head(caps, entry, author, &by, is_first, out);
        let line = head.command(by.source(), verb).param(target);
        if before == ACTION {
            ctcp::write(line, "ACTION", piece.text);
        } else {
            let mut text = line.text();
            text.push(before);
            text.push(piece.text);
        }
    }
}

/// The tags of a line; the first of a message has its id.
fn head<'o>(
    caps: Caps,
    entry: &Entry,
    author: Who<'_>,
    by: &By<'_>,
    is_first: bool,
    out: &'o mut Vec<u8>,
) -> Head<'o> {
    let mut head = by.head(caps, entry.at, out);
    if caps.has(Caps::MESSAGE_TAGS) {
        if is_first {
            head = head.tag("msgid", &entry.id.to_string());
        }
        if author.bot {
            head = head.tag("bot", "");
        }
        head = client_tags(entry, head);
    }
    head
}

/// What its author's client says to others; that it answers a message, however that was said.
fn client_tags<'o>(entry: &Entry, head: Head<'o>) -> Head<'o> {
    let head = entry.tags.iter().fold(head, |head, (key, value)| head.tag(key, value));
    match &entry.reply_to {
        Some(id) if !REPLIES.iter().any(|key| entry.tags.get(key).is_some()) => {
            head.tag("+draft/reply", &id.to_string())
        }
        _ => head,
    }
}

/// <https://ircv3.net/specs/client-tags/reply>
const REPLIES: [&str; 2] = ["+draft/reply", "+reply"];

/// A tag for those who can read it, nothing for others (<https://ircv3.net/specs/client-tags/react>).
fn reaction(caps: Caps, entry: &Entry, author: Who<'_>, key: &str, out: &mut Vec<u8>) {
    let Some(of) = entry.of.filter(|_| caps.has(Caps::MESSAGE_TAGS)) else { return };
    let by = By::new(Some(author));
    let of = api::id::MessageId { conversation: entry.conversation.clone(), seq: of };
    let head = by.head(caps, entry.at, out).tag("msgid", &entry.id.to_string());
    let head = head.tag("+draft/reply", &of.to_string()).tag(key, &entry.text);
    head.command(by.source(), "TAGMSG").param(target(entry)).end();
}

/// Tags that are kept, though they come alone.
fn tags(caps: Caps, entry: &Entry, author: Who<'_>, out: &mut Vec<u8>) {
    if caps.has(Caps::MESSAGE_TAGS) {
        let by = By::new(Some(author));
        head(caps, entry, author, &by, true, out).command(by.source(), "TAGMSG").param(target(entry)).end();
    }
}

/// For those who can take a text back (<https://ircv3.net/specs/extensions/message-redaction>); others keep what they have read.
fn redaction(caps: Caps, entry: &Entry, author: Who<'_>, out: &mut Vec<u8>) {
    let Some(of) = entry.of.filter(|_| caps.has(Caps::MESSAGE_REDACTION)) else { return };
    let by = By::new(Some(author));
    let of = api::id::MessageId { conversation: entry.conversation.clone(), seq: of };
    let line = by.head(caps, entry.at, out).command(by.source(), "REDACT").param(target(entry));
    let line = line.param(&of.to_string());
    if !entry.text.is_empty() {
        line.trailing(&entry.text);
    }
}

/// Whom it was said to, as its reader knows them.
pub(super) fn target(entry: &Entry) -> &str {
    entry.to.as_ref().map_or(&*entry.target, |to| to.nick.as_str())
}

/// Whether each line that somebody says is one for everybody else, too.
pub(crate) fn fits(client: &Client, kind: EntryKind, to: &str, text: &str, splits: &[u32]) -> bool {
    let Some(me) = client.actor() else { return true };
    let source = source(Shown::from(&*me).who());
    let (verb, around) = match kind {
        EntryKind::Notice => ("NOTICE", 0),
        EntryKind::Action => ("PRIVMSG", ACTION.len() + 1),
        _ => ("PRIVMSG", 0),
    };
    let room = room(&source, verb, to);
    multiline::pieces(text, splits, usize::MAX).all(|piece| piece.text.len() + around <= room)
}

/// Bytes that a text can have in a line of somebody to somebody.
pub(super) fn room(source: &str, verb: &str, target: &str) -> usize {
    let around = ":".len() + source.len() + " ".len() + verb.len() + " ".len() + target.len() + " :".len();
    proto::irc::MAX_BODY.saturating_sub(around)
}
