//! Masks of ban, except and invite lists: whom they match, by a pure function.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Actor;

/// Bytes of a mask: nick, user and host at their longest, and room for wildcards.
pub const MAX_MASK_BYTES: usize = 200;

/// The text was not a mask.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a mask is nick!user@host with * and ?, or ~account:name, or ~m: and one of these, in at most {MAX_MASK_BYTES} bytes without spaces"
)]
pub struct MaskError;

/// `nick!user@host` with `*` and `?`, or `~account:name` (also with wildcards); missing parts are filled in with `*`. With `~m:` before
/// it, it keeps nobody out: it keeps them from speaking.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "*!*@3f2a91bc.cloak")]
pub struct Mask(String);

/// Account masks begin with it; `~a:` is read as the same.
const ACCOUNT: &str = "~account:";
/// Masks of who is not to speak begin with it; `~mute:` is read as the same.
const MUTE: &str = "~m:";

impl Mask {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As it is compared: equal masks have equal keys.
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }

    /// Whether it is about who comes in. One that mutes is not.
    pub fn matches(&self, actor: &Actor) -> bool {
        self.matches_mask(&actor.hostmask(), actor.account.as_ref().map(AsRef::as_ref))
    }

    /// Whether it keeps people from speaking rather than out.
    pub fn is_mute(&self) -> bool {
        self.0.starts_with(MUTE)
    }

    /// Whether it keeps somebody from speaking, or, among exceptions, lets them.
    pub fn mutes(&self, actor: &Actor) -> bool {
        let about = |mask: &str| {
            Self(mask.to_owned()).matches_mask(&actor.hostmask(), actor.account.as_ref().map(AsRef::as_ref))
        };
        self.0.strip_prefix(MUTE).is_some_and(about)
    }

    /// Whether it matches someone shown as `hostmask` who is logged in to `account`.
    pub fn matches_mask(&self, hostmask: &str, account: Option<&str>) -> bool {
        if self.is_mute() {
            return false;
        }
        match self.0.strip_prefix(ACCOUNT) {
            Some(pattern) => account.is_some_and(|name| glob(pattern, name)),
            None => glob(&self.0, hostmask),
        }
    }
}

/// Whether `text` matches `pattern`, where `*` stands for any characters and `?` for one, case folded. Linear in practice and
/// never worse than pattern × text: it goes back to the last `*` only.
pub fn glob(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = caseless::default_case_fold_str(pattern).chars().collect();
    let text: Vec<char> = caseless::default_case_fold_str(text).chars().collect();
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if p < pattern.len() && pattern[p] == '*' {
            star = Some((p, t));
            p += 1;
        } else if p < pattern.len() && (pattern[p] == '?' || pattern[p] == text[t]) {
            p += 1;
            t += 1;
        } else if let Some((star_p, star_t)) = star {
            p = star_p + 1;
            t = star_t + 1;
            star = Some((star_p, star_t + 1));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

impl TryFrom<&str> for Mask {
    type Error = MaskError;
    fn try_from(text: &str) -> Result<Self, MaskError> {
        if text.is_empty() || text.len() > MAX_MASK_BYTES || !text.chars().all(crate::name::is_visible) {
            return Err(MaskError);
        }
        if let Some(rest) = text.strip_prefix('~') {
            let (kind, name) = rest.split_once(':').ok_or(MaskError)?;
            if matches!(kind, "m" | "mute") {
                let muted = Self::try_from(name)?;
                let whole = format!("{MUTE}{muted}");
                let fits = whole.len() <= MAX_MASK_BYTES && !muted.0.starts_with(MUTE);
                return if fits { Ok(Self(whole)) } else { Err(MaskError) };
            }
            if !matches!(kind, "account" | "a") || name.is_empty() {
                return Err(MaskError);
            }
            return Ok(Self(format!("{ACCOUNT}{name}")));
        }
        // RFC 2812 clients send any part alone: bob, bob!b, @host, b@host.
        let or_any = |part: &str| if part.is_empty() { "*".to_owned() } else { part.to_owned() };
        let (nick, user, host) = match (text.split_once('!'), text.split_once('@')) {
            (Some((nick, rest)), _) => match rest.split_once('@') {
                Some((user, host)) => (nick, user, host),
                None => (nick, rest, "*"),
            },
            (None, Some((user, host))) => ("*", user, host),
            (None, None) => (text, "*", "*"),
        };
        Ok(Self(format!("{}!{}@{}", or_any(nick), or_any(user), or_any(host))))
    }
}

impl TryFrom<String> for Mask {
    type Error = MaskError;
    fn try_from(text: String) -> Result<Self, MaskError> {
        Self::try_from(&*text)
    }
}

impl From<Mask> for String {
    fn from(mask: Mask) -> String {
        mask.0
    }
}

impl fmt::Display for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_are_missing_match_anything() {
        for (written, whole) in [
            ("bob", "bob!*@*"),
            ("bob!b", "bob!b@*"),
            ("b@host", "*!b@host"),
            ("@host", "*!*@host"),
            ("*!*@h", "*!*@h"),
            ("~a:alice", "~account:alice"),
            ("~m:bob", "~m:bob!*@*"),
            ("~mute:~a:bob", "~m:~account:bob"),
        ] {
            assert_eq!(Mask::try_from(written).unwrap().as_str(), whole);
        }
        for wrong in ["", "a b", "~x:alice", "~account:", "~alice", "a\nb", "~m:", "~m:~m:bob"] {
            assert_eq!(Mask::try_from(wrong), Err(MaskError), "{wrong:?}");
        }
    }

    #[test]
    fn who_is_muted_comes_in_and_does_not_speak() {
        let actor = |nick: &str, account: Option<&str>| Actor {
            person: crate::Person {
                id: "9bob".try_into().unwrap(),
                nick: nick.try_into().unwrap(),
                user_version: 1,
            },
            account: account.map(|name| name.try_into().unwrap()),
            session: None,
            scopes: crate::auth::Scopes::ordinary(),
            username: "~b".to_owned(),
            host: "h".to_owned(),
            since: 0,
        };
        let mask = |text: &str| Mask::try_from(text).unwrap();
        let bob = actor("bob", Some("robert"));
        for (written, comes, speaks) in [
            ("~m:bob", true, false),
            ("~m:*!~b@*", true, false),
            ("~m:~a:robert", true, false),
            ("~m:alice", true, true),
            ("bob", false, true),
        ] {
            let mask = mask(written);
            assert_eq!((!mask.matches(&bob), !mask.mutes(&bob)), (comes, speaks), "{written}");
        }
    }

    #[test]
    fn stars_and_question_marks_match_without_regard_to_case() {
        for (pattern, text, yes) in [
            ("*!*@*", "bob!b@h", true),
            ("B?b!*@*", "bob!b@h", true),
            ("bob!*@*.example", "bob!b@a.example", true),
            ("bob!*@*.example", "bob!b@example", false),
            ("*a*b*c*", "xxaxxbxxcxx", true),
            ("*a*b*c", "xxaxxbxxcxx", false),
            ("ÉLO*", "éloïse", true),
            ("", "", true),
            ("?", "", false),
        ] {
            assert_eq!(glob(pattern, text), yes, "{pattern} {text}");
        }
    }
}
