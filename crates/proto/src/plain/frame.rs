use super::{At, escape};
use crate::decimal::Decimal;

/// What stands before the code: the label that came with the request, and whether the reply is one given before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tags<'a> {
    /// `@id=`; on every line of the reply.
    pub id: Option<&'a str>,
    /// `@dup=1`: this message was stored before, with the same key.
    pub dup: bool,
}

impl<'a> Tags<'a> {
    pub fn id(id: Option<&'a str>) -> Tags<'a> {
        Tags { id, dup: false }
    }
}

/// One line that the server sends, being written: `[@tags ]code( |-)word *( param)[ :text]`.
///
/// Begins a line when it is made and ends it when it is dropped; whatever it is given in between, it stays one line of
/// this form.
#[derive(Debug)]
pub struct Frame<'a> {
    out: &'a mut Vec<u8>,
    /// Where the line begins.
    start: usize,
    /// Where its space or `-` stands.
    mark: usize,
}

impl<'a> Frame<'a> {
    /// The final line of a reply.
    pub fn last(out: &'a mut Vec<u8>, tags: Tags<'_>, code: u16, word: &str) -> Frame<'a> {
        Frame::begin(out, tags, code, b' ', word)
    }

    /// A line of a reply that has more to come.
    pub fn more(out: &'a mut Vec<u8>, tags: Tags<'_>, code: u16, word: &str) -> Frame<'a> {
        Frame::begin(out, tags, code, b'-', word)
    }

    /// An event that the client did not ask for.
    pub fn event(out: &'a mut Vec<u8>, word: &str) -> Frame<'a> {
        Frame::begin(out, Tags::default(), 100, b' ', word)
    }

    fn begin(out: &'a mut Vec<u8>, tags: Tags<'_>, code: u16, mark: u8, word: &str) -> Frame<'a> {
        debug_assert!((100..600).contains(&code), "{code} is no code");
        let start = out.len();
        write_tags(out, tags);
        let mut digits = code;
        let mut three = [b'0'; 3];
        for digit in three.iter_mut().rev() {
            *digit = b'0' + (digits % 10) as u8;
            digits /= 10;
        }
        out.extend_from_slice(&three);
        let at = out.len();
        out.push(mark);
        escape::word(word, out);
        Frame { out, start, mark: at }
    }

    /// A parameter. One that could be taken for something else (a space in it, a `:` in front) is escaped; an empty one
    /// is `-`.
    pub fn param(self, param: &str) -> Frame<'a> {
        self.out.push(b' ');
        escape::word(param, self.out);
        self
    }

    /// A parameter that is `-` when there is none.
    pub fn optional(self, param: Option<&str>) -> Frame<'a> {
        self.param(param.unwrap_or("-"))
    }

    /// Each word between the spaces is a parameter: `+o bob` is two.
    pub fn params(mut self, params: &str) -> Frame<'a> {
        for param in params.split_ascii_whitespace() {
            self = self.param(param);
        }
        self
    }

    pub fn number(self, number: u64) -> Frame<'a> {
        self.out.push(b' ');
        self.out.extend_from_slice(Decimal::of(number).as_bytes());
        self
    }

    pub fn at(self, at: At) -> Frame<'a> {
        self.out.push(b' ');
        at.write(self.out);
        self
    }

    /// The text that ends the line. A line feed in it is escaped.
    pub fn text(self, text: &str) {
        self.out.extend_from_slice(b" :");
        escape::text(text, self.out);
    }

    /// The text of a message: each of its lines is a line here with the same words before it, all but the last marked
    /// `-`.
    pub fn lines(self, text: &str) {
        let head = self.start..self.out.len();
        let mark = self.out[self.mark];
        let mut lines = text.split('\n').peekable();
        while let Some(line) = lines.next() {
            let begins = self.out.len() - head.len();
            self.out[begins + (self.mark - self.start)] = if lines.peek().is_some() { b'-' } else { mark };
            self.out.extend_from_slice(b" :");
            escape::text(line, self.out);
            if lines.peek().is_some() {
                self.out.push(b'\n');
                self.out.extend_from_within(head.clone());
            }
        }
    }

    /// Ends a line that has no text. Dropping does the same: this reads better at the end of a chain.
    pub fn end(self) {}
}

impl Drop for Frame<'_> {
    fn drop(&mut self) {
        self.out.push(b'\n');
    }
}

fn write_tags(out: &mut Vec<u8>, tags: Tags<'_>) {
    let Tags { id, dup } = tags;
    if let Some(id) = id {
        out.extend_from_slice(b"@id=");
        // What `decode` gave holds nothing else.
        out.extend(id.bytes().filter(|&b| super::request::is_tag_byte(b)));
    }
    if dup {
        out.extend_from_slice(if id.is_some() { b";dup=1" } else { b"@dup=1" });
    }
    if id.is_some() || dup {
        out.push(b' ');
    }
}
