//! What parsers say, in words for those who sent what was parsed.

use serde_path_to_error::{Path, Segment};

/// Beginnings of what serde says, and how they read here.
const BEGINNINGS: [(&str, &str); 4] = [
    ("unknown field ", "there is no field "),
    ("unknown variant ", "there is no "),
    ("duplicate field ", "there is more than one field "),
    ("invalid length ", "it has the wrong length, "),
];

/// What the standard library says of numbers.
const NUMBERS: [&str; 5] = [
    "invalid digit found in string",
    "cannot parse integer from empty string",
    "number too large to fit in target type",
    "number too small to fit in target type",
    "invalid float literal",
];

/// What serde says of a type before its name, and what it is for those who send one.
const KINDS: [(&str, &str); 10] = [
    ("internally tagged enum ", "an object of a known kind"),
    ("adjacently tagged enum ", "an object of a known kind"),
    ("untagged enum ", "what is wanted"),
    ("unit variant ", "a known value"),
    ("tuple variant ", "a known value"),
    ("struct variant ", "a known value"),
    ("unit struct ", "nothing"),
    ("tuple struct ", "an array"),
    ("struct ", "an object"),
    ("enum ", "a known value"),
];

/// `invalid type: null, expected struct SendMessage` is `invalid type: null, expected an object`.
fn unnamed(text: &str) -> String {
    // axum: Cannot parse `x` to a `alloc::string::String`
    let text = text.split(" to a `").next().unwrap_or(text);
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let at_word = plain.chars().next_back().is_none_or(|last| !last.is_alphanumeric());
        match KINDS.iter().find_map(|(kind, word)| Some((word, rest.strip_prefix(kind)?))) {
            Some((word, after)) if at_word && after.starts_with(|c: char| c.is_ascii_uppercase()) => {
                plain.push_str(word);
                rest =
                    after.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':'));
            }
            _ => {
                plain.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
    }
    plain
}

/// A parser's words without its own: where it is in bytes, what it calls a type.
pub(super) fn plain(text: &str) -> String {
    let text = match text.rsplit_once(" at line ") {
        Some((text, _)) => text,
        None => text,
    };
    // A query's errors begin with the parameter's name.
    let (name, text) = match text.split_once(": ") {
        Some((name, rest)) if !name.contains(' ') => (format!("{name}: "), rest),
        _ => (String::new(), text),
    };
    if NUMBERS.contains(&text) {
        return format!("{name}it is no number, or one that does not fit here");
    }
    if let Some(field) = missing(text) {
        return format!("{name}the field `{field}` is missing");
    }
    let text = match BEGINNINGS.iter().find_map(|(begin, here)| Some((here, text.strip_prefix(begin)?))) {
        Some((here, rest)) => format!("{here}{rest}"),
        None => mismatch(text).unwrap_or_else(|| text.to_owned()),
    };
    unnamed(&format!("{name}{text}"))
}

/// "invalid type: integer `7`, expected a string", or "invalid value: …".
fn mismatch(text: &str) -> Option<String> {
    let text = text.strip_prefix("invalid type: ").or_else(|| text.strip_prefix("invalid value: "))?;
    let (found, expected) = text.rsplit_once(", expected ")?;
    let expected = match expected {
        "map" | "a map" => "an object",
        // "expected u32"
        _ if expected.starts_with(['u', 'i', 'f']) && expected.ends_with(|c: char| c.is_ascii_digit()) => {
            "a number that fits here"
        }
        _ => expected,
    };
    Some(format!("expected {expected}, not {found}"))
}

/// The field that serde misses, if that is what it says.
pub(super) fn missing(text: &str) -> Option<&str> {
    text.strip_prefix("missing field `")?.split_once('`').map(|(field, _)| field)
}

/// A path as a JSON pointer (RFC 6901).
pub(super) fn pointer(path: &Path) -> String {
    path.iter()
        .map(|part| match part {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } | Segment::Enum { variant: key } => segment(key),
            Segment::Unknown => String::new(),
        })
        .collect()
}

pub(super) fn segment(key: &str) -> String {
    format!("/{}", key.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parsers_are_not_quoted() {
        for (said, shown) in [
            ("missing field `reason` at line 1 column 21", "the field `reason` is missing"),
            ("unknown field `cc`, expected `to` at line 1 column 9", "there is no field `cc`, expected `to`"),
            (
                "kind: unknown variant `foolist`, expected one of `a`, `b`",
                "kind: there is no `foolist`, expected one of `a`, `b`",
            ),
            ("limit: invalid digit found in string", "limit: it is no number, or one that does not fit here"),
            (
                "invalid type: integer `7`, expected a string at line 1 column 9",
                "expected a string, not integer `7`",
            ),
            (
                "invalid type: string \"x\", expected u32",
                "expected a number that fits here, not string \"x\"",
            ),
            ("invalid type: sequence, expected struct Letter", "expected an object, not sequence"),
            (
                "invalid length 1, expected struct A with 3 elements",
                "it has the wrong length, 1, expected an object with 3 elements",
            ),
            (
                "data did not match any variant of untagged enum MeOr",
                "data did not match any variant of what is wanted",
            ),
            ("Cannot parse `x` to a `alloc::string::String`", "Cannot parse `x`"),
            ("there is no field `instruct Me`", "there is no field `instruct Me`"),
            ("a mask has no spaces", "a mask has no spaces"),
        ] {
            assert_eq!(plain(said), shown);
        }
        assert_eq!(missing("missing field `reason` at line 1"), Some("reason"));
        assert_eq!(missing("unknown field `x`"), None);
        assert_eq!(segment("a/b~"), "/a~1b~0");
    }
}
