//! People.

use api::ErrorCode;
use proto::irc::Params;

use super::{missing, one, refused};
use crate::{
    command::{Command, Refusal},
    dialect::{
        Commands,
        irc::{Monitor, Word},
    },
};

/// Nicks of one USERHOST (RFC 2812 §4.8), and of one ISON: each may have to be looked up.
const MAX_USERHOST: usize = 5;
const MAX_ISON: usize = 15;

pub(crate) fn away(params: &Params<'_>) -> Commands {
    let text = params.first().filter(|text| !text.is_empty());
    one(Command::Away { text: text.map(|text| (*text).to_owned()) })
}

pub(crate) fn whois(params: &Params<'_>) -> Commands {
    // The first of two is a server: there is one.
    let nick = params.last().and_then(|list| list.split(',').find(|nick| !nick.is_empty()));
    match nick {
        Some(nick) => one(Command::Whois { nick: nick.to_owned() }),
        None => refused(missing("nick")),
    }
}

pub(crate) fn whowas(params: &Params<'_>) -> Commands {
    let Some(nick) = params.first().and_then(|list| list.split(',').find(|nick| !nick.is_empty())) else {
        return refused(missing("nick"));
    };
    // RFC 2812 §3.6.3: a number that is not positive asks for all.
    let most = params.get(1).and_then(|count| count.parse().ok()).filter(|&most| most > 0);
    one(Command::Whowas { nick: nick.to_owned(), most })
}

pub(crate) fn who(params: &Params<'_>) -> Commands {
    let fields = params.get(1).map(|fields| (*fields).to_owned());
    one(Command::Who { mask: params[0].to_owned(), fields })
}

pub(crate) fn setname(params: &Params<'_>) -> Commands {
    one(Command::Irc(Word::Setname(params[0].to_owned())))
}

pub(crate) fn monitor(params: &Params<'_>) -> Commands {
    let nicks = |make: fn(Vec<String>) -> Monitor| {
        let list = params.get(1).copied().unwrap_or_default();
        let nicks: Vec<_> = list.split(',').filter(|nick| !nick.is_empty()).map(str::to_owned).collect();
        if nicks.is_empty() { Err(missing("parameter")) } else { Ok(make(nicks)) }
    };
    let what = match params[0] {
        "+" => nicks(Monitor::Add),
        "-" => nicks(Monitor::Remove),
        "C" | "c" => Ok(Monitor::Clear),
        "L" | "l" => Ok(Monitor::List),
        "S" | "s" => Ok(Monitor::Status),
        _ => Err(Refusal::new(ErrorCode::InvalidParameter).detail("MONITOR takes +, -, C, L or S")),
    };
    match what {
        Ok(what) => one(Command::Irc(Word::Monitor(what))),
        Err(refusal) => refused(refusal),
    }
}

pub(crate) fn userhost(params: &Params<'_>) -> Commands {
    people(params, MAX_USERHOST)
}

pub(crate) fn ison(params: &Params<'_>) -> Commands {
    people(params, MAX_ISON)
}

fn people(params: &Params<'_>, most: usize) -> Commands {
    let nicks = params.iter().flat_map(|list| list.split(' ')).filter(|nick| !nick.is_empty());
    one(Command::People { nicks: nicks.take(most).map(str::to_owned).collect() })
}
