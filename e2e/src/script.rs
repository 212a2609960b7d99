//! Conversations written down as docs/line-protocol.md writes them, and played against a town.

use std::collections::BTreeMap;

use crate::{line::Line, names::fresh, pattern::Pattern, town::Town};

/// Lines `alice> typed` and `alice< seen`; a connection is opened when its name first comes up, its greeting not shown. It gets
/// exactly the lines shown, in the order shown.
#[derive(Debug, Clone)]
pub struct Script {
    steps: Vec<Step>,
    /// In documentation `*` is a star.
    of_a_page: bool,
}

#[derive(Debug, Clone)]
struct Step {
    who: String,
    types: bool,
    line: String,
    /// Where it stands in the text, for messages of failure.
    number: usize,
}

impl Script {
    /// With the notation of [`Pattern::new`].
    ///
    /// # Panics
    /// If a line is neither typed nor seen.
    #[track_caller]
    pub fn new(text: &str) -> Self {
        Self::read(text, false)
    }

    /// With the notation of [`Pattern::of_a_page`].
    ///
    /// # Panics
    /// If a line is neither typed nor seen.
    #[track_caller]
    pub fn of_a_page(text: &str) -> Self {
        Self::read(text, true)
    }

    #[track_caller]
    fn read(text: &str, of_a_page: bool) -> Self {
        let step = |(index, line): (usize, &str)| {
            let line = line.trim_start();
            if line.is_empty() || line.starts_with("--") {
                return None;
            }
            let mark = line.find(['>', '<']).unwrap_or_else(|| panic!("neither typed nor seen: {line:?}"));
            let shown = &line[mark + 1..];
            Some(Step {
                who: line[..mark].to_owned(),
                types: line.as_bytes()[mark] == b'>',
                line: shown.strip_prefix(' ').unwrap_or(shown).to_owned(),
                number: index + 1,
            })
        };
        Self { steps: text.lines().enumerate().filter_map(step).collect(), of_a_page }
    }

    /// With other names for these, so that it can be played where others are.
    #[must_use]
    pub fn with_fresh(mut self, names: &[&str]) -> Self {
        for name in names {
            let instead = match name.strip_prefix('#') {
                Some(channel) => format!("#{}", fresh(channel)),
                None => fresh(name),
            };
            for step in &mut self.steps {
                step.line = step.line.replace(name, &instead);
            }
        }
        self
    }

    /// Plays it; all its connections end with it.
    ///
    /// # Panics
    /// If a line is missing, other than shown, or too many.
    pub async fn play(&self, town: &Town) {
        let mut people: BTreeMap<&str, Line> = BTreeMap::new();
        for Step { who, types, line, number } in &self.steps {
            if !people.contains_key(who.as_str()) {
                people.insert(who, town.line().await.called(who));
            }
            let person = people.get_mut(who.as_str()).expect("it has just been connected");
            if *types {
                person.says(line).await;
                continue;
            }
            let expected = if self.of_a_page { Pattern::of_a_page(line) } else { Pattern::new(line) };
            let heard = person.next_line(&format!("line {number}: {line}")).await;
            assert!(
                expected.matches(&heard.raw),
                "line {number}: {who} should see\n    {expected}\nbut sees\n    {}\n{}",
                heard.raw,
                person.transcript()
            );
        }
        for (who, person) in &mut people {
            if person.is_open().await {
                person.settles().await;
            }
            let more = person.everything();
            assert!(more.is_empty(), "{who} sees more than is shown: {more:?}");
        }
    }
}
