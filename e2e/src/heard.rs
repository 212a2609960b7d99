use std::time::Instant;

use proto::plain::ServerLine;

use crate::pattern::Pattern;

/// A line as it came.
#[derive(Debug, Clone)]
pub struct Heard {
    /// Without its LF.
    pub raw: String,
    pub at: Instant,
}

impl Heard {
    /// The line, read by the grammar.
    ///
    /// # Panics
    /// If it is none.
    #[track_caller]
    pub fn line(&self) -> ServerLine {
        ServerLine::parse(&self.raw).unwrap_or_else(|error| panic!("{error}: {:?}", self.raw))
    }

    /// The word at `index`; 0 is the code.
    #[track_caller]
    pub fn word(&self, index: usize) -> &str {
        let words = self.raw.split(' ');
        words.clone().nth(index).unwrap_or_else(|| panic!("no word {index}: {:?}", self.raw))
    }

    /// The word at `index`, which is a number.
    #[track_caller]
    pub fn number(&self, index: usize) -> u64 {
        self.word(index).parse().unwrap_or_else(|_| panic!("word {index} is no number: {:?}", self.raw))
    }

    pub(crate) fn is_event(&self) -> bool {
        self.raw.starts_with("100 ") || self.raw.starts_with("100-")
    }

    /// `code-` rather than `code `, after the tags if there are any.
    pub(crate) fn is_last(&self) -> bool {
        let rest = match self.raw.strip_prefix('@') {
            Some(tagged) => tagged.split_once(' ').map_or("", |(_, rest)| rest),
            None => &self.raw,
        };
        rest.as_bytes().get(3) != Some(&b'-')
    }
}

/// What a command was answered: its lines in order, the final one last.
#[derive(Debug, Clone)]
pub struct Reply {
    pub lines: Vec<Heard>,
    /// Of what, for messages of failure.
    pub(crate) to: String,
}

impl Reply {
    /// The final line.
    ///
    /// # Panics
    /// Never: a reply has a final line.
    pub fn last(&self) -> &Heard {
        self.lines.last().expect("a reply has a final line")
    }

    pub fn code(&self) -> u16 {
        self.last().line().code
    }

    /// The word after the code: `joined`, or the error's code in the catalogue.
    pub fn outcome(&self) -> String {
        self.last().line().word().to_owned()
    }

    /// Code and word: `403 banned`.
    pub fn verdict(&self) -> String {
        format!("{} {}", self.code(), self.outcome())
    }

    /// The final line is this one.
    ///
    /// # Panics
    /// If it is another.
    #[track_caller]
    pub fn is(&self, pattern: &str) -> &Self {
        assert!(
            Pattern::new(pattern).matches(&self.last().raw),
            "{:?} is answered {:?}, expected {pattern:?}",
            self.to,
            self.last().raw
        );
        self
    }

    /// It is a success.
    ///
    /// # Panics
    /// If it is an error.
    #[track_caller]
    pub fn ok(&self) -> &Self {
        assert!(self.code() < 300, "{:?} is answered {:?}", self.to, self.last().raw);
        self
    }

    /// The raw lines.
    pub fn texts(&self) -> Vec<&str> {
        self.lines.iter().map(|heard| heard.raw.as_str()).collect()
    }
}
