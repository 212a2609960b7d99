//! Cuts what a socket gives into lines, whatever the chunks. Knows no dialect.

mod telnet;

use std::{borrow::Cow, ops::Range};

use memchr::memchr2;
use thiserror::Error;

/// The line protocol: bytes in a line without its end. Room for a long paragraph, small enough to hold for everyone.
pub const MAX_LINE: usize = 8192;

/// IRC: 8191 bytes of tags with `@` and the space (IRCv3 message-tags), then 512 with the CR LF that is not counted here.
/// The IRC grammar still checks the two parts on their own.
pub const MAX_IRC_LINE: usize = 8191 + 510;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// Why a line cannot be read. The next one reads normally.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LineError {
    #[error("a line is at most {limit} bytes")]
    TooLong { limit: usize },
    #[error("the line is not UTF-8 (in a Windows console, type chcp 65001)")]
    InvalidUtf8,
}

/// Lines out of bytes: ended by LF, CR LF or telnet's CR NUL, without telnet's IAC sequences (unless told that there are none) and a
/// BOM at the start.
///
/// Feed a chunk, then take lines until there is none, then feed again: that way it never holds more than one line and
/// one chunk, and nothing at all while no line is begun.
#[derive(Debug)]
pub struct LineBuffer {
    bytes: Vec<u8>,
    /// Where the line that is being read begins: what stands before it has been taken.
    start: usize,
    /// Where the line stands that was last found not to be UTF-8, until the next one is asked for.
    not_utf8: Range<usize>,
    /// No line end stands between `start` and here.
    searched: usize,
    limit: usize,
    /// Nothing but (perhaps) a BOM has come yet.
    at_start: bool,
    /// In the rest of a line that was too long, and has been reported.
    skipping: bool,
    /// None where nobody comes by telnet: then its bytes are like any others.
    telnet: Option<telnet::Filter>,
}

impl LineBuffer {
    /// `limit`: bytes of a line without its end.
    pub fn new(limit: usize) -> LineBuffer {
        LineBuffer {
            bytes: Vec::new(),
            start: 0,
            not_utf8: 0..0,
            searched: 0,
            limit,
            at_start: true,
            skipping: false,
            telnet: Some(telnet::Filter::default()),
        }
    }

    /// For protocols of programs.
    #[must_use]
    pub fn without_telnet(self) -> LineBuffer {
        LineBuffer { telnet: None, ..self }
    }

    pub fn feed(&mut self, chunk: &[u8]) {
        match &mut self.telnet {
            Some(telnet) => telnet.pass(chunk, &mut self.bytes),
            None => self.bytes.extend_from_slice(chunk),
        }
    }

    /// Nothing more comes (the peer closed its half): what stands without an end is a line too.
    pub fn finish(&mut self) {
        if self.bytes.last().is_some_and(|&last| last != b'\n') {
            self.bytes.push(b'\n');
        }
    }

    /// The next line without its end, or `None` if more bytes are needed.
    pub fn next_line(&mut self) -> Option<Result<&str, LineError>> {
        if self.at_start && !self.skip_bom() {
            return None;
        }
        let limit = self.limit;
        loop {
            let Some(end) = self.find_end() else { return self.rest_too_long() };
            let mut line = self.start..end;
            self.start = end + 1;
            self.searched = self.start;
            if std::mem::take(&mut self.skipping) {
                continue;
            }
            line.end = line.start + without_cr(&self.bytes[line.clone()]).len();
            if line.len() > limit {
                return Some(Err(LineError::TooLong { limit }));
            }
            self.not_utf8 = line.clone();
            return Some(std::str::from_utf8(&self.bytes[line]).map_err(|_| LineError::InvalidUtf8));
        }
    }

    /// The line that was just found not to be UTF-8, with `\u{fffd}` for what is none.
    pub fn not_utf8(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes[self.not_utf8.clone()])
    }

    /// Bytes held in memory, for tests and metrics: 0 when no line is begun and all have been taken.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// False while what came may still turn out to be a BOM.
    fn skip_bom(&mut self) -> bool {
        if self.bytes.len() < BOM.len() && BOM.starts_with(&self.bytes) {
            return false;
        }
        if self.bytes.starts_with(BOM) {
            self.start = BOM.len();
            self.searched = self.start;
        }
        self.at_start = false;
        true
    }

    /// The place of the LF, or of the NUL after a CR, that ends the line which begins at `start`.
    fn find_end(&mut self) -> Option<usize> {
        while let Some(found) = memchr2(b'\n', 0, &self.bytes[self.searched..]) {
            let at = self.searched + found;
            if self.bytes[at] == b'\n' || self.bytes[self.start..at].ends_with(b"\r") {
                return Some(at);
            }
            self.searched = at + 1;
        }
        self.searched = self.bytes.len();
        None
    }

    /// No end has come: keep what is begun, unless it is too long already.
    fn rest_too_long<'a>(&mut self) -> Option<Result<&'a str, LineError>> {
        let begun = &self.bytes[self.start..];
        let too_long = !self.skipping && without_cr(begun).len() > self.limit;
        self.skipping |= too_long;
        if self.skipping {
            // A last CR may be the first half of the end.
            self.start = self.bytes.len() - usize::from(begun.ends_with(b"\r"));
        }
        self.bytes.drain(..self.start);
        self.start = 0;
        self.searched = self.bytes.len();
        // An idle connection holds no buffer, and a slow one no more than what it sent.
        self.bytes.shrink_to_fit();
        too_long.then_some(Err(LineError::TooLong { limit: self.limit }))
    }
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}
