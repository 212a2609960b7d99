//! What is said.

use api::{EntryKind, mode::Role, tags::Tags};
use proto::irc::{Params, ctcp};

use super::{is_channel, missing, nothing, one, refused, targets};
use crate::{
    command::{Along, Command, Redacted},
    dialect::{
        Commands,
        irc::{Word, services::Service},
    },
};

pub(crate) fn privmsg(params: &Params<'_>) -> Commands {
    // An action is one of the kinds of things said; other texts of CTCP are passed on as they are.
    let action = params.get(1).and_then(|text| ctcp::action(text)).filter(|text| !text.is_empty());
    match action {
        Some(action) => say("PRIVMSG", params, EntryKind::Action, Some(action)),
        None => say("PRIVMSG", params, EntryKind::Message, params.get(1).copied()),
    }
}

pub(crate) fn notice(params: &Params<'_>) -> Commands {
    say("NOTICE", params, EntryKind::Notice, params.get(1).copied())
}

/// Only its tags say anything.
pub(crate) fn tagmsg(params: &Params<'_>) -> Commands {
    let tags = |to: &str| {
        let (role, target) = to_those(to).map_or((None, to), |(role, channel)| (Some(role), channel));
        Ok(Command::Irc(Word::Tags { target: target.to_owned(), role, tags: Tags::default() }))
    };
    match targets("TAGMSG", params[0]) {
        Ok(targets) => targets.into_iter().map(tags).collect(),
        Err(refusal) => refused(refusal),
    }
}

pub(crate) fn redact(params: &Params<'_>) -> Commands {
    let reason = params.get(2).filter(|reason| !reason.is_empty());
    one(Command::Redact {
        target: params[0].to_owned(),
        named: Redacted::Id(params[1].to_owned()),
        reason: reason.map(|reason| (*reason).to_owned()),
    })
}

/// `NS` and `NICKSERV`.
pub(crate) fn nickserv(params: &Params<'_>) -> Commands {
    one(Command::Irc(Word::Service(Service::NickServ.read(&params.join(" ")))))
}

/// `CS` and `CHANSERV`.
pub(crate) fn chanserv(params: &Params<'_>) -> Commands {
    one(Command::Irc(Word::Service(Service::ChanServ.read(&params.join(" ")))))
}

fn say(verb: &str, params: &Params<'_>, kind: EntryKind, text: Option<&str>) -> Commands {
    let Some(to) = params.first().filter(|to| !to.is_empty()) else { return refused(missing("target")) };
    let Some(text) = text.filter(|text| !text.is_empty()) else { return refused(missing("text")) };
    match targets(verb, to) {
        Ok(targets) => targets.into_iter().map(|to| Ok(say_to(to, kind, text.to_owned()))).collect(),
        Err(refusal) => refused(refusal),
    }
}

/// To somebody, or to those of a channel who have a role: `STATUSMSG` in 005.
pub(crate) fn say_to(to: &str, kind: EntryKind, text: String) -> Command {
    if let Some(service) = Service::of(to) {
        // Nothing answers a notice.
        return match kind {
            EntryKind::Notice => nothing(),
            _ => Command::Irc(Word::Service(service.read(&text))),
        };
    }
    match to_those(to) {
        Some((role, channel)) => {
            let (channel, tags) = (channel.to_owned(), Tags::default());
            Command::Irc(Word::ToRole { channel, role, kind, text, tags })
        }
        None => Command::Say { to: Some(to.to_owned()), kind, text, with: Along::default() },
    }
}

/// Those of a channel who have a role, such as `@#x`.
fn to_those(to: &str) -> Option<(Role, &str)> {
    let role = |prefix: char| Role::ALL.into_iter().find(|role| role.prefix() == prefix);
    to.chars().next().and_then(role).zip(to.get(1..)).filter(|(_, rest)| is_channel(rest))
}
