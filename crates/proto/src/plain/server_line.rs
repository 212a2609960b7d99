use thiserror::Error;

use super::escape;

/// A line that a server sent, read: the other half of [`Frame`](super::Frame). Texts are as they were before `\u{…}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerLine {
    pub tags: Vec<(String, String)>,
    pub code: u16,
    /// False for `code-`: more lines of the same reply, or of the same text, follow.
    pub last: bool,
    /// The word and its parameters; never empty.
    pub words: Vec<String>,
    pub text: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a line of the line protocol: {0}")]
pub struct ParseError(&'static str);

impl ServerLine {
    /// `line` is without its end.
    pub fn parse(line: &str) -> Result<ServerLine, ParseError> {
        if line.bytes().any(|b| b < b' ' && b != b'\t') {
            return Err(ParseError("a control character"));
        }
        let (tags, line) = match line.strip_prefix('@') {
            Some(tagged) => {
                let (tags, line) = tagged.split_once(' ').ok_or(ParseError("nothing after the tags"))?;
                (read_tags(tags)?, line)
            }
            None => (Vec::new(), line),
        };
        let (code, rest) = line.split_at_checked(3).ok_or(ParseError("no code"))?;
        if !code.bytes().all(|b| b.is_ascii_digit()) {
            return Err(ParseError("no code"));
        }
        let code = code.parse().map_err(|_| ParseError("no code"))?;
        let (last, mut rest) = match rest.split_at_checked(1) {
            Some((" ", rest)) => (true, rest),
            Some(("-", rest)) => (false, rest),
            _ => return Err(ParseError("no space or - after the code")),
        };
        let mut words = Vec::new();
        let mut text = None;
        loop {
            let (word, after) = match rest.split_once(' ') {
                Some((word, after)) => (word, Some(after)),
                None => (rest, None),
            };
            if word.is_empty() || word.starts_with(':') {
                return Err(ParseError("an empty word"));
            }
            words.push(escape::unescape(word).into_owned());
            let Some(after) = after else { break };
            if let Some(after) = after.strip_prefix(':') {
                text = Some(escape::unescape(after).into_owned());
                break;
            }
            rest = after;
        }
        Ok(ServerLine { tags, code, last, words, text })
    }

    /// An event, which belongs to no reply.
    pub fn is_event(&self) -> bool {
        self.code == 100
    }

    /// What the line is about: `msg`, `joined`, an error's code.
    pub fn word(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// The parameter at `index`, counted from 0 after the word.
    pub fn param(&self, index: usize) -> Option<&str> {
        self.words.get(index + 1).map(String::as_str)
    }

    pub fn tag(&self, name: &str) -> Option<&str> {
        self.tags.iter().find(|(tag, _)| tag == name).map(|(_, value)| value.as_str())
    }
}

fn read_tags(tags: &str) -> Result<Vec<(String, String)>, ParseError> {
    let mut read = Vec::new();
    for tag in tags.split(';') {
        let (name, value) = tag.split_once('=').ok_or(ParseError("a tag without ="))?;
        read.push((name.to_owned(), value.to_owned()));
    }
    Ok(read)
}
