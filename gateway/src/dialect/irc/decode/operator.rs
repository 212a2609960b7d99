//! What operators of the network do.

use kit::config::Secret;
use proto::irc::Params;

use super::{missing, one, refused};
use crate::{
    command::Command,
    dialect::{
        Commands,
        irc::{NetBan, Word},
    },
};

fn word(word: Word) -> Commands {
    one(Command::Irc(word))
}

pub(crate) fn oper(params: &Params<'_>) -> Commands {
    let (name, password) = (params[0].to_owned(), Secret::new(params[1].to_owned()));
    word(Word::Oper { name, password })
}

pub(crate) fn kill(params: &Params<'_>) -> Commands {
    let reason = params.get(1).filter(|reason| !reason.is_empty());
    word(Word::Kill { nick: params[0].to_owned(), reason: reason.map(|reason| (*reason).to_owned()) })
}

pub(crate) fn wallops(params: &Params<'_>) -> Commands {
    word(Word::Wallops(params[0].to_owned()))
}

pub(crate) fn rehash(_: &Params<'_>) -> Commands {
    word(Word::Rehash)
}

/// About names: an address is a host like any other there.
pub(crate) fn kline(params: &Params<'_>) -> Commands {
    ban(
        params,
        |target| if target.contains(['!', '@', '~']) { target.to_owned() } else { format!("{target}!*@*") },
    )
}

pub(crate) fn dline(params: &Params<'_>) -> Commands {
    ban(params, str::to_owned)
}

/// `[minutes] <target> [reason]`: a number in first place is how long.
fn ban(params: &Params<'_>, target: fn(&str) -> String) -> Commands {
    let minutes: Option<u64> = params[0].parse().ok().filter(|_| params.len() > 1);
    let at = usize::from(minutes.is_some());
    let Some(named) = params.get(at).filter(|named| !named.is_empty()) else {
        return refused(missing("parameter"));
    };
    let reason = params.get(at + 1).copied().filter(|reason| !reason.is_empty()).unwrap_or("no reason given");
    let minutes = minutes.filter(|&minutes| minutes > 0).map(|minutes| minutes.min(MAX_MINUTES));
    word(Word::NetBan(NetBan::Add { target: target(named), minutes, reason: reason.to_owned() }))
}

/// Ten years: what is longer is for ever, and a moment that far off can still be written.
const MAX_MINUTES: u64 = 10 * 365 * 24 * 60;

pub(crate) fn unban(params: &Params<'_>) -> Commands {
    word(Word::NetBan(NetBan::Lift { target: params[0].to_owned() }))
}
