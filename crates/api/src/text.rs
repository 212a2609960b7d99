//! Text that is safe to store: whatever door it came in by, one event can never become a second protocol line.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{ErrorCode, FieldError, Problem};

/// Bytes of a message's text.
pub const MAX_MESSAGE_BYTES: usize = 4096;
/// Lines of a message's text: each becomes a line of the protocol, and a frame must stay bounded.
pub const MAX_MESSAGE_LINES: usize = 100;
/// Bytes of a one-line text: topics, reasons, away texts, labels. An IRC line carries it whole.
pub const MAX_LINE_BYTES: usize = 390;

/// Why a text is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    #[error("the text is empty")]
    Empty,
    #[error("the text has {0} bytes, {1} are allowed")]
    TooLong(usize, usize),
    #[error("the text has more than {MAX_MESSAGE_LINES} lines")]
    TooManyLines,
    #[error("the text holds a NUL or a carriage return")]
    Control,
    #[error("the text holds a line feed")]
    LineFeed,
}

impl TextError {
    pub fn code(self) -> ErrorCode {
        match self {
            Self::TooLong(..) => ErrorCode::TextTooLong,
            Self::Empty | Self::TooManyLines | Self::Control | Self::LineFeed => ErrorCode::InvalidText,
        }
    }

    /// The problem as it is answered, pointing at the field of the body that holds the text.
    pub fn problem(self, pointer: &str) -> Problem {
        let mut problem = Problem::new(self.code()).detail(self.to_string());
        problem.errors.push(FieldError { pointer: pointer.to_owned(), detail: self.to_string() });
        problem
    }
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident: $check:expr;)*) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schema(value_type = String)]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = TextError;
            fn try_from(text: String) -> Result<Self, TextError> {
                let check: fn(&str) -> Result<(), TextError> = $check;
                check(&text)?;
                Ok(Self(text))
            }
        }

        impl TryFrom<&str> for $name {
            type Error = TextError;
            fn try_from(text: &str) -> Result<Self, TextError> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> String {
                text.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )* };
}

texts! {
    /// A message's text: 1 to 4,096 bytes, at most 100 lines, no NUL and no CR.
    MessageText: |text| {
        controls(text)?;
        if text.is_empty() {
            return Err(TextError::Empty);
        }
        if text.len() > MAX_MESSAGE_BYTES {
            return Err(TextError::TooLong(text.len(), MAX_MESSAGE_BYTES));
        }
        if text.bytes().filter(|&b| b == b'\n').count() >= MAX_MESSAGE_LINES {
            return Err(TextError::TooManyLines);
        }
        Ok(())
    };
    /// A topic, reason, away text or label: one line of at most 390 bytes, no NUL, CR or LF. May be empty.
    LineText: |text| {
        controls(text)?;
        if text.len() > MAX_LINE_BYTES {
            return Err(TextError::TooLong(text.len(), MAX_LINE_BYTES));
        }
        if text.contains('\n') {
            return Err(TextError::LineFeed);
        }
        Ok(())
    };
}

fn controls(text: &str) -> Result<(), TextError> {
    if text.bytes().any(|b| b == 0 || b == b'\r') { Err(TextError::Control) } else { Ok(()) }
}
