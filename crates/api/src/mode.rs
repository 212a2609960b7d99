//! Roles and modes of channels, as every door writes them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a member may be, highest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Founder,
    Admin,
    Op,
    HalfOp,
    Voice,
}

impl Role {
    pub const ALL: [Self; 5] = [Self::Founder, Self::Admin, Self::Op, Self::HalfOp, Self::Voice];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Founder => "founder",
            Self::Admin => "admin",
            Self::Op => "op",
            Self::HalfOp => "halfop",
            Self::Voice => "voice",
        }
    }

    /// The mode letter of IRC: `qaohv`.
    pub const fn letter(self) -> char {
        match self {
            Self::Founder => 'q',
            Self::Admin => 'a',
            Self::Op => 'o',
            Self::HalfOp => 'h',
            Self::Voice => 'v',
        }
    }

    /// The prefix of IRC: `~&@%+`.
    pub const fn prefix(self) -> char {
        match self {
            Self::Founder => '~',
            Self::Admin => '&',
            Self::Op => '@',
            Self::HalfOp => '%',
            Self::Voice => '+',
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = ();
    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|role| role.as_str() == word).ok_or(())
    }
}

/// A set of roles; on the wire a list, highest first. Roles not known here are left out.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(from = "Vec<String>", into = "Vec<Role>")]
#[schema(value_type = Vec<Role>)]
pub struct Roles(u8);

impl Roles {
    pub const NONE: Self = Self(0);

    pub fn contains(self, role: Role) -> bool {
        self.0 & (1 << role as u8) != 0
    }

    #[must_use]
    pub fn with(self, role: Role) -> Self {
        Self(self.0 | 1 << role as u8)
    }

    #[must_use]
    pub fn without(self, role: Role) -> Self {
        Self(self.0 & !(1 << role as u8))
    }

    pub fn highest(self) -> Option<Role> {
        self.iter().next()
    }

    /// Has `role` or one above it.
    pub fn at_least(self, role: Role) -> bool {
        self.highest().is_some_and(|highest| highest <= role)
    }

    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |&role| self.contains(role))
    }

    /// As small integer for a database column; [`Roles::from_bits`] reads it back.
    pub fn bits(self) -> i16 {
        i16::from(self.0)
    }

    pub fn from_bits(bits: i16) -> Self {
        Self((bits & 0b1_1111) as u8)
    }
}

impl From<Vec<String>> for Roles {
    fn from(words: Vec<String>) -> Self {
        words.iter().filter_map(|word| word.parse().ok()).collect()
    }
}

impl From<Roles> for Vec<Role> {
    fn from(roles: Roles) -> Self {
        roles.iter().collect()
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<T: IntoIterator<Item = Role>>(roles: T) -> Self {
        roles.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// A channel's modes. `key` is shown to its operators and to services only; for others `keyed` says that there is one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Modes {
    /// `C`: nothing that only clients understand (CTCP) is said, but actions.
    pub no_ctcp: bool,
    /// `i`: join by invitation only.
    pub invite_only: bool,
    /// `m`: only voices and above speak.
    pub moderated: bool,
    /// `n`: only members speak.
    pub no_external: bool,
    /// `t`: only half-operators and above set the topic.
    pub topic_locked: bool,
    /// `s`: does not exist for others.
    pub secret: bool,
    /// `r`: only people with an account join.
    pub registered_only: bool,
    /// `k`: join by key only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    pub keyed: bool,
    /// `l`: most members.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `w`: seconds between two messages of one member below half-operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow_seconds: Option<u32>,
}

/// Bytes of a channel's key.
pub const MAX_KEY_BYTES: usize = 32;

/// One change of the modes, as letters show it: `+i`, `-k`, `+l 10`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ModeChange {
    pub set: bool,
    #[schema(value_type = String, example = "l")]
    pub letter: char,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// What `PATCH …/modes` changes: absent fields stay; `null` takes key, limit and slow mode away.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModesPatch {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_ctcp: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invite_only: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moderated: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_external: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic_locked: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registered_only: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub key: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[schema(value_type = Option<u32>)]
    pub limit: Option<Option<u32>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[schema(value_type = Option<u32>)]
    pub slow_seconds: Option<Option<u32>>,
}

/// Tells a field that is there and `null` from one that is absent.
fn present<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl Modes {
    /// Letters that stand for a switch, with the switch.
    fn flags(&self) -> [(char, bool); 7] {
        [
            ('C', self.no_ctcp),
            ('i', self.invite_only),
            ('m', self.moderated),
            ('n', self.no_external),
            ('r', self.registered_only),
            ('s', self.secret),
            ('t', self.topic_locked),
        ]
    }

    /// As one word and its parameters: `+ntkl secret 10`. The key is left out for those who may not see it.
    pub fn letters(&self) -> String {
        let mut word = String::from("+");
        word.extend(self.flags().into_iter().filter(|(_, on)| *on).map(|(letter, _)| letter));
        let mut values = String::new();
        if self.keyed {
            word.push('k');
            values.extend(self.key.iter().map(|key| format!(" {key}")));
        }
        for (letter, value) in [('l', self.limit), ('w', self.slow_seconds)] {
            if let Some(value) = value {
                word.push(letter);
                values.push_str(&format!(" {value}"));
            }
        }
        word + &values
    }

    /// What differs in `after`, one change each.
    pub fn changes(&self, after: &Self) -> Vec<ModeChange> {
        let mut changes = Vec::new();
        for ((letter, before), (_, now)) in self.flags().into_iter().zip(after.flags()) {
            if before != now {
                changes.push(ModeChange { set: now, letter, value: None });
            }
        }
        if self.key != after.key {
            changes.push(ModeChange { set: after.key.is_some(), letter: 'k', value: None });
        }
        for (letter, before, now) in
            [('l', self.limit, after.limit), ('w', self.slow_seconds, after.slow_seconds)]
        {
            if before != now {
                changes.push(ModeChange {
                    set: now.is_some(),
                    letter,
                    value: now.map(|value| value.to_string()),
                });
            }
        }
        changes
    }

    #[must_use]
    pub fn patched(&self, patch: &ModesPatch) -> Self {
        let key = patch.key.clone().unwrap_or_else(|| self.key.clone());
        Self {
            no_ctcp: patch.no_ctcp.unwrap_or(self.no_ctcp),
            invite_only: patch.invite_only.unwrap_or(self.invite_only),
            moderated: patch.moderated.unwrap_or(self.moderated),
            no_external: patch.no_external.unwrap_or(self.no_external),
            topic_locked: patch.topic_locked.unwrap_or(self.topic_locked),
            secret: patch.secret.unwrap_or(self.secret),
            registered_only: patch.registered_only.unwrap_or(self.registered_only),
            keyed: key.is_some(),
            key,
            limit: patch.limit.unwrap_or(self.limit),
            slow_seconds: patch.slow_seconds.unwrap_or(self.slow_seconds),
        }
    }

    /// For those who may not see the key.
    #[must_use]
    pub fn without_key(mut self) -> Self {
        self.key = None;
        self
    }
}
