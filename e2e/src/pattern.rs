//! How a story writes down a line that differs from run to run.

/// A line with places that may hold anything of a kind: `<time>`, `<clock>`, `<id>` (of a message too), `<gateway>`, `<token>`,
/// `<seq>` without spaces, `<text>` to the end; and `*`, any characters, unless it comes from a page where it is itself.
#[derive(Debug, Clone)]
pub struct Pattern {
    source: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Exactly(String),
    Word(Word),
    /// `*`
    Anything,
    /// `<text>`
    Rest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Time,
    Clock,
    Id,
    Seq,
    Any,
}

const WORDS: [(&str, Word); 6] = [
    ("<time>", Word::Time),
    ("<clock>", Word::Clock),
    ("<id>", Word::Id),
    ("<seq>", Word::Seq),
    ("<gateway>", Word::Any),
    ("<token>", Word::Any),
];

impl Pattern {
    pub fn new(source: &str) -> Self {
        Self::read(source, true)
    }

    /// From documentation: `*` is itself, and `<seq>` too.
    pub fn of_a_page(source: &str) -> Self {
        Self::read(source, false)
    }

    fn read(source: &str, stars: bool) -> Self {
        let mut parts = Vec::new();
        let mut exactly = String::new();
        let mut rest = source;
        while let Some(c) = rest.chars().next() {
            let word =
                WORDS.iter().find(|(name, word)| rest.starts_with(name) && (stars || *word != Word::Seq));
            let (part, length) = if let Some((name, word)) = word {
                (Some(Part::Word(*word)), name.len())
            } else if rest.starts_with("<text>") {
                (Some(Part::Rest), "<text>".len())
            } else if stars && c == '*' {
                (Some(Part::Anything), 1)
            } else {
                (None, c.len_utf8())
            };
            match part {
                Some(part) => {
                    if !exactly.is_empty() {
                        parts.push(Part::Exactly(std::mem::take(&mut exactly)));
                    }
                    parts.push(part);
                }
                None => exactly.push(c),
            }
            rest = &rest[length..];
        }
        if !exactly.is_empty() {
            parts.push(Part::Exactly(exactly));
        }
        Self { source: source.to_owned(), parts }
    }

    pub fn matches(&self, line: &str) -> bool {
        fits(&self.parts, line)
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.source)
    }
}

fn fits(parts: &[Part], line: &str) -> bool {
    let Some((part, others)) = parts.split_first() else { return line.is_empty() };
    match part {
        Part::Exactly(text) => line.strip_prefix(text.as_str()).is_some_and(|rest| fits(others, rest)),
        Part::Rest => others.is_empty(),
        Part::Anything => {
            let ends = line.char_indices().map(|(at, _)| at).chain([line.len()]);
            ends.into_iter().any(|at| fits(others, &line[at..]))
        }
        Part::Word(word) => {
            let end = line.find(' ').unwrap_or(line.len());
            is(*word, &line[..end]) && fits(others, &line[end..])
        }
    }
}

fn is(word: Word, text: &str) -> bool {
    let shaped = |shape: &str| {
        shape.len() == text.len()
            && shape
                .bytes()
                .zip(text.bytes())
                .all(|(s, t)| if s == b'0' { t.is_ascii_digit() } else { s == t })
    };
    match word {
        Word::Time => shaped("0000-00-00T00:00:00.000Z"),
        Word::Clock => shaped("00:00"),
        Word::Id => {
            text.starts_with(|c: char| c.is_ascii_digit())
                && text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase() || b == b'-')
        }
        Word::Seq => text.parse::<u64>().is_ok(),
        Word::Any => !text.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_hold_what_they_are_named_for() {
        for (pattern, line, yes) in [
            ("200 nick alice", "200 nick alice", true),
            ("200 nick alice", "200 nick alice2", false),
            ("201 sent #x 1 <id>", "201 sent #x 1 3f9k2m7q1x0ab-42", true),
            ("201 sent #x 1 <id>", "201 sent #x 1 f9k", false),
            ("100 msg #x 1 <time> bob :hi", "100 msg #x 1 2026-07-03T12:04:05.678Z bob :hi", true),
            ("100 msg #x 1 <time> bob :hi", "100 msg #x 1 2026-07-03T12:04:05Z bob :hi", false),
            ("404 x :<text>", "404 x :There is none", true),
            ("404 x :<text>", "404 x :", true),
            ("404 x*", "404 xyz and more", true),
            ("* bob :hi", "100 msg #x bob :hi", true),
            ("200 a <seq> b", "200 a 12 b", true),
            ("200 a <seq> b", "200 a x b", false),
        ] {
            assert_eq!(Pattern::new(pattern).matches(line), yes, "{pattern} {line}");
        }
        assert!(Pattern::of_a_page("<clock> #g * bob").matches("12:04 #g * bob"));
        assert!(!Pattern::of_a_page("<clock> #g * bob").matches("12:04 #g x bob"));
    }
}
