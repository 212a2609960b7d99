//! What is said.

use api::EntryKind;
use proto::irc::{Params, ctcp};

use super::{missing, nothing, one, refused, targets};
use crate::{
    command::{Command, Redacted},
    dialect::Commands,
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

/// Only its tags say anything, and those are not passed on: `CLIENTTAGDENY` in 005.
pub(crate) fn tagmsg(_: &Params<'_>) -> Commands {
    one(nothing())
}

pub(crate) fn redact(params: &Params<'_>) -> Commands {
    let reason = params.get(2).filter(|reason| !reason.is_empty());
    one(Command::Redact {
        target: params[0].to_owned(),
        named: Redacted::Id(params[1].to_owned()),
        reason: reason.map(|reason| (*reason).to_owned()),
    })
}

fn say(verb: &str, params: &Params<'_>, kind: EntryKind, text: Option<&str>) -> Commands {
    let Some(to) = params.first().filter(|to| !to.is_empty()) else { return refused(missing("target")) };
    let Some(text) = text.filter(|text| !text.is_empty()) else { return refused(missing("text")) };
    match targets(verb, to) {
        Ok(targets) => targets
            .into_iter()
            .map(|to| Ok(Command::Say { to: Some(to.to_owned()), kind, text: text.to_owned(), key: None }))
            .collect(),
        Err(refusal) => refused(refusal),
    }
}
