//! The server itself.

use proto::irc::Params;

use super::one;
use crate::{
    command::Command,
    dialect::{
        Commands,
        irc::{Page, Word},
    },
};

pub(crate) fn admin(_: &Params<'_>) -> Commands {
    page(Page::Admin)
}

pub(crate) fn info(_: &Params<'_>) -> Commands {
    page(Page::Info)
}

pub(crate) fn isupport(_: &Params<'_>) -> Commands {
    page(Page::Isupport)
}

pub(crate) fn links(_: &Params<'_>) -> Commands {
    page(Page::Links)
}

pub(crate) fn lusers(_: &Params<'_>) -> Commands {
    page(Page::Lusers)
}

pub(crate) fn motd(_: &Params<'_>) -> Commands {
    page(Page::Motd)
}

pub(crate) fn time(_: &Params<'_>) -> Commands {
    page(Page::Time)
}

pub(crate) fn version(_: &Params<'_>) -> Commands {
    page(Page::Version)
}

pub(crate) fn stats(params: &Params<'_>) -> Commands {
    let letter = params.first().and_then(|letter| letter.chars().next()).unwrap_or('*');
    one(Command::Irc(Word::Stats(letter)))
}

pub(crate) fn help(params: &Params<'_>) -> Commands {
    let subject = params.first().filter(|subject| !subject.is_empty());
    one(Command::Irc(Word::Help(subject.map(|subject| (*subject).to_owned()))))
}

fn page(page: Page) -> Commands {
    one(Command::Irc(Word::Page(page)))
}
