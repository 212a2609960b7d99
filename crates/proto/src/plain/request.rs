use std::fmt;

use thiserror::Error;

/// Characters of a tag's value: labels and keys are made by programs.
const MAX_TAG: usize = 64;
/// Characters of an idempotency key at least: shorter ones are made twice by chance.
const MIN_KEY: usize = 16;

/// What a client's line says. Not yet a command: verbs and parameters are only split, not understood.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// Echoed on every line of the reply.
    pub id: Option<String>,
    /// The idempotency key of a message.
    pub key: Option<String>,
    pub body: Body,
}

#[derive(Clone, PartialEq, Eq)]
pub enum Body {
    /// `verb` without its slash, ASCII in lower case (empty for a lone `/`, which is an unknown verb like others);
    /// `rest` is for [`Params`].
    Verb { verb: String, rest: String },
    /// A message to the current target.
    Text(String),
}

/// A line that follows the grammar so little that nothing can be done with it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct DecodeError {
    /// For the reply, if it could still be read.
    pub id: Option<String>,
    pub reason: Reason,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Reason {
    #[error("{tag} is no tag: id and key once each, 1 to 64 letters, digits, _ or -")]
    InvalidTag { tag: String },
    #[error("a key has 16 to 64 letters, digits, _ or -")]
    InvalidKey,
    #[error("{0} is missing")]
    MissingParameter(&'static str),
}

/// Reads a line; `None` for a blank one, which is ignored.
///
/// What begins with `@id=` or `@key=` is meant as tags, as no name can hold `=`: if they are wrong it is an error, so that a
/// program's mistake is never said aloud in a channel. Everything else after an `@` is text.
pub fn decode(line: &str) -> Result<Option<Request>, DecodeError> {
    if !line.starts_with("@id=") && !line.starts_with("@key=") {
        return match is_blank(line) {
            true => Ok(None),
            false => body(line).map(|body| Some(Request { id: None, key: None, body })).map_err(without_id),
        };
    }
    let (tags, rest) = line[1..].split_once(' ').unwrap_or((&line[1..], ""));
    let (id, key) = read_tags(tags)?;
    let body = if is_blank(rest) { Err(Reason::MissingParameter("text")) } else { body(rest) };
    match body {
        Ok(body) => Ok(Some(Request { id, key, body })),
        Err(reason) => Err(DecodeError { id, reason }),
    }
}

fn without_id(reason: Reason) -> DecodeError {
    DecodeError { id: None, reason }
}

fn is_blank(line: &str) -> bool {
    line.bytes().all(|b| matches!(b, b' ' | b'\t'))
}

fn body(line: &str) -> Result<Body, Reason> {
    let Some(command) = line.strip_prefix('/') else { return Ok(Body::Text(line.to_owned())) };
    if command.starts_with('/') {
        return Ok(Body::Text(command.to_owned()));
    }
    let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
    if verb.eq_ignore_ascii_case("say") {
        let text = Params::new(rest).text().ok_or(Reason::MissingParameter("text"))?;
        return Ok(Body::Text(text.to_owned()));
    }
    Ok(Body::Verb { verb: verb.to_ascii_lowercase(), rest: rest.to_owned() })
}

fn read_tags(tags: &str) -> Result<(Option<String>, Option<String>), DecodeError> {
    let mut id: Option<&str> = None;
    let mut key: Option<&str> = None;
    let mut wrong = None;
    for tag in tags.split(';') {
        let read = tag.split_once('=').filter(|(_, value)| is_tag_value(value));
        match read {
            Some(("id", value)) if id.is_none() => id = Some(value),
            Some(("key", value)) if key.is_none() => {
                key = Some(value);
                if value.len() < MIN_KEY {
                    wrong.get_or_insert(Reason::InvalidKey);
                }
            }
            _ => {
                // Only its name, and not much of it: the reply is a line for reading.
                let tag = tag.split('=').next().unwrap_or_default().chars().take(MAX_TAG).collect();
                wrong.get_or_insert(Reason::InvalidTag { tag });
            }
        }
    }
    let id = id.map(str::to_owned);
    match wrong {
        Some(reason) => Err(DecodeError { id, reason }),
        None => Ok((id, key.map(str::to_owned))),
    }
}

fn is_tag_value(value: &str) -> bool {
    (1..=MAX_TAG).contains(&value.len()) && value.bytes().all(is_tag_byte)
}

pub(super) fn is_tag_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// Takes a verb's parameters off its `rest`, first to last.
#[derive(Clone, Copy)]
pub struct Params<'a>(&'a str);

impl<'a> Params<'a> {
    pub fn new(rest: &'a str) -> Params<'a> {
        Params(rest)
    }

    /// The next word. More than one space between words counts as one.
    pub fn word(&mut self) -> Option<&'a str> {
        let words = self.0.trim_start_matches(' ');
        let (word, rest) = words.split_once(' ').unwrap_or((words, ""));
        self.0 = rest;
        (!word.is_empty()).then_some(word)
    }

    /// The next word, or the reply's `missing-parameter <name>`.
    pub fn required(&mut self, name: &'static str) -> Result<&'a str, Reason> {
        self.word().ok_or(Reason::MissingParameter(name))
    }

    /// The next word if it is a channel, which it is if it begins with `#`.
    pub fn channel(&mut self) -> Option<&'a str> {
        self.0.trim_start_matches(' ').starts_with('#').then(|| self.word()).flatten()
    }

    /// All that is left, to the end of the line, spaces kept; `None` if it is blank.
    pub fn text(self) -> Option<&'a str> {
        (!is_blank(self.0)).then_some(self.0)
    }

    /// As [`text`](Self::text); nothing is left then.
    pub fn take_text(&mut self) -> Option<&'a str> {
        std::mem::replace(self, Params("")).text()
    }

    /// All that is left, or the reply's `missing-parameter <name>`.
    pub fn required_text(self, name: &'static str) -> Result<&'a str, Reason> {
        self.text().ok_or(Reason::MissingParameter(name))
    }
}

// What people type is theirs, and some of it is passwords: it never gets into a log by accident.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Request { id, key, body } = self;
        f.debug_struct("Request").field("id", id).field("key", key).field("body", body).finish()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Body::Verb { verb, rest } => write!(f, "/{verb} [{} bytes]", rest.len()),
            Body::Text(text) => write!(f, "[{} bytes]", text.len()),
        }
    }
}

impl fmt::Debug for Params<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} bytes]", self.0.len())
    }
}
