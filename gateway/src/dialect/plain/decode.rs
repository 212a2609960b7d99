//! Lines into commands.

use api::{EntryKind, ErrorCode, channels::ListKind, mode::Role};
use kit::config::Secret;
use proto::plain::{Body, Params, Reason};

use super::{Format, verbs};
use crate::{
    command::{Along, Command, ListFilter, Login, Page, Redacted, Refusal},
    dialect::{Ask, Dialect, Request},
};

/// Characters of an unknown verb, or a word too many, that its error repeats.
const MAX_SHOWN: usize = 64;
/// Messages that `/history` shows unless told otherwise, and at most.
const HISTORY: u32 = api::page::DEFAULT_LIMIT;
const MAX_HISTORY: u32 = api::page::MAX_LIMIT;

pub(crate) fn decode(line: &str) -> Option<Request> {
    match proto::plain::decode(line) {
        Ok(None) => None,
        Ok(Some(request)) => {
            let command = match request.body {
                Body::Text(text) => Ok(say(None, EntryKind::Message, text, request.key)),
                Body::Verb { verb, rest } => {
                    let command = command(&verb, Params::new(&rest), request.key);
                    command.or_else(|refusal| misused(&verb, refusal))
                }
            };
            Some(Request::one(ask(request.id), command))
        }
        Err(error) => {
            let no_text = matches!(error.reason, Reason::MissingParameter(_));
            let refusal = refusal(error.reason);
            let command = if no_text { misused("say", refusal) } else { Err(refusal) };
            Some(Request::one(ask(error.id), command))
        }
    }
}

fn ask(id: Option<impl Into<Box<str>>>) -> Ask {
    Ask { label: id.map(Into::into), verb: "" }
}

/// What is wrong with a command's parameters is told to those only who may use it.
fn misused(verb: &str, refusal: Refusal) -> Result<Command, Refusal> {
    let is_for_all = matches!(verb, "hello" | "nick" | "login" | "register" | "help" | "ping" | "quit");
    if is_for_all || refusal.code() == ErrorCode::UnknownCommand {
        return Err(refusal);
    }
    Ok(Command::Misused(Box::new(refusal)))
}

fn command(verb: &str, mut params: Params<'_>, key: Option<String>) -> Result<Command, Refusal> {
    let command = of_verb(verb, &mut params, key)?;
    // What would be ignored was meant to say something.
    if params.text().is_some()
        && let Some(extra) = params.word()
    {
        let shown: String = extra.chars().take(MAX_SHOWN).collect();
        let detail = format!("there is a word too many; /help {verb} shows what may stand here");
        return Err(Refusal::new(ErrorCode::BadRequest).what(shown).detail(detail));
    }
    Ok(command)
}

fn of_verb(verb: &str, params: &mut Params<'_>, key: Option<String>) -> Result<Command, Refusal> {
    Ok(match verb {
        "hello" => Command::Hello { version: required(params, "version")? },
        "nick" => Command::Nick { nick: required(params, "nick")? },
        "register" => {
            let name = required(params, "name")?;
            Command::Register { name, password: secret(params, "password")? }
        }
        "login" => {
            let name = required(params, "name")?;
            if name == "token" {
                Command::Login(Login::Token(secret(params, "token")?))
            } else {
                Command::Login(Login::Password { name, password: secret(params, "password")? })
            }
        }
        "token" => Command::Token { label: text(params) },
        "join" => Command::Join { channel: required(params, "channel")?, key: word(params) },
        "part" => Command::Part { channel: channel(params), reason: text(params) },
        "msg" | "notice" => {
            let kind = if verb == "msg" { EntryKind::Message } else { EntryKind::Notice };
            let to = required(params, "target")?;
            say(Some(to), kind, required_text(params, "text")?, key)
        }
        "me" => say(None, EntryKind::Action, required_text(params, "action")?, key),
        "names" => Command::Names { channel: word(params) },
        "list" => Command::List { matching: word(params), filter: ListFilter::default() },
        "rename" => Command::Rename {
            channel: required(params, "channel")?,
            name: required(params, "name")?,
            reason: text(params),
        },
        "topic" => {
            let channel = channel(params);
            Command::Topic {
                channel,
                text: text(params).map(|text| if text == "-" { String::new() } else { text }),
            }
        }
        "history" => history(params)?,
        "redact" => {
            let target = required(params, "target")?;
            let named = Redacted::Seq(number(&required(params, "seq")?, "seq")?);
            Command::Redact { target, named, reason: None }
        }
        "whois" => Command::Whois { nick: required(params, "nick")? },
        "kick" => {
            let (channel, nick) = channel_and_nick(params)?;
            Command::Kick { channel, nick, reason: text(params) }
        }
        "ban" => Command::Ban {
            channel: required(params, "channel")?,
            list: ListKind::Bans,
            mask: required(params, "mask")?,
        },
        "unban" => Command::Unban {
            channel: required(params, "channel")?,
            list: ListKind::Bans,
            mask: required(params, "mask")?,
        },
        "bans" => Command::Bans { channel: required(params, "channel")?, list: ListKind::Bans },
        "invite" => {
            let (channel, nick) = channel_and_nick(params)?;
            Command::Invite { channel, nick }
        }
        "op" => role(params, Role::Op, true)?,
        "deop" => role(params, Role::Op, false)?,
        "voice" => role(params, Role::Voice, true)?,
        "devoice" => role(params, Role::Voice, false)?,
        "mode" => {
            let channel = channel(params);
            Command::Mode { channel, changes: std::iter::from_fn(|| word(params)).collect() }
        }
        "away" => Command::Away { text: text(params) },
        "whoami" => Command::Whoami,
        "ping" => Command::Ping { text: text(params).unwrap_or_default() },
        "help" => {
            let verb = word(params).map(|verb| verb.trim_start_matches('/').to_ascii_lowercase());
            match verb {
                Some(verb) if verbs::find(&verb).is_none() => return Err(unknown(&verb)),
                verb => Command::Help { verb },
            }
        }
        "to" => Command::To { target: required(params, "target")? },
        "resume" => Command::Resume { targets: cursors(params)? },
        "format" => {
            let format = format(&required(params, "format")?)?;
            Command::Format(Dialect::Plain(format), format.as_str())
        }
        "quit" => Command::Quit { reason: text(params) },
        verb => return Err(unknown(verb)),
    })
}

fn unknown(verb: &str) -> Refusal {
    let shown: String = std::iter::once('/').chain(verb.chars().take(MAX_SHOWN)).collect();
    Refusal::new(ErrorCode::UnknownCommand).detail("there is no such command; /help shows all").what(shown)
}

fn say(to: Option<String>, kind: EntryKind, text: String, key: Option<String>) -> Command {
    Command::Say { to, kind, text, with: Along { key, ..Along::default() } }
}

fn channel_and_nick(params: &mut Params<'_>) -> Result<(String, String), Refusal> {
    Ok((required(params, "channel")?, required(params, "nick")?))
}

fn role(params: &mut Params<'_>, role: Role, set: bool) -> Result<Command, Refusal> {
    let (channel, nick) = channel_and_nick(params)?;
    Ok(Command::Role { channel, nick, role, set })
}

/// `/history [target] [count | after=<seq> | before=<seq>]`; a first word that begins with a digit is a count, as no name does.
fn history(params: &mut Params<'_>) -> Result<Command, Refusal> {
    let is_page = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_digit())
            || word.starts_with("after=")
            || word.starts_with("before=")
    };
    let first = word(params);
    let (target, page) = match first {
        Some(word) if is_page(&word) => (None, Some(word)),
        target => (target, word(params)),
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
fn cursors(params: &mut Params<'_>) -> Result<Vec<(String, u64)>, Refusal> {
    let mut targets = vec![cursor(&required(params, "target")?)?];
    while let Some(word) = word(params) {
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

fn text(params: &mut Params<'_>) -> Option<String> {
    params.take_text().map(str::to_owned)
}

fn required(params: &mut Params<'_>, name: &'static str) -> Result<String, Refusal> {
    params.required(name).map(str::to_owned).map_err(refusal)
}

fn required_text(params: &mut Params<'_>, name: &'static str) -> Result<String, Refusal> {
    text(params).ok_or_else(|| refusal(Reason::MissingParameter(name)))
}

fn secret(params: &mut Params<'_>, name: &'static str) -> Result<Secret<String>, Refusal> {
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
