use memchr::memchr3;

use super::{MAX_BODY, MAX_TAGS, is_tag_key, split, tags, text::Text};
use crate::{at::At, decimal::Decimal};

/// Bytes of a source: a longer one is written as `*`. Ours (nick, user and host at their longest) are far shorter, but no
/// line may be without room for its verb.
const MAX_SOURCE: usize = 300;

/// The tags of a line being written. Those of the server come before those of clients (IRCv3 message-tags, "Client-only
/// tags"). Dropped without a verb, it leaves nothing behind.
#[derive(Debug)]
pub struct Head<'a>(Line<'a>);

/// One line that the server sends, being written (RFC 2812 §2.3.1). Begins when it is made, ends with CR LF when it is
/// dropped; whatever it is given in between, it stays one line of this form:
///
/// - The body has at most [`MAX_BODY`] bytes. Parameters that pass it are cut between two characters, and what comes after
///   is left out: [`left`](Line::left) and [`room`](Line::room) tell before, [`is_cut`](Line::is_cut) after.
/// - A source, verb or parameter that is empty, begins with `:` (a verb with `@` too) or holds a space or a control
///   character is written as `*`, IRC's sign for nothing.
/// - A control character in the trailing text is written as a space, unless it says how the text looks.
///
/// Needs no memory but that of `out`.
#[derive(Debug)]
pub struct Line<'a> {
    pub(super) out: &'a mut Vec<u8>,
    /// Where the line begins.
    start: usize,
    /// Where what comes after the tags begins, if it has begun.
    body: Option<usize>,
    cut: bool,
}

impl<'a> Head<'a> {
    pub fn new(out: &'a mut Vec<u8>) -> Head<'a> {
        let start = out.len();
        Head(Line { out, start, body: None, cut: false })
    }

    /// A tag; an empty value is none, which means the same. Left out if the key follows no grammar or if the tags together
    /// would pass [`MAX_TAGS`] bytes: cut, it would be another value. A NUL in the value, which no escape stands for, is
    /// left out.
    pub fn tag(self, key: &str, value: &str) -> Head<'a> {
        self.write_tag(key, |out| {
            if !value.is_empty() {
                out.push(b'=');
                tags::escape(value, out);
            }
        })
    }

    /// A tag that is left out if there is no value, such as the label.
    pub fn optional_tag(self, key: &str, value: Option<&str>) -> Head<'a> {
        match value {
            Some(value) => self.tag(key, value),
            None => self,
        }
    }

    /// IRCv3 server-time.
    pub fn time(self, at: At) -> Head<'a> {
        self.write_tag("time", |out| {
            out.push(b'=');
            at.write(out);
        })
    }

    fn write_tag(self, key: &str, value: impl FnOnce(&mut Vec<u8>)) -> Head<'a> {
        if !is_tag_key(key) {
            return self;
        }
        let Line { out, start, .. } = &self.0;
        let (before, start) = (out.len(), *start);
        let out = &mut *self.0.out;
        out.push(if before == start { b'@' } else { b';' });
        out.extend_from_slice(key.as_bytes());
        value(out);
        if out.len() - start + " ".len() > MAX_TAGS {
            out.truncate(before);
        }
        self
    }

    /// Goes on with a command.
    pub fn command(self, source: Option<&str>, verb: &str) -> Line<'a> {
        let mut line = self.body();
        if let Some(source) = source {
            let source = if source.len() > MAX_SOURCE { "*" } else { middle(source) };
            line.out.push(b':');
            line.out.extend_from_slice(source.as_bytes());
            line.out.push(b' ');
        }
        // At the beginning of a line an `@` would be read as tags.
        line.put(if verb.starts_with('@') { "*" } else { middle(verb) });
        line
    }

    /// Goes on with a numeric of three digits (RFC 2812 §2.4) to `target`, who is `*` as long as they have no nick.
    pub fn numeric(self, server: &str, code: u16, target: &str) -> Line<'a> {
        debug_assert!(code < 1000, "{code} has more than three digits");
        let digit = |tens: u16| b'0' + (code / tens % 10) as u8;
        let three = [digit(100), digit(10), digit(1)];
        self.command(Some(server), std::str::from_utf8(&three).unwrap_or("*")).param(target)
    }

    /// Goes on with the body of a line that was written before: one body serves readers with other tags.
    pub fn copy(self, line: &[u8]) {
        let body = match line.first() {
            Some(b'@') => line.splitn(2, |&b| b == b' ').nth(1).unwrap_or_default(),
            _ => line,
        };
        let end = memchr3(0, b'\r', b'\n', body).unwrap_or(body.len()).min(MAX_BODY);
        if end > 0 {
            self.body().out.extend_from_slice(&body[..end]);
        }
    }

    fn body(self) -> Line<'a> {
        let mut line = self.0;
        if line.out.len() > line.start {
            line.out.push(b' ');
        }
        line.body = Some(line.out.len());
        line
    }
}

impl<'a> Line<'a> {
    /// A command without tags.
    pub fn command(out: &'a mut Vec<u8>, source: Option<&str>, verb: &str) -> Line<'a> {
        Head::new(out).command(source, verb)
    }

    /// A numeric without tags.
    pub fn numeric(out: &'a mut Vec<u8>, server: &str, code: u16, target: &str) -> Line<'a> {
        Head::new(out).numeric(server, code, target)
    }

    /// A parameter that is not the last, or one that needs no `:`.
    pub fn param(mut self, param: &str) -> Line<'a> {
        let param = middle(param);
        let room = self.left().saturating_sub(" ".len());
        // A space without at least a character would be no parameter.
        if split::at_char(param, room).0.is_empty() {
            self.cut = true;
            return self;
        }
        self.out.push(b' ');
        self.put(param);
        self
    }

    /// Each in its turn.
    pub fn params<'p>(self, params: impl IntoIterator<Item = &'p str>) -> Line<'a> {
        params.into_iter().fold(self, Line::param)
    }

    /// Left out if it does not fit: cut, it would be another.
    pub fn number(mut self, number: u64) -> Line<'a> {
        self.put_whole("", Decimal::of(number).as_bytes());
        self
    }

    /// A moment as IRCv3 chathistory and read-marker write it; `prefix` may be `timestamp=`. Left out if it does not fit.
    pub fn timestamp(mut self, prefix: &str, at: At) -> Line<'a> {
        self.put_whole(if prefix.is_empty() { prefix } else { middle(prefix) }, &at.rfc_3339());
        self
    }

    /// The text that ends the line, always with its `:`. Gives back what did not fit, which is all of it if there was no
    /// [`room`](Line::room).
    pub fn trailing(self, text: &str) -> &str {
        self.text().push(text)
    }

    /// The text that ends the line, to be written bit by bit.
    pub fn text(self) -> Text<'a> {
        Text::begin(self)
    }

    /// Ends a line that has no text. Dropping does the same: this reads better at the end of a chain.
    pub fn end(self) {}

    /// Bytes that the body can still take; 0 once something did not fit.
    pub fn left(&self) -> usize {
        match self.body {
            Some(body) if !self.cut => (body + MAX_BODY).saturating_sub(self.out.len()),
            _ => 0,
        }
    }

    /// Bytes that a trailing text can have here.
    pub fn room(&self) -> usize {
        self.left().saturating_sub(" :".len())
    }

    /// Something did not fit, so that the line does not say what it was given.
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// Begins the trailing text.
    pub(super) fn put_colon(&mut self) {
        match self.left() < " :".len() {
            true => self.cut = true,
            false => self.out.extend_from_slice(b" :"),
        }
    }

    /// A parameter of single characters.
    pub(super) fn letters(&mut self, letters: impl Iterator<Item = char>) {
        if self.left() < " +".len() {
            self.cut = true;
            return;
        }
        self.out.push(b' ');
        for letter in letters.filter(char::is_ascii_graphic) {
            self.put(letter.encode_utf8(&mut [0; 4]));
        }
    }

    /// Appends what fits, and says what did not.
    pub(super) fn put<'t>(&mut self, text: &'t str) -> &'t str {
        let (text, rest) = split::at_char(text, self.left());
        self.cut |= !rest.is_empty();
        self.out.extend_from_slice(text.as_bytes());
        rest
    }

    fn put_whole(&mut self, prefix: &str, digits: &[u8]) {
        if self.left() < " ".len() + prefix.len() + digits.len() {
            self.cut = true;
            return;
        }
        self.out.push(b' ');
        self.out.extend_from_slice(prefix.as_bytes());
        self.out.extend_from_slice(digits);
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        match self.body {
            Some(_) => self.out.extend_from_slice(b"\r\n"),
            None => self.out.truncate(self.start),
        }
    }
}

fn middle(word: &str) -> &str {
    let unsafe_in_middle = |b: &u8| b.is_ascii_control() && *b != b'\t' || *b == b' ';
    match word.as_bytes() {
        [] | [b':', ..] => "*",
        bytes if bytes.iter().any(unsafe_in_middle) => "*",
        _ => word,
    }
}
