//! What somebody at a terminal believes about a channel, from what the terminal has shown and nothing else.

use std::collections::BTreeMap;

use e2e::Heard;

/// Nick → highest role.
pub type Members = BTreeMap<String, String>;

/// Channel → who is in it, as far as one has seen. A channel that one is not in is not there.
#[derive(Debug, Default)]
pub struct Views {
    channels: BTreeMap<String, Members>,
    /// Joined, but not told the names yet, or left without an answer: somebody unknown may be heard of.
    pub unsure: bool,
}

impl Views {
    pub fn of(&self, channel: &str) -> Option<&Members> {
        self.channels.get(channel)
    }

    /// Starts from the reply to `/names`.
    pub fn enters(&mut self, channel: &str, names: &[Heard]) {
        let members = names.iter().filter(|heard| heard.raw.starts_with("200-name ")).map(|heard| {
            let line = heard.line();
            let role = line.words.get(2).cloned().unwrap_or_default();
            (line.words[1].clone(), role)
        });
        self.channels.insert(channel.to_owned(), members.collect());
    }

    pub fn leaves(&mut self, channel: &str) {
        self.channels.remove(channel);
    }

    pub fn lacks(&mut self, channel: &str, nick: &str) {
        if let Some(members) = self.channels.get_mut(channel) {
            members.remove(nick);
        }
    }

    pub fn renamed(&mut self, old: &str, new: &str) {
        for members in self.channels.values_mut() {
            if let Some(role) = members.remove(old) {
                members.insert(new.to_owned(), role);
            }
        }
    }

    pub fn has_role(&mut self, channel: &str, nick: &str, role: &str) {
        if let Some(held) = self.channels.get_mut(channel).and_then(|members| members.get_mut(nick)) {
            role.clone_into(held);
        }
    }

    /// Applies an event; true if it says that `me` was kicked. An error if it cannot follow on what came before.
    pub fn apply(&mut self, heard: &Heard, me: &str) -> Result<bool, String> {
        let line = heard.line();
        let word = |index: usize| line.words.get(index).map_or("", String::as_str);
        match line.word() {
            "join" => {
                if let Some(members) = self.channels.get_mut(word(1)) {
                    let held = members.insert(word(2).to_owned(), "member".into());
                    if held.is_some() {
                        return Err(format!("{} joins twice: {}", word(2), heard.raw));
                    }
                }
            }
            "part" => self.goes(word(1), word(2), &heard.raw)?,
            "quit" => {
                let mut shared = 0;
                for members in self.channels.values_mut() {
                    shared += usize::from(members.remove(word(1)).is_some());
                }
                if shared == 0 && !self.unsure {
                    return Err(format!("somebody unknown quits: {}", heard.raw));
                }
            }
            "kick" if word(3) == me => {
                self.leaves(word(1));
                return Ok(true);
            }
            "kick" => self.goes(word(1), word(3), &heard.raw)?,
            "nick" => {
                let known = self.channels.values().any(|members| members.contains_key(word(1)));
                if !known && !self.unsure {
                    return Err(format!("somebody unknown is renamed: {}", heard.raw));
                }
                let (old, new) = (word(1).to_owned(), word(2).to_owned());
                self.renamed(&old, &new);
            }
            "mode" => match word(3) {
                "+o" => self.has_role(word(1), word(4), "op"),
                "-o" => self.has_role(word(1), word(4), "member"),
                _ => {}
            },
            _ => {}
        }
        Ok(false)
    }

    fn goes(&mut self, channel: &str, nick: &str, raw: &str) -> Result<(), String> {
        let Some(members) = self.channels.get_mut(channel) else { return Ok(()) };
        match members.remove(nick) {
            Some(_) => Ok(()),
            None => Err(format!("somebody who is not there goes: {raw}")),
        }
    }
}
