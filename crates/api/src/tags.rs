//! Tags that clients give to what they say, for other clients: nobody between reads them (IRCv3 message-tags, "Client-only tags").

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{ErrorCode, FieldError, Problem};

/// Bytes of all tags of a message, as IRC writes them (IRCv3 message-tags, "Size limit").
pub const MAX_TAGS_BYTES: usize = 4094;

/// `+typing` → `active`: keys with their `+`, values as they are meant, without escapes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "BTreeMap<String, String>", into = "BTreeMap<String, String>")]
pub struct Tags(BTreeMap<String, String>);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TagsError {
    #[error("{0:?} is no key of a tag: +[vendor/]name, of ASCII letters, digits and -")]
    Key(String),
    #[error("a tag's value holds no NUL")]
    Value,
    #[error("the tags have {0} bytes, at most {MAX_TAGS_BYTES} are allowed")]
    TooLong(usize),
}

impl Tags {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Bytes as IRC writes them: `key=value;key`, with two for what has to be escaped.
    fn bytes(&self) -> usize {
        let value = |value: &str| {
            let escaped = value.bytes().filter(|byte| b"; \\\r\n".contains(byte)).count();
            usize::from(!value.is_empty()) + value.len() + escaped
        };
        let all: usize = self.iter().map(|(key, text)| key.len() + value(text) + 1).sum();
        all.saturating_sub(1)
    }
}

impl TryFrom<BTreeMap<String, String>> for Tags {
    type Error = TagsError;

    fn try_from(tags: BTreeMap<String, String>) -> Result<Self, TagsError> {
        if let Some(key) = tags.keys().find(|key| !is_key(key)) {
            return Err(TagsError::Key(key.clone()));
        }
        if tags.values().any(|value| value.contains('\0')) {
            return Err(TagsError::Value);
        }
        let tags = Self(tags);
        match tags.bytes() {
            bytes if bytes > MAX_TAGS_BYTES => Err(TagsError::TooLong(bytes)),
            _ => Ok(tags),
        }
    }
}

impl From<Tags> for BTreeMap<String, String> {
    fn from(tags: Tags) -> Self {
        tags.0
    }
}

impl TagsError {
    pub fn problem(&self, pointer: &str) -> Problem {
        let mut problem = Problem::new(ErrorCode::InvalidParameter).detail(self.to_string());
        problem.errors.push(FieldError { pointer: pointer.to_owned(), detail: self.to_string() });
        problem
    }
}

/// `+[vendor/]name` (IRCv3 message-tags, "Format").
fn is_key(key: &str) -> bool {
    let Some(key) = key.strip_prefix('+') else { return false };
    let word = |word: &str, more: &[u8]| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
    };
    match key.split_once('/') {
        Some((vendor, name)) => word(vendor, b"-.") && word(name, b"-"),
        None => word(key, b"-"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Result<Tags, TagsError> {
        let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        pairs.collect::<BTreeMap<_, _>>().try_into()
    }

    #[test]
    fn keys_are_those_of_clients() {
        for key in ["+typing", "+draft/reply", "+example.org/x-1"] {
            assert!(tags(&[(key, "")]).is_ok(), "{key}");
        }
        for key in ["", "+", "msgid", "+a b", "+a/b/c", "+/a", "+a/", "+é", "+a=b"] {
            assert_eq!(tags(&[(key, "")]), Err(TagsError::Key(key.to_owned())));
        }
        assert_eq!(tags(&[("+a", "\0")]), Err(TagsError::Value));
    }

    #[test]
    fn tags_are_as_long_as_irc_writes_them_at_most() {
        let at = |bytes: usize| tags(&[("+a", &"x".repeat(bytes - "+a=".len()))]);
        assert!(at(MAX_TAGS_BYTES).is_ok());
        assert_eq!(at(MAX_TAGS_BYTES + 1), Err(TagsError::TooLong(MAX_TAGS_BYTES + 1)));
        // Each of these takes two, and `;` stands between.
        assert_eq!(tags(&[("+a", &"; \\\r\n".repeat(10)), ("+b", "")]).unwrap().bytes(), 3 + 100 + 1 + 2);
    }
}
