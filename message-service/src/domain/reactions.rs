//! What is an emoji, and which reactions stand under a message.

use std::{
    collections::{BTreeMap, HashMap},
    iter::Peekable,
    str::Chars,
};

use api::{
    Person,
    id::UserId,
    messages::{MAX_REACTION_USERS, Reaction},
};

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

/// A reaction, or one taken back, as it was stored.
#[derive(Debug, Clone)]
pub struct Given {
    pub seq: u64,
    pub by: Person,
    pub emoji: String,
    pub back: bool,
}

/// What is left of them, each emoji with the seq of the first reaction that stands, in that order.
pub fn standing(given: impl IntoIterator<Item = Given>) -> Vec<(u64, Reaction)> {
    let mut latest: HashMap<(String, UserId), u64> = HashMap::new();
    let mut stand = BTreeMap::new();
    for given in given {
        let before = latest.insert((given.emoji.clone(), given.by.id.clone()), given.seq);
        if let Some(seq) = before {
            stand.remove(&seq);
        }
        if !given.back {
            stand.insert(given.seq, given);
        }
    }
    let mut at: HashMap<String, usize> = HashMap::new();
    let mut all: Vec<(u64, Reaction)> = Vec::new();
    for (seq, Given { emoji, by, .. }) in stand {
        let index = *at.entry(emoji.clone()).or_insert_with(|| {
            all.push((seq, Reaction { emoji, count: 0, users: Vec::new() }));
            all.len() - 1
        });
        let (_, reaction) = &mut all[index];
        reaction.count += 1;
        if reaction.users.len() < MAX_REACTION_USERS {
            reaction.users.push(by);
        }
    }
    all
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

    fn given(seq: u64, by: &str, emoji: &str, back: bool) -> Given {
        let by = Person {
            id: format!("1{by}").try_into().unwrap(),
            nick: format!("n{by}").as_str().try_into().unwrap(),
            user_version: 1,
        };
        Given { seq, by, emoji: emoji.into(), back }
    }

    #[test]
    fn what_was_taken_back_is_not_counted() {
        let all = standing([
            given(2, "bob", "👍", false),
            given(3, "alice", "👎", false),
            given(4, "alice", "👍", false),
            given(5, "bob", "👍", true),
            given(6, "eve", "☕", false),
            given(7, "eve", "☕", true),
            given(8, "bob", "👍", false),
        ]);
        let seen: Vec<_> = all
            .iter()
            .map(|(seq, reaction)| {
                let users: Vec<_> = reaction.users.iter().map(|user| user.nick.as_str()).collect();
                (*seq, reaction.emoji.as_str(), reaction.count, users)
            })
            .collect();
        assert_eq!(seen, [(3, "👎", 1, vec!["nalice"]), (4, "👍", 2, vec!["nalice", "nbob"])]);
    }

    #[test]
    fn all_are_counted_and_the_first_are_named() {
        for (number, named) in
            [(MAX_REACTION_USERS, MAX_REACTION_USERS), (MAX_REACTION_USERS + 1, MAX_REACTION_USERS)]
        {
            let all = standing((0..number).map(|n| given(n as u64, &n.to_string(), "👍", false)));
            assert_eq!((all[0].1.count, all[0].1.users.len()), (number as u64, named));
        }
    }
}
