use std::borrow::Cow;

use memchr::memchr;

/// The tags of a message: what stands between the `@` and the space (IRCv3 message-tags, "Format"). Read when asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tags<'a>(&'a str);

/// One tag as it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag<'a> {
    /// With its `+` and its vendor: to be compared as a whole, case and all.
    pub key: &'a str,
    /// Still escaped; empty if there is none, which means the same.
    pub escaped: &'a str,
}

impl<'a> Tags<'a> {
    /// `data`: `a=b;+c`. Nothing is refused.
    pub fn new(data: &'a str) -> Tags<'a> {
        Tags(data)
    }

    /// As they were sent, without the `@` and the space.
    pub fn as_str(self) -> &'a str {
        self.0
    }

    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The value of `key` without its escapes, empty if the tag has none. The last counts if there are several.
    pub fn get(self, key: &str) -> Option<Cow<'a, str>> {
        self.0.rsplit(';').map(Tag::new).find(|tag| tag.key == key).map(Tag::value)
    }

    /// Each key once, with its last value, where that stood.
    pub fn iter(self) -> impl Iterator<Item = Tag<'a>> {
        let mut tags: Vec<(usize, Tag<'a>)> =
            self.0.split(';').map(Tag::new).filter(|tag| !tag.key.is_empty()).enumerate().collect();
        // Sorted, as a comparison of each with each is what thousands of tags in a line would be sent for.
        tags.sort_unstable_by_key(|(at, tag)| (tag.key, usize::MAX - at));
        tags.dedup_by_key(|(_, tag)| tag.key);
        tags.sort_unstable_by_key(|(at, _)| *at);
        tags.into_iter().map(|(_, tag)| tag)
    }
}

impl<'a> Tag<'a> {
    fn new(tag: &'a str) -> Tag<'a> {
        let (key, escaped) = tag.split_once('=').unwrap_or((tag, ""));
        Tag { key, escaped }
    }

    /// Without escapes.
    pub fn value(self) -> Cow<'a, str> {
        unescape(self.escaped)
    }

    /// Made by a client for other clients, to be passed on as it is (IRCv3 message-tags, "Client-only tags").
    pub fn is_client_only(self) -> bool {
        self.key.starts_with('+')
    }

    /// `example.org` of `+example.org/name`.
    pub fn vendor(self) -> Option<&'a str> {
        let key = self.key.strip_prefix('+').unwrap_or(self.key);
        key.rsplit_once('/').map(|(vendor, _)| vendor)
    }
}

/// Whether `key` follows the grammar of today: `[+][vendor/]name` (IRCv3 message-tags, "Format").
///
/// Only good for what we write. A message must not be refused for a key that does not: the grammar may grow.
pub fn is_tag_key(key: &str) -> bool {
    let key = key.strip_prefix('+').unwrap_or(key);
    let (vendor, name) = match key.split_once('/') {
        Some((vendor, name)) => (Some(vendor), name),
        None => (None, key),
    };
    let word = |word: &str, more: &[u8]| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || more.contains(&b))
    };
    word(name, b"-") && vendor.is_none_or(|vendor| word(vendor, b"-."))
}

/// Writes a value so that it can stand in a tag (IRCv3 message-tags, "Escaping values"). Nothing stands for other
/// control characters: they are left out.
pub(super) fn escape(value: &str, out: &mut Vec<u8>) {
    let mut rest = value.as_bytes();
    while let Some(at) = rest.iter().position(|b| b.is_ascii_control() || matches!(b, b';' | b' ' | b'\\')) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(match rest[at] {
            b';' => b"\\:",
            b' ' => b"\\s",
            b'\\' => b"\\\\",
            b'\r' => b"\\r",
            b'\n' => b"\\n",
            _ => b"",
        });
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

/// The original of an escaped value. A `\` before anything that needs none, and one at the end, is dropped (IRCv3
/// message-tags, "Escaping values").
fn unescape(escaped: &str) -> Cow<'_, str> {
    let Some(first) = memchr(b'\\', escaped.as_bytes()) else { return Cow::Borrowed(escaped) };
    let (before, rest) = escaped.split_at(first);
    let mut value = String::with_capacity(escaped.len());
    value.push_str(before);
    let mut chars = rest.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => value.extend(chars.next().map(unescaped)),
            c => value.push(c),
        }
    }
    Cow::Owned(value)
}

fn unescaped(c: char) -> char {
    match c {
        ':' => ';',
        's' => ' ',
        'r' => '\r',
        'n' => '\n',
        c => c,
    }
}
