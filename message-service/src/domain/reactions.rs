//! Which reactions stand under a message.

use std::collections::{BTreeMap, HashMap};

use api::{
    Person,
    id::UserId,
    messages::{MAX_REACTION_USERS, Reaction},
};

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
