//! Batches of clients: messages of several lines.

use api::{EntryKind, tags::Tags};
use proto::irc::{Message, Params};

use super::one;
use crate::{
    command::Command,
    dialect::{
        Commands,
        irc::{
            Caps, Word,
            multiline::{BATCH, CONCAT, Part},
        },
    },
};

pub(crate) fn batch(params: &Params<'_>) -> Commands {
    let name = |sign: char| params[0].strip_prefix(sign).filter(|name| !name.is_empty()).map(str::to_owned);
    let part = match (name('+'), name('-'), params.get(1), params.get(2)) {
        (Some(name), _, Some(&BATCH), Some(to)) => {
            Part::Opens { name, to: (*to).to_owned(), label: None, tags: Tags::default() }
        }
        (_, Some(name), ..) => Part::Ends { name },
        // Named as no batch that is open: refused as such.
        _ => Part::Ends { name: String::new() },
    };
    one(Command::Irc(Word::Part(part)))
}

/// A line that belongs to a batch. It may be empty, and needs not mean anything by itself.
pub(super) fn piece(caps: Caps, message: &Message<'_>) -> Option<Commands> {
    let kind = match &*message.upper_verb() {
        "PRIVMSG" => EntryKind::Message,
        "NOTICE" => EntryKind::Notice,
        _ => return None,
    };
    if message.tags.is_empty() || !caps.has(Caps::MULTILINE) {
        return None;
    }
    let batch = message.tags.get("batch")?.into_owned();
    let param = |at: usize| message.params.get(at).map(|text| (*text).to_owned()).unwrap_or_default();
    let joins = message.tags.get(CONCAT).is_some();
    Some(one(Command::Irc(Word::Part(Part::Piece { batch, to: param(0), kind, text: param(1), joins }))))
}
