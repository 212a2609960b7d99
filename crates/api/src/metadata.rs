//! What people and operators of channels say of themselves and their channels in pairs of a key and a value, for programs to show:
//! `display-name`, `avatar`, `pronouns` (<https://ircv3.net/specs/extensions/metadata>).

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{ErrorCode, FieldError, Problem, id::UserId};

/// Keys of one person, or of one channel: a profile, not a store.
pub const MAX_METADATA_KEYS: usize = 50;
/// Bytes of a key: it stands in a line of IRC before the value.
pub const MAX_METADATA_KEY_BYTES: usize = 64;
/// Bytes of a value: with a nick, a channel and a key it is in one line of IRC.
pub const MAX_METADATA_VALUE_BYTES: usize = 250;
/// People in one lookup of metadata: with all that they may have set, an answer has a few MB.
pub const MAX_METADATA_LOOKUP: usize = 200;

/// Lower-case letters, digits and `_.:/-`; not beginning with a colon. Upper case is read as lower.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String)]
pub struct MetadataKey(String);

/// One line, not empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String)]
pub struct MetadataValue(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    #[error(
        "a key of metadata has 1 to {MAX_METADATA_KEY_BYTES} of a-z, 0-9 and _.:/- and does not begin with a colon"
    )]
    Key,
    #[error("a value of metadata is not empty")]
    Empty,
    #[error("the value has {0} bytes, {MAX_METADATA_VALUE_BYTES} are allowed")]
    TooLong(usize),
    #[error("a value of metadata holds no NUL, carriage return or line feed")]
    Control,
}

impl MetadataError {
    pub fn code(self) -> ErrorCode {
        match self {
            Self::Key => ErrorCode::InvalidParameter,
            Self::TooLong(_) => ErrorCode::TextTooLong,
            Self::Empty | Self::Control => ErrorCode::InvalidText,
        }
    }

    pub fn problem(self, pointer: &str) -> Problem {
        let mut problem = Problem::new(self.code()).detail(self.to_string());
        if !pointer.is_empty() {
            problem.errors.push(FieldError { pointer: pointer.to_owned(), detail: self.to_string() });
        }
        problem
    }
}

macro_rules! text {
    ($name:ident) => {
        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = MetadataError;

            fn try_from(text: &str) -> Result<Self, MetadataError> {
                Self::try_from(text.to_owned())
            }
        }
    };
}

text!(MetadataKey);
text!(MetadataValue);

impl TryFrom<String> for MetadataKey {
    type Error = MetadataError;

    fn try_from(mut key: String) -> Result<Self, MetadataError> {
        key.make_ascii_lowercase();
        let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:/-".contains(&byte);
        let is_key = (1..=MAX_METADATA_KEY_BYTES).contains(&key.len())
            && !key.starts_with(':')
            && key.bytes().all(is_fit)
            // `.` and `..` would be no segments of a path.
            && key.bytes().any(|byte| byte.is_ascii_alphanumeric());
        if is_key { Ok(Self(key)) } else { Err(MetadataError::Key) }
    }
}

impl TryFrom<String> for MetadataValue {
    type Error = MetadataError;

    fn try_from(value: String) -> Result<Self, MetadataError> {
        if value.is_empty() {
            Err(MetadataError::Empty)
        } else if value.len() > MAX_METADATA_VALUE_BYTES {
            Err(MetadataError::TooLong(value.len()))
        } else if value.contains(['\0', '\r', '\n']) {
            Err(MetadataError::Control)
        } else {
            Ok(Self(value))
        }
    }
}

/// A line of `GET …/metadata`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Metadatum {
    pub key: MetadataKey,
    pub value: String,
}

/// Body of `PUT …/metadata/{key}`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetMetadatum {
    pub value: String,
}

/// Whose metadata is asked for, and which keys of it: `POST /v1/metadata:lookup`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MetadataLookup {
    pub ids: Vec<UserId>,
    pub keys: Vec<MetadataKey>,
}

/// What one person has set under one of the keys asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MetadatumOf {
    pub user: UserId,
    #[serde(flatten)]
    pub datum: Metadatum,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_words_in_lower_case() {
        for key in ["display-name", "a", "x.y:z/1_2", &"k".repeat(MAX_METADATA_KEY_BYTES)] {
            assert_eq!(MetadataKey::try_from(key).unwrap().as_str(), key);
        }
        assert_eq!(MetadataKey::try_from("Avatar").unwrap().as_str(), "avatar");
        for key in ["", ".", "..", ":a", "a b", "é", "$a", "a*", &"k".repeat(MAX_METADATA_KEY_BYTES + 1)] {
            assert_eq!(MetadataKey::try_from(key), Err(MetadataError::Key), "{key}");
        }
    }

    #[test]
    fn values_are_one_line_of_some_length() {
        assert!(MetadataValue::try_from("v".repeat(MAX_METADATA_VALUE_BYTES)).is_ok());
        let long = "v".repeat(MAX_METADATA_VALUE_BYTES + 1);
        assert_eq!(MetadataValue::try_from(long), Err(MetadataError::TooLong(MAX_METADATA_VALUE_BYTES + 1)));
        assert_eq!(MetadataValue::try_from(""), Err(MetadataError::Empty));
        for text in ["a\0", "a\n", "\r"] {
            assert_eq!(MetadataValue::try_from(text), Err(MetadataError::Control));
        }
    }
}
