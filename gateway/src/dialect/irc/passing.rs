//! What is said in passing, as lines: `TAGMSG`, and texts to those who have a role.

use api::{EntryKind, messages::Passing};
use proto::irc::{Head, ctcp, split};

use super::{
    Caps,
    entry::{ACTION, MIN_PIECE, room},
    events::By,
};
use crate::event::Who;

pub(super) fn write(caps: Caps, passing: &Passing, author: Who<'_>, out: &mut Vec<u8>) {
    let by = By::new(Some(author));
    let target = match passing.to_role {
        Some(role) => format!("{}{}", role.prefix(), passing.target),
        None => passing.target.clone(),
    };
    let Some(kind) = passing.kind else {
        // For those who can read it, nothing for others.
        if caps.has(Caps::MESSAGE_TAGS) {
            head(caps, passing, &by, true, out).command(by.source(), "TAGMSG").param(&target).end();
        }
        return;
    };
    let verb = if kind == EntryKind::Notice { "NOTICE" } else { "PRIVMSG" };
    let is_action = kind == EntryKind::Action;
    let around = if is_action { ACTION.len() + 1 } else { 0 };
    let room = room(by.source().unwrap_or_default(), verb, &target).saturating_sub(around).max(MIN_PIECE);
    let pieces = split::lines(&passing.text, room).filter(|piece| !piece.text.is_empty());
    for (nth, piece) in pieces.enumerate() {
        let line = head(caps, passing, &by, nth == 0, out).command(by.source(), verb).param(&target);
        if is_action {
            ctcp::write(line, "ACTION", piece.text);
        } else {
            line.trailing(piece.text);
        }
    }
}

fn head<'o>(caps: Caps, passing: &Passing, by: &By<'_>, is_first: bool, out: &'o mut Vec<u8>) -> Head<'o> {
    let mut head = by.head(caps, passing.at, out);
    if caps.has(Caps::MESSAGE_TAGS) {
        head = head.optional_tag("msgid", is_first.then_some(&*passing.id));
        head = passing.tags.iter().fold(head, |head, (key, value)| head.tag(key, value));
    }
    head
}
