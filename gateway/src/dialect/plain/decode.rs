//! Lines into commands.

use api::{EntryKind, ErrorCode, mode::Role};
use kit::config::Secret;
use proto::plain::{Body, Params, Reason};

use super::{Format, verbs};
use crate::{
    command::{Command, Login, Page, Refusal},
    dialect::{Dialect, Label, Request},
};

/// Characters of an unknown verb that its error repeats.
const MAX_SHOWN_VERB: usize = 64;
/// Messages that `/history` shows unless told otherwise, and at most.
const HISTORY: u32 = api::page::DEFAULT_LIMIT;
const MAX_HISTORY: u32 = api::page::MAX_LIMIT;

pub(crate) fn decode(line: &str) -> Option<Request> {
    match proto::plain::decode(line) {
        Ok(None) => None,
        Ok(Some(request)) => {
            let command = match request.body {
                Body::Text(text) => Ok(say(None, EntryKind::Message, text, request.key)),
                Body::Verb { verb, rest } => command(&verb, Params::new(&rest), request.key),
            };
            Some(Request { label: Label(request.id.map(Into::into)), command })
        }
        Err(error) => {
            Some(Request { label: Label(error.id.map(Into::into)), command: Err(refusal(error.reason)) })
        }
    }
}

fn command(verb: &str, mut params: Params<'_>, key: Option<String>) -> Result<Command, Refusal> {
    Ok(match verb {
        "hello" => Command::Hello { version: required(&mut params, "version")? },
        "nick" => Command::Nick { nick: required(&mut params, "nick")? },
        "register" => {
            let name = required(&mut params, "name")?;
            Command::Register { name, password: secret(params, "password")? }
        }
        "login" => {
            let name = required(&mut params, "name")?;
            if name == "token" {
                Command::Login(Login::Token(secret(params, "token")?))
            } else {
                Command::Login(Login::Password { name, password: secret(params, "password")? })
            }
        }
        "token" => Command::Token { label: text(params) },
        "join" => Command::Join { channel: required(&mut params, "channel")?, key: word(&mut params) },
        "part" => Command::Part { channel: channel(&mut params), reason: text(params) },
        "msg" | "notice" => {
            let kind = if verb == "msg" { EntryKind::Message } else { EntryKind::Notice };
            let to = required(&mut params, "target")?;
            say(Some(to), kind, required_text(params, "text")?, key)
        }
        "me" => say(None, EntryKind::Action, required_text(params, "action")?, key),
        "names" => Command::Names { channel: word(&mut params) },
        "list" => Command::List { matching: word(&mut params) },
        "topic" => {
            let channel = channel(&mut params);
            Command::Topic {
                channel,
                text: text(params).map(|text| if text == "-" { String::new() } else { text }),
            }
        }
        "history" => history(params)?,
        "redact" => {
            let target = required(&mut params, "target")?;
            Command::Redact { target, seq: number(&required(&mut params, "seq")?, "seq")? }
        }
        "whois" => Command::Whois { nick: required(&mut params, "nick")? },
        "kick" => {
            let (channel, nick) = channel_and_nick(&mut params)?;
            Command::Kick { channel, nick, reason: text(params) }
        }
        "ban" => {
            Command::Ban { channel: required(&mut params, "channel")?, mask: required(&mut params, "mask")? }
        }
        "unban" => Command::Unban {
            channel: required(&mut params, "channel")?,
            mask: required(&mut params, "mask")?,
        },
        "bans" => Command::Bans { channel: required(&mut params, "channel")? },
        "invite" => {
            let (channel, nick) = channel_and_nick(&mut params)?;
            Command::Invite { channel, nick }
        }
        "op" => role(&mut params, Role::Op, true)?,
        "deop" => role(&mut params, Role::Op, false)?,
        "voice" => role(&mut params, Role::Voice, true)?,
        "devoice" => role(&mut params, Role::Voice, false)?,
        "mode" => {
            let channel = channel(&mut params);
            Command::Mode { channel, changes: std::iter::from_fn(|| word(&mut params)).collect() }
        }
        "away" => Command::Away { text: text(params) },
        "whoami" => Command::Whoami,
        "ping" => Command::Ping { text: text(params).unwrap_or_default() },
        "help" => {
            let verb = word(&mut params).map(|verb| verb.trim_start_matches('/').to_ascii_lowercase());
            match verb {
                Some(verb) if verbs::find(&verb).is_none() => return Err(unknown(&verb)),
                verb => Command::Help { verb },
            }
        }
        "to" => Command::To { target: required(&mut params, "target")? },
        "resume" => Command::Resume { targets: cursors(params)? },
        "format" => {
            let format = format(&required(&mut params, "format")?)?;
            Command::Format(Dialect::Plain(format), format.as_str())
        }
        "quit" => Command::Quit { reason: text(params) },
        verb => return Err(unknown(verb)),
    })
}

fn unknown(verb: &str) -> Refusal {
    let shown: String = std::iter::once('/').chain(verb.chars().take(MAX_SHOWN_VERB)).collect();
    Refusal::new(ErrorCode::UnknownCommand).detail("there is no such command; /help shows all").what(shown)
}

fn say(to: Option<String>, kind: EntryKind, text: String, key: Option<String>) -> Command {
    Command::Say { to, kind, text, key }
}

fn channel_and_nick(params: &mut Params<'_>) -> Result<(String, String), Refusal> {
    Ok((required(params, "channel")?, required(params, "nick")?))
}

fn role(params: &mut Params<'_>, role: Role, set: bool) -> Result<Command, Refusal> {
    let (channel, nick) = channel_and_nick(params)?;
    Ok(Command::Role { channel, nick, role, set })
}

/// `/history [target] [count | after=<seq> | before=<seq>]`; a first word that begins with a digit is a count, as no name does.
fn history(mut params: Params<'_>) -> Result<Command, Refusal> {
    let is_page = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_digit())
            || word.starts_with("after=")
            || word.starts_with("before=")
    };
    let first = word(&mut params);
    let (target, page) = match first {
        Some(word) if is_page(&word) => (None, Some(word)),
        target => (target, word(&mut params)),
    };
    let page = match page.as_deref() {
        None => Page::Latest(HISTORY),
        Some(word) => match (word.strip_prefix("after="), word.strip_prefix("before=")) {
            (Some(seq), _) => Page::After(number(seq, "after")?),
            (_, Some(seq)) => Page::Before(number(seq, "before")?),
            _ => Page::Latest(count(word)?),
        },
    };
    Ok(Command::History { target, page })
}

fn count(word: &str) -> Result<u32, Refusal> {
    let allowed = 1..=MAX_HISTORY;
    word.parse().ok().filter(|count| allowed.contains(count)).ok_or_else(|| {
        Refusal::new(ErrorCode::InvalidParameter)
            .what("count")
            .detail(format!("a count is 1 to {MAX_HISTORY}"))
    })
}

/// `<target>=<seq> …`; the last `=` counts, as channels may hold some.
fn cursors(mut params: Params<'_>) -> Result<Vec<(String, u64)>, Refusal> {
    let mut targets = vec![cursor(&required(&mut params, "target")?)?];
    while let Some(word) = word(&mut params) {
        targets.push(cursor(&word)?);
    }
    Ok(targets)
}

fn cursor(word: &str) -> Result<(String, u64), Refusal> {
    let wrong = || Refusal::new(ErrorCode::InvalidParameter).what("target").detail("write <target>=<seq>");
    let (target, seq) = word.rsplit_once('=').filter(|(target, _)| !target.is_empty()).ok_or_else(wrong)?;
    Ok((target.to_owned(), number(seq, "seq")?))
}

fn format(word: &str) -> Result<Format, Refusal> {
    [Format::Human, Format::Wire].into_iter().find(|format| format.as_str() == word).ok_or_else(|| {
        Refusal::new(ErrorCode::InvalidParameter).what("format").detail("a format is human or wire")
    })
}

fn number(word: &str, name: &'static str) -> Result<u64, Refusal> {
    // Databases count to 2^63.
    word.parse::<i64>().ok().and_then(|number| u64::try_from(number).ok()).ok_or_else(|| {
        Refusal::new(ErrorCode::InvalidParameter).what(name).detail(format!("{name} is a number"))
    })
}

fn word(params: &mut Params<'_>) -> Option<String> {
    params.word().map(str::to_owned)
}

fn channel(params: &mut Params<'_>) -> Option<String> {
    params.channel().map(str::to_owned)
}

fn text(params: Params<'_>) -> Option<String> {
    params.text().map(str::to_owned)
}

fn required(params: &mut Params<'_>, name: &'static str) -> Result<String, Refusal> {
    params.required(name).map(str::to_owned).map_err(refusal)
}

fn required_text(params: Params<'_>, name: &'static str) -> Result<String, Refusal> {
    params.required_text(name).map(str::to_owned).map_err(refusal)
}

fn secret(params: Params<'_>, name: &'static str) -> Result<Secret<String>, Refusal> {
    required_text(params, name).map(Secret::new)
}

fn refusal(reason: Reason) -> Refusal {
    let detail = reason.to_string();
    let refusal = match reason {
        Reason::InvalidTag { tag } => Refusal::new(ErrorCode::BadRequest).what(tag),
        Reason::InvalidKey => Refusal::new(ErrorCode::InvalidParameter).what("key"),
        Reason::MissingParameter(name) => Refusal::new(ErrorCode::MissingParameter).what(name),
    };
    refusal.detail(detail)
}
