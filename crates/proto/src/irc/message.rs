use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use memchr::{memchr, memchr3};
use thiserror::Error;

use super::{MAX_BODY, MAX_CLIENT_TAG_DATA, MAX_PARAMS, MAX_TAGS, Source, Tags};

/// One line, split but not understood (RFC 2812 §2.3.1, IRCv3 message-tags "Format"). Borrows from it.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    pub tags: Tags<'a>,
    /// Without its `:`. [`Source::parse`] takes it apart. What a client says about itself is not to be believed.
    pub source: Option<&'a str>,
    /// As it was typed, never empty: [`is`](Message::is) and [`upper_verb`](Message::upper_verb) know no case.
    pub verb: &'a str,
    pub params: Params<'a>,
}

/// At most [`MAX_PARAMS`]: if there are more, the last is all that is left, spaces and all (RFC 2812 §2.3.1).
#[derive(Clone, Copy, Default)]
pub struct Params<'a> {
    items: [&'a str; MAX_PARAMS],
    len: usize,
}

/// A line that is no message, with what an answer needs as far as it could still be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct MessageError<'a> {
    pub reason: Reason,
    /// For the label.
    pub tags: Tags<'a>,
    /// For errors that name it. May be anything if the reason is [`Reason::ControlCharacter`].
    pub verb: Option<&'a str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Reason {
    /// Ignored, without an answer (RFC 2812 §2.3.1).
    #[error("the line is empty")]
    Empty,
    #[error("the line has no command")]
    NoVerb,
    #[error("NUL, CR and LF cannot stand in a line")]
    ControlCharacter,
    /// 417, and nothing of the line is done: cut, it would say something else.
    #[error("{0}")]
    TooLong(Part),
}

/// The parts of a line are limited on their own (IRCv3 message-tags, "Size limit").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Part {
    #[error("tags of a client are at most {MAX_CLIENT_TAG_DATA} bytes")]
    ClientTags,
    #[error("tags are at most {MAX_TAGS} bytes with the @ and the space")]
    Tags,
    #[error("a line without its tags is at most {MAX_BODY} bytes")]
    Body,
}

impl<'a> Message<'a> {
    /// Reads what a client sent: one line without its end.
    ///
    /// More tolerant than the RFCs, as all servers are: spaces may stand before, after and twice between.
    pub fn from_client(line: &'a str) -> Result<Message<'a>, MessageError<'a>> {
        Message::parse(line, MAX_CLIENT_TAG_DATA, Part::ClientTags)
    }

    /// Reads what a server sent: tags may be longer there.
    pub fn from_server(line: &'a str) -> Result<Message<'a>, MessageError<'a>> {
        Message::parse(line, MAX_TAGS - "@ ".len(), Part::Tags)
    }

    fn parse(line: &'a str, max_tag_data: usize, part: Part) -> Result<Message<'a>, MessageError<'a>> {
        let (tags, body) = split_tags(line);
        let split = split(tags, body);
        let reason = if is_blank(line) {
            Reason::Empty
        } else if memchr3(0, b'\r', b'\n', line.as_bytes()).is_some() {
            Reason::ControlCharacter
        } else if tags.as_str().len() > max_tag_data {
            Reason::TooLong(part)
        } else if body.len() > MAX_BODY {
            Reason::TooLong(Part::Body)
        } else if split.verb.is_empty() {
            Reason::NoVerb
        } else {
            return Ok(split);
        };
        Err(MessageError { reason, tags, verb: (!split.verb.is_empty()).then_some(split.verb) })
    }

    /// Whether this is `verb`, in any case.
    pub fn is(&self, verb: &str) -> bool {
        self.verb.eq_ignore_ascii_case(verb)
    }

    /// The verb in upper case, for a `match`; copied only if it was typed otherwise.
    pub fn upper_verb(&self) -> Cow<'a, str> {
        match self.verb.bytes().any(|b| b.is_ascii_lowercase()) {
            true => Cow::Owned(self.verb.to_ascii_uppercase()),
            false => Cow::Borrowed(self.verb),
        }
    }

    /// [`source`](Message::source), taken apart.
    pub fn sender(&self) -> Option<Source<'a>> {
        self.source.map(Source::parse)
    }
}

/// The tags, and the rest without the space between. The rest is measured with all its other spaces.
fn split_tags(line: &str) -> (Tags<'_>, &str) {
    let line = line.trim_start_matches(' ');
    let Some(tagged) = line.strip_prefix('@') else { return (Tags::default(), line) };
    let (tags, body) = tagged.split_once(' ').unwrap_or((tagged, ""));
    (Tags::new(tags), body)
}

fn split<'a>(tags: Tags<'a>, body: &'a str) -> Message<'a> {
    let mut rest = body.trim_start_matches(' ');
    let mut source = None;
    if let Some(begun) = rest.strip_prefix(':') {
        let (name, after) = word(begun);
        source = (!name.is_empty()).then_some(name);
        rest = after;
    }
    let (verb, rest) = word(rest);
    Message { tags, source, verb, params: Params::parse(rest) }
}

/// What stands before the next space, and what after it and those that follow.
fn word(text: &str) -> (&str, &str) {
    match memchr(b' ', text.as_bytes()) {
        Some(end) => (&text[..end], text[end..].trim_start_matches(' ')),
        None => (text, ""),
    }
}

fn is_blank(line: &str) -> bool {
    line.bytes().all(|b| b == b' ')
}

impl<'a> Params<'a> {
    fn parse(mut rest: &'a str) -> Params<'a> {
        let mut params = Params::default();
        while !rest.is_empty() {
            let last = params.len + 1 == MAX_PARAMS;
            let (param, after) = match rest.strip_prefix(':') {
                Some(trailing) => (trailing, ""),
                None if last => (rest.trim_end_matches(' '), ""),
                None => word(rest),
            };
            params.items[params.len] = param;
            params.len += 1;
            rest = after;
        }
        params
    }
}

impl<'a> Deref for Params<'a> {
    type Target = [&'a str];

    fn deref(&self) -> &[&'a str] {
        &self.items[..self.len]
    }
}

// Some of what people type is passwords: it never gets into a log by accident.
impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Message { tags, source, verb, params } = self;
        write!(f, "{verb} from {source:?} with {:?} and [{} bytes] of tags", params, tags.as_str().len())
    }
}

impl fmt::Debug for Params<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} params]", self.len)
    }
}
