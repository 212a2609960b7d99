//! Names that cannot be wrong: parsed once at the edge, compared by their keys everywhere else.
//!
//! Case is folded by Unicode's default case folding, spelling by NFC, look-alikes by the skeletons of UTS 39.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};
use unicode_security::{GeneralSecurityProfile, MixedScript, skeleton};
use utoipa::ToSchema;

/// Characters of a nick or an account name.
pub const MAX_NICK_CHARS: usize = 32;
/// Bytes of a channel's name, its `#` included.
pub const MAX_CHANNEL_BYTES: usize = 64;

/// What RFC 2812 allows in a nick beside letters and digits.
const NICK_SPECIALS: &str = "-_[]{}\\|^`";

/// Why a name is refused; the text says what would be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("the name is empty")]
    Empty,
    #[error("a name has at most {MAX_NICK_CHARS} characters")]
    TooLong,
    #[error("a name begins with a letter or one of _[]{{}}\\|^`")]
    Start,
    #[error("a name is letters and digits of any script and -_[]{{}}\\|^`")]
    Character,
    #[error("a name keeps to one script, or to scripts that are written together")]
    MixedScripts,
    #[error("me, . and .. are not names")]
    Reserved,
    #[error("a channel's name begins with #")]
    NoHash,
    #[error("a channel's name has at most {MAX_CHANNEL_BYTES} bytes")]
    ChannelTooLong,
    #[error("a channel's name is visible characters without commas")]
    ChannelCharacter,
}

/// Two names with the same key are the same name: NFC, case folded, NFC again (folding can undo it).
fn fold(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    caseless::default_case_fold_str(&name.nfd().collect::<String>()).nfc().collect()
}

/// Two names with the same skeleton look the same. ASCII stands for itself, in other scripts' names too: in it `rn` and `m`, `1` and
/// `l` are told apart by everyone who types them, and `user1` must not take `userl` away.
fn look(name: &str) -> String {
    let key = fold(name);
    if key.is_ascii() {
        return key;
    }
    let mut look = String::with_capacity(key.len());
    let mut foreign = String::new();
    for c in key.nfd() {
        if c.is_ascii() {
            look.extend(skeleton(&std::mem::take(&mut foreign)));
            look.push(c);
        } else {
            foreign.push(c);
        }
    }
    look.extend(skeleton(&foreign));
    fold(&look)
}

fn nick(text: &str) -> Result<String, NameError> {
    if is_plain(text) { Ok(text.to_owned()) } else { nick_of_any_script(text) }
}

fn nick_of_any_script(text: &str) -> Result<String, NameError> {
    let name: String = text.nfc().collect();
    let first = name.chars().next().ok_or(NameError::Empty)?;
    if name.chars().count() > MAX_NICK_CHARS {
        return Err(NameError::TooLong);
    }
    for c in name.chars() {
        let letter = match c.general_category_group() {
            GeneralCategoryGroup::Letter | GeneralCategoryGroup::Number => {
                GeneralSecurityProfile::identifier_allowed(c)
            }
            // Vowel signs and the like: part of letters in many scripts.
            GeneralCategoryGroup::Mark => GeneralSecurityProfile::identifier_allowed(c),
            _ => NICK_SPECIALS.contains(c),
        };
        if !letter {
            return Err(NameError::Character);
        }
    }
    if first == '-'
        || matches!(first.general_category_group(), GeneralCategoryGroup::Number | GeneralCategoryGroup::Mark)
    {
        return Err(NameError::Start);
    }
    if !name.as_str().is_single_script() {
        return Err(NameError::MixedScripts);
    }
    if fold(&name) == "me" {
        return Err(NameError::Reserved);
    }
    Ok(name)
}

/// The usual nick, which needs none of Unicode's tables: every message that is sent carries one or two.
fn is_plain(text: &str) -> bool {
    let special = |byte: u8| NICK_SPECIALS.as_bytes().contains(&byte);
    let first = text
        .as_bytes()
        .first()
        .is_some_and(|&byte| byte.is_ascii_alphabetic() || (special(byte) && byte != b'-'));
    first
        && text.len() <= MAX_NICK_CHARS
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || special(byte))
        && !text.eq_ignore_ascii_case("me")
}

fn channel(text: &str) -> Result<String, NameError> {
    let name: String = text.nfc().collect();
    let rest = name.strip_prefix('#').ok_or(NameError::NoHash)?;
    if rest.is_empty() {
        return Err(NameError::Empty);
    }
    if name.len() > MAX_CHANNEL_BYTES {
        return Err(NameError::ChannelTooLong);
    }
    // An emoji may say that it is one.
    let shown = rest.strip_prefix('\u{fe0f}').is_none().then(|| rest.chars().filter(|&c| c != '\u{fe0f}'));
    if !shown.is_some_and(|mut shown| shown.all(|c| c != ',' && is_visible(c))) {
        return Err(NameError::ChannelCharacter);
    }
    // In a path the first # is left out, and what is left must not be one of these, nor begin like an id.
    if rest == "." || rest == ".." || fold(rest) == "me" || rest.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(NameError::Reserved);
    }
    Ok(name)
}

/// Neither a space nor one of those that show nothing, whatever their category says (Unicode's Default_Ignorable_Code_Point, and
/// the Braille pattern without dots).
pub(crate) fn is_visible(c: char) -> bool {
    let group = c.general_category_group();
    !matches!(group, GeneralCategoryGroup::Other | GeneralCategoryGroup::Separator)
        && !matches!(c,
            '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident: $parse:ident;)*) => { $(
        $(#[$doc])*
        #[derive(Clone, Serialize, Deserialize, ToSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schema(value_type = String)]
        pub struct $name(String);

        impl $name {
            /// As it is shown.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// As it is compared: equal names have equal keys.
            pub fn key(&self) -> String {
                fold(&self.0)
            }

            /// As it looks (UTS 39): names that look alike have equal skeletons.
            pub fn skeleton(&self) -> String {
                look(&self.0)
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.0 == other.0 || self.key() == other.key()
            }
        }

        impl Eq for $name {}

        impl std::hash::Hash for $name {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                self.key().hash(state);
            }
        }

        impl TryFrom<&str> for $name {
            type Error = NameError;
            fn try_from(text: &str) -> Result<Self, NameError> {
                $parse(text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::try_from(&*text)
            }
        }

        impl std::str::FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::try_from(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
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

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )* };
}

names! {
    /// What a person is called now: at most 32 letters and digits of any script and ``-_[]{}\|^` ``.
    Nick: nick;
    /// What a person logs in with: the same rules as a nick.
    AccountName: nick;
    /// `#` and visible characters but the comma, at most 64 bytes.
    ChannelName: channel;
}

impl From<AccountName> for Nick {
    fn from(name: AccountName) -> Self {
        Self(name.0)
    }
}

impl ChannelName {
    /// From a path, where the first `#` is left out (`general`, or `%23rust` for `##rust`).
    pub fn from_path(segment: &str) -> Result<Self, NameError> {
        Self::try_from(format!("#{segment}"))
    }

    /// For a path: without its first `#`, not yet percent-encoded.
    pub fn path_segment(&self) -> &str {
        &self.0[1..]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_plain_nick_is_one_by_all_the_rules(text in "[!-~]{0,34}|[a-zA-Z_-][a-zA-Z0-9_-]{0,33}|[mM][eE]") {
            let by_all_rules = nick_of_any_script(&text);
            prop_assert_eq!(is_plain(&text), by_all_rules.is_ok(), "{} {:?}", text, by_all_rules);
        }
    }
}
