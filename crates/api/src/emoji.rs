//! What a reaction is.

use std::{iter::Peekable, str::Chars};

const JOINER: char = '\u{200d}';
const AS_TEXT: char = '\u{fe0e}';
const AS_EMOJI: char = '\u{fe0f}';
const KEYCAP: char = '\u{20e3}';

/// One emoji as UTS #51 builds them: signs with their modifiers, joined to one; a flag; a keycap. New ones lie in the blocks that are
/// set aside for them, so that no table has to be kept.
pub fn is_emoji(text: &str) -> bool {
    let mut chars = text.chars().peekable();
    while sign(&mut chars) {
        match chars.next() {
            None => return true,
            Some(JOINER) => {}
            Some(_) => return false,
        }
    }
    false
}

fn sign(chars: &mut Peekable<Chars<'_>>) -> bool {
    let begins = match chars.next() {
        Some('0'..='9' | '#' | '*') => {
            chars.next_if_eq(&AS_EMOJI);
            chars.next_if_eq(&KEYCAP).is_some()
        }
        Some(c) if is_regional(c) => chars.next_if(|&c| is_regional(c)).is_some(),
        Some(c) => is_pictograph(c),
        None => false,
    };
    while chars.next_if(|&c| is_modifier(c)).is_some() {}
    begins
}

fn is_regional(c: char) -> bool {
    matches!(c, '\u{1f1e6}'..='\u{1f1ff}')
}

fn is_modifier(c: char) -> bool {
    // Presentations, skin tones, and the tags of the flags of England, Scotland and Wales.
    matches!(c, AS_TEXT | AS_EMOJI | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0020}'..='\u{e007f}')
}

fn is_pictograph(c: char) -> bool {
    matches!(c, '©' | '®' | '‼' | '⁉' | '™' | 'ℹ' | 'Ⓜ' | '〰' | '〽' | '㊗' | '㊙'
        | '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}' | '\u{25a0}'..='\u{27bf}'
        | '\u{2900}'..='\u{297f}' | '\u{2b00}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emoji_is_told_from_a_word() {
        for emoji in [
            "👍",
            "👍🏽",
            "❤️",
            "❤",
            "🇫🇷",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "👩🏽‍🚀",
            "👨‍👩‍👧‍👦",
            "1️⃣",
            "#⃣",
            "🏳️‍🌈",
            "❤️‍🔥",
            "☕",
            "✅",
            "➕",
            "⭐",
            "↩️",
            "Ⓜ️",
            "🅰",
            "©",
            "ℹ️",
            "🫠",
        ] {
            assert!(is_emoji(emoji), "{emoji}");
        }
        for other in [
            "",
            "abc",
            "a",
            "é",
            "日本",
            "1",
            "12",
            "+1",
            ":)",
            "👍👍",
            "👍a",
            "a👍",
            "🇫",
            "🇫🇷🇩",
            "\u{200d}",
            "👍\u{200d}",
            "\u{fe0f}",
            "\u{200d}👍",
            "👍 ",
            "\u{202e}",
            "1\u{fe0f}",
            "\u{20e3}",
            "\u{0}",
        ] {
            assert!(!is_emoji(other), "{other:?}");
        }
    }
}
