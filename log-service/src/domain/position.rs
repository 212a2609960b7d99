use std::{fmt, str::FromStr};

use api::Timestamp;

/// A place in the list, newest first. Records are ordered by their time, and those of one moment by id: the order of two
/// never changes, so that a page goes on where the last one ended whatever was stored meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub at: Timestamp,
    pub id: i64,
}

impl Position {
    /// Above all records before that moment, below all others.
    pub fn before(moment: Timestamp) -> Self {
        Self { at: moment, id: 0 }
    }
}

/// The text was not made by us.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is no cursor of this list")]
pub struct NotAPosition;

/// What clients hold as a cursor. They must not read it.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:016x}", self.at.0, self.id)
    }
}

impl FromStr for Position {
    type Err = NotAPosition;

    fn from_str(text: &str) -> Result<Self, NotAPosition> {
        let number = |digits: &str| {
            let hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
            hex.then(|| u64::from_str_radix(digits, 16).ok()).flatten().map(u64::cast_signed)
        };
        let halves = (text.len() == 32).then(|| text.split_at_checked(16)).flatten();
        let (at, id) = halves.ok_or(NotAPosition)?;
        match (number(at), number(id)) {
            (Some(at), Some(id)) if id >= 0 => Ok(Self { at: Timestamp(at), id }),
            _ => Err(NotAPosition),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_comes_back_as_it_went(at: i64, id in 0..i64::MAX) {
            let position = Position { at: Timestamp(at), id };
            prop_assert_eq!(position.to_string().parse(), Ok(position));
        }

        #[test]
        fn any_other_text_is_refused_without_a_panic(text in ".{0,40}") {
            if let Ok(position) = text.parse::<Position>() {
                prop_assert_eq!(position.to_string(), text.to_ascii_lowercase());
            }
        }
    }
}
