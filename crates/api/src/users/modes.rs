//! What people have set about themselves: IRC's modes of users, by name.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Modes of a person. They hold for all of their connections, and an account keeps them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct UserModes {
    /// `B`: a program.
    pub bot: bool,
    /// `i`: not found by those who share no channel with them.
    pub invisible: bool,
    /// `R`: takes direct messages from people with an account only.
    pub registered_only: bool,
    /// `w`: reads what operators tell everybody.
    pub wallops: bool,
}

/// What to change of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PatchUserModes {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bot: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invisible: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registered_only: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wallops: Option<bool>,
}

impl UserModes {
    /// Letters in the order in which they are shown.
    pub const LETTERS: [char; 4] = ['B', 'R', 'i', 'w'];

    /// Those that are set: `Bi`.
    pub fn letters(self) -> String {
        Self::LETTERS.into_iter().filter(|&letter| self.has(letter)).collect()
    }

    /// Letters that are not known here are left out.
    pub fn of(letters: &str) -> Self {
        let mut modes = Self::default();
        for letter in letters.chars() {
            if let Some(mode) = modes.field(letter) {
                *mode = true;
            }
        }
        modes
    }

    #[must_use]
    pub fn patched(self, patch: PatchUserModes) -> Self {
        let PatchUserModes { bot, invisible, registered_only, wallops } = patch;
        Self {
            bot: bot.unwrap_or(self.bot),
            invisible: invisible.unwrap_or(self.invisible),
            registered_only: registered_only.unwrap_or(self.registered_only),
            wallops: wallops.unwrap_or(self.wallops),
        }
    }

    pub fn has(mut self, letter: char) -> bool {
        self.field(letter).is_some_and(|mode| *mode)
    }

    fn field(&mut self, letter: char) -> Option<&mut bool> {
        match letter {
            'B' => Some(&mut self.bot),
            'i' => Some(&mut self.invisible),
            'R' => Some(&mut self.registered_only),
            'w' => Some(&mut self.wallops),
            _ => None,
        }
    }
}

impl PatchUserModes {
    /// Sets or unsets the mode of a letter; false if there is none.
    pub fn set(&mut self, letter: char, set: bool) -> bool {
        let mode = match letter {
            'B' => &mut self.bot,
            'i' => &mut self.invisible,
            'R' => &mut self.registered_only,
            'w' => &mut self.wallops,
            _ => return false,
        };
        *mode = Some(set);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_is_a_mode_that_is_set_and_unset() {
        for letter in UserModes::LETTERS {
            let modes = UserModes::of(&letter.to_string());
            assert_eq!(modes.letters(), letter.to_string());
            let mut patch = PatchUserModes::default();
            assert!(patch.set(letter, false));
            assert_eq!(modes.patched(patch), UserModes::default());
        }
        assert_eq!(UserModes::of("wxiRB").letters(), "BRiw");
        assert!(!PatchUserModes::default().set('x', true));
    }
}
