//! Lines into commands.

pub(super) mod channel;
pub(super) mod conversation;
pub(super) mod entry;
pub(super) mod history;
pub(super) mod metadata;
mod mode;
pub(super) mod multiline;
pub(super) mod operator;
pub(super) mod people;
pub(super) mod server;

use std::collections::BTreeMap;

use api::{ErrorCode, tags::Tags};
use proto::irc::{self, Message, MessageError, Reason, is_tag_key};

use super::{Caps, Word, multiline::Part, verbs};
use crate::{
    command::{Command, Refusal},
    dialect::{Ask, Commands, Request},
    hub::MAX_WATCHED,
};

/// Characters of an unknown verb that its error repeats.
const MAX_SHOWN: usize = 64;
/// Bytes of a label (IRCv3 labeled-response, "The label tag"), as it is sent: escapes are not counted there.
const MAX_LABEL: usize = 2 * 64;

/// Methods that requests begin with (RFC 9110 §9).
const HTTP: [&str; 9] = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

/// Targets of one line: `TARGMAX` in 005. Each is a command, which others wait for.
pub(super) const TARGETS: &[(&str, usize)] = &[
    ("JOIN", 20),
    ("KICK", 10),
    ("LIST", 10),
    ("MONITOR", MAX_WATCHED),
    ("NAMES", 10),
    ("NOTICE", 10),
    ("PART", 20),
    ("PRIVMSG", 10),
    ("TAGMSG", 10),
    ("WHOIS", 1),
];

pub(crate) fn decode(caps: Caps, line: &str) -> Option<Request> {
    let message = match Message::from_client(line) {
        Ok(message) => message,
        Err(error) => return unreadable(caps, &error),
    };
    let verb = verbs::find(&message.upper_verb());
    let label = label(caps, message.tags);
    let Some(verb) = verb else {
        let is_http = HTTP.contains(&message.verb);
        let command = if is_http {
            Ok(Command::Irc(Word::Http(message.verb.to_owned())))
        } else {
            Err(unknown(message.verb))
        };
        return Some(Request::one(Ask { label, verb: "" }, command));
    };
    let mut commands = if message.params.len() < verb.least {
        vec![Err(missing("parameter"))]
    } else {
        multiline::piece(caps, &message).unwrap_or_else(|| (verb.read)(&message.params))
    };
    // What answers a message of several lines carries the label that its first line had.
    let label = match &mut commands[..] {
        [Ok(Command::Irc(Word::Part(Part::Opens { label: first, .. })))] => {
            *first = label;
            None
        }
        _ => label,
    };
    if !verb.is_open {
        // What is wrong with it is told to those only who may use it.
        for command in &mut commands {
            if let Err(refusal) = command {
                *command = Ok(Command::Misused(Box::new(refusal.clone())));
            }
        }
    }
    along(&message, &mut commands);
    if commands.is_empty() {
        commands.push(Ok(nothing()));
    }
    Some(Request { ask: Ask { label, verb: verb.name }, commands })
}

fn unreadable(caps: Caps, error: &MessageError<'_>) -> Option<Request> {
    let code = match error.reason {
        Reason::Empty => return None,
        Reason::NoVerb | Reason::ControlCharacter => ErrorCode::BadRequest,
        Reason::TooLong(_) => ErrorCode::LineTooLong,
    };
    let verb =
        error.verb.and_then(|verb| verbs::find(&verb.to_ascii_uppercase())).map_or("", |verb| verb.name);
    let refusal = Refusal::new(code).detail(error.to_string());
    Some(Request::one(Ask { label: label(caps, error.tags), verb }, Err(refusal)))
}

/// What the reply to a line names that could be read but for its text.
pub(crate) fn asked(caps: Caps, line: &str) -> Ask {
    let Ok(message) = Message::from_client(line) else { return Ask::default() };
    let verb = verbs::find(&message.upper_verb()).map_or("", |verb| verb.name);
    Ask { label: label(caps, message.tags), verb }
}

/// Gives what the client says to other clients to what it is said with.
fn along(message: &Message<'_>, commands: &mut Commands) {
    let client_only = message.tags.iter().filter(|tag| tag.is_client_only() && is_tag_key(tag.key));
    let all: BTreeMap<_, _> = client_only.map(|tag| (tag.key.to_owned(), tag.value().into_owned())).collect();
    // They are as long as a line lets them be, which is no longer than they may be.
    let Ok(all) = Tags::try_from(all) else { return };
    for command in commands.iter_mut().flatten() {
        match command {
            Command::Say { with, .. } => with.tags = all.clone(),
            Command::Irc(
                Word::Tags { tags, .. } | Word::ToRole { tags, .. } | Word::Part(Part::Opens { tags, .. }),
            ) => *tags = all.clone(),
            _ => {}
        }
    }
    // Without any there is nothing to pass on.
    commands
        .retain(|command| !matches!(command, Ok(Command::Irc(Word::Tags { tags, .. })) if tags.is_empty()));
}

/// Kept as it came, escapes and all: it goes back like that.
fn label(caps: Caps, tags: irc::Tags<'_>) -> Option<Box<str>> {
    if tags.is_empty() || !caps.has(Caps::LABELED_RESPONSE.or(Caps::BATCH)) {
        return None;
    }
    let label = tags.iter().find(|tag| tag.key == "label")?.escaped;
    (!label.is_empty() && label.len() <= MAX_LABEL).then(|| label.into())
}

pub(crate) fn unknown(verb: &str) -> Refusal {
    let shown: String = verb.chars().take(MAX_SHOWN).collect();
    Refusal::new(ErrorCode::UnknownCommand).what(shown).detail("there is no such command")
}

fn missing(name: &'static str) -> Refusal {
    Refusal::new(ErrorCode::MissingParameter).what(name).detail(format!("the {name} is missing"))
}

fn nothing() -> Command {
    Command::Irc(Word::Nothing)
}

fn one(command: Command) -> Commands {
    vec![Ok(command)]
}

fn refused(refusal: Refusal) -> Commands {
    vec![Err(refusal)]
}

/// The parts of `a,b,c`, as many as the verb takes; the first that is too much, otherwise.
fn targets<'a>(verb: &str, list: &'a str) -> Result<Vec<&'a str>, Refusal> {
    let most = TARGETS.iter().find(|(name, _)| *name == verb).map_or(1, |(_, most)| *most);
    let mut targets: Vec<&str> = Vec::new();
    for target in list.split(',').filter(|target| !target.is_empty()) {
        if targets.contains(&target) {
            continue;
        }
        if targets.len() == most {
            let refusal = Refusal::new(ErrorCode::InvalidParameter).what(TOO_MANY_TARGETS).nick(target);
            return Err(refusal.detail(format!("{verb} takes {most} targets at once")));
        }
        targets.push(target);
    }
    Ok(targets)
}

/// What [`Refusal::what`] says of it: 407.
pub(super) const TOO_MANY_TARGETS: &str = "targets";

fn is_channel(target: &str) -> bool {
    target.starts_with('#')
}
