//! `\u{…}`: how characters that must not reach a terminal or a line reader as they are get written, so that no text can
//! become another line, another field or another reading order. The original can always be had back.

use std::borrow::Cow;

/// The text after ` :`. Spaces and tabs stay.
pub(super) fn text(text: &str, out: &mut Vec<u8>) {
    escape(text, unsafe_in_text, out);
}

/// A word or parameter: no space either, no `:` in front, and never empty.
pub(super) fn word(word: &str, out: &mut Vec<u8>) {
    let rest = match word.strip_prefix(':') {
        Some(rest) => {
            code_point(':', out);
            rest
        }
        None if word.is_empty() => "-",
        None => word,
    };
    escape(rest, |c| matches!(c, ' ' | '\t') || unsafe_in_text(c), out);
}

fn escape(text: &str, is_unsafe: impl Fn(char) -> bool, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let mut copied = 0;
    let mut at = 0;
    while at < bytes.len() {
        if !SUSPECT[usize::from(bytes[at])] {
            at += 1;
            continue;
        }
        // Suspects are ASCII or first bytes, so this is a character's beginning.
        let Some(c) = text[at..].chars().next() else { break };
        let next = at + c.len_utf8();
        if is_unsafe(c) || text[at..].starts_with("\\u{") {
            out.extend_from_slice(&bytes[copied..at]);
            code_point(c, out);
            copied = next;
        }
        at = next;
    }
    out.extend_from_slice(&bytes[copied..]);
}

/// Bytes that begin a character which may have to be escaped: most texts hold none and are copied whole.
const SUSPECT: [bool; 256] = {
    let mut suspect = [false; 256];
    let mut byte = 0;
    while byte <= 0x20 {
        suspect[byte] = true;
        byte += 1;
    }
    suspect[0x7f] = true;
    suspect[b'\\' as usize] = true;
    // First bytes in UTF-8 of U+0080..U+00BF, U+0600..U+063F and U+2000..U+2FFF.
    suspect[0xc2] = true;
    suspect[0xd8] = true;
    suspect[0xe2] = true;
    suspect
};

/// Control characters, what Unicode calls Bidi_Control, and its own line and paragraph ends, which some line readers
/// (Python's `splitlines`) obey.
fn unsafe_in_text(c: char) -> bool {
    match c {
        '\t' => false,
        '\u{61c}' | '\u{200e}' | '\u{200f}' => true,
        '\u{2028}' | '\u{2029}' => true,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        c => c.is_control(),
    }
}

fn code_point(c: char, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\\u{");
    let code = u32::from(c);
    let digits = (u32::BITS - code.leading_zeros()).div_ceil(4).max(1);
    for digit in (0..digits).rev() {
        out.push(b"0123456789abcdef"[(code >> (4 * digit) & 0xf) as usize]);
    }
    out.push(b'}');
}

/// The original again. A `\u{…}` that names no character stays as it is.
pub(super) fn unescape(written: &str) -> Cow<'_, str> {
    let mut parts = written.split("\\u{");
    let first = parts.next().unwrap_or_default();
    if first.len() == written.len() {
        return Cow::Borrowed(written);
    }
    let mut text = String::with_capacity(written.len());
    text.push_str(first);
    for part in parts {
        let named = part.split_once('}').and_then(|(code, rest)| Some((character(code)?, rest)));
        match named {
            Some((c, rest)) => {
                text.push(c);
                text.push_str(rest);
            }
            None => {
                text.push_str("\\u{");
                text.push_str(part);
            }
        }
    }
    Cow::Owned(text)
}

fn character(code: &str) -> Option<char> {
    let hex = (1..=6).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_hexdigit());
    hex.then(|| u32::from_str_radix(code, 16).ok()).flatten().and_then(char::from_u32)
}
