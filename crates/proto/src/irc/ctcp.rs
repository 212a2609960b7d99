//! Texts that a client asks another client with: <https://modern.ircdocs.horse/ctcp>.

use super::{Line, split, text::is_unsafe};

/// What begins such a text, and should end it.
const DELIMITER: char = '\u{1}';

/// `\x01COMMAND[ params]\x01`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ctcp<'a> {
    /// In the case it was typed in.
    pub command: &'a str,
    /// What stands after the first space.
    pub params: &'a str,
}

/// The query or reply that a text is ("Message Syntax"). The delimiter at the end is missing where somebody cut it off.
pub fn parse(text: &str) -> Option<Ctcp<'_>> {
    let begun = text.strip_prefix(DELIMITER)?;
    let inside = begun.split_once(DELIMITER).map_or(begun, |(inside, _)| inside);
    let (command, params) = inside.split_once(' ').unwrap_or((inside, ""));
    (!command.is_empty()).then_some(Ctcp { command, params })
}

/// What somebody does, of `/me waves`: an ordinary message in all but its look ("ACTION").
pub fn action(text: &str) -> Option<&str> {
    parse(text).filter(|ctcp| ctcp.command.eq_ignore_ascii_case("ACTION")).map(|ctcp| ctcp.params)
}

/// Ends `line` with such a text, its delimiters whole, and gives back what of `params` did not fit.
pub fn write<'t>(line: Line<'_>, command: &str, params: &'t str) -> &'t str {
    let around = "\u{1} \u{1}".len() + command.len();
    let Some(room) = line.room().checked_sub(around) else { return params };
    let (fits, rest) = split::at_char(params, room);
    let mut text = line.text();
    let parts = if fits.is_empty() { ["", ""] } else { [" ", fits] };
    text.push("\u{1}");
    for part in [command].into_iter().chain(parts) {
        // A delimiter inside would end it before its time.
        text.push_without(part, |b| b == 1 || is_unsafe(b));
    }
    text.push("\u{1}");
    rest
}
