//! Messages of several lines (<https://ircv3.net/specs/extensions/multiline>): what a client sends piece by piece is put together, and
//! what is stored is cut where it was cut.

use api::{
    EntryKind,
    tags::Tags,
    text::{MAX_MESSAGE_BYTES, MAX_MESSAGE_LINES},
};
use proto::irc::split::{self, Piece};

/// The capability's value.
pub(super) const LIMITS: &str = "max-bytes=4096,max-lines=100";

/// The type of the batches, and the tag of a piece that goes on in the line before it.
pub(crate) const BATCH: &str = "draft/multiline";
pub(crate) const CONCAT: &str = "draft/multiline-concat";

/// A line that belongs to a batch of a client's.
pub(crate) enum Part {
    Opens { name: String, to: String, label: Option<Box<str>>, tags: Tags },
    Piece { batch: String, to: String, kind: EntryKind, text: String, joins: bool },
    Ends { name: String },
}

/// Why a batch means nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Broken {
    Invalid(&'static str),
    MaxBytes,
    MaxLines,
    /// What the batch was opened for, and what a line of it is for.
    Target(String, String),
}

/// A batch that a client has opened and not ended: one at a time, of [`MAX_MESSAGE_BYTES`] and [`MAX_MESSAGE_LINES`].
pub(crate) struct Gathering {
    name: String,
    pub(crate) to: String,
    pub(crate) label: Option<Box<str>>,
    pub(crate) tags: Tags,
    kind: Option<EntryKind>,
    text: String,
    splits: Vec<u32>,
    lines: usize,
    /// It was refused already: what still comes of it is passed over.
    is_broken: bool,
}

/// What was said in one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) kind: EntryKind,
    pub(crate) text: String,
    pub(crate) splits: Vec<u32>,
}

impl Gathering {
    pub(crate) fn new(name: String, to: String, label: Option<Box<str>>, tags: Tags) -> Self {
        Self {
            name,
            to,
            label,
            tags,
            kind: None,
            text: String::new(),
            splits: Vec::new(),
            lines: 0,
            is_broken: false,
        }
    }

    pub(crate) fn is(&self, name: &str) -> bool {
        self.name == name
    }

    pub(crate) fn add(&mut self, to: &str, kind: EntryKind, text: &str, joins: bool) -> Result<(), Broken> {
        if self.is_broken {
            return Ok(());
        }
        let added = self.try_add(to, kind, text, joins);
        self.is_broken = added.is_err();
        added
    }

    fn try_add(&mut self, to: &str, kind: EntryKind, text: &str, joins: bool) -> Result<(), Broken> {
        if to != self.to {
            return Err(Broken::Target(self.to.clone(), to.to_owned()));
        }
        if *self.kind.get_or_insert(kind) != kind {
            return Err(Broken::Invalid("all lines are PRIVMSG, or all are NOTICE"));
        }
        if joins && text.is_empty() {
            return Err(Broken::Invalid("an empty line joins nothing"));
        }
        if self.lines == MAX_MESSAGE_LINES {
            return Err(Broken::MaxLines);
        }
        let between = usize::from(self.lines > 0 && !joins);
        if self.text.len() + between + text.len() > MAX_MESSAGE_BYTES {
            return Err(Broken::MaxBytes);
        }
        if joins && !self.text.is_empty() && !self.text.ends_with('\n') {
            self.splits.extend(u32::try_from(self.text.len()));
        } else if between > 0 {
            self.text.push('\n');
        }
        self.text.push_str(text);
        self.lines += 1;
        Ok(())
    }

    /// None: it was refused already.
    pub(crate) fn end(self) -> Result<Option<Said>, Broken> {
        let Self { kind, text, splits, is_broken, .. } = self;
        match kind {
            _ if is_broken => Ok(None),
            Some(kind) if text.bytes().any(|byte| byte != b'\n') => Ok(Some(Said { kind, text, splits })),
            _ => Err(Broken::Invalid("there is nothing in it")),
        }
    }
}

/// A text in pieces that a line can take, cut where its author's client cut it.
pub(super) fn pieces<'a>(text: &'a str, splits: &'a [u32], room: usize) -> impl Iterator<Item = Piece<'a>> {
    let cuts = splits.iter().map(|&split| split as usize).chain([text.len()]);
    let parts = cuts.scan(0, |start, cut| {
        let part = text.get(*start..cut);
        *start = cut;
        Some(part.unwrap_or_default())
    });
    parts.enumerate().flat_map(move |(nth, part)| {
        let lines = split::lines(part, room).enumerate();
        lines.map(move |(line, piece)| Piece { joins: piece.joins || nth > 0 && line == 0, ..piece })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn gathered(lines: &[(&str, bool)]) -> Result<Option<(String, Vec<u32>)>, Broken> {
        let mut gathering = Gathering::new("1".into(), "#x".into(), None, Tags::default());
        for (text, joins) in lines {
            gathering.add("#x", EntryKind::Message, text, *joins)?;
        }
        Ok(gathering.end()?.map(|said| (said.text, said.splits)))
    }

    #[test]
    fn lines_are_joined_as_they_say() {
        let said = gathered(&[("hello", false), ("how is ", false), ("everyone?", true)]);
        assert_eq!(said, Ok(Some(("hello\nhow is everyone?".to_owned(), vec![13]))));
        let blank = gathered(&[("", false), ("a", false), ("", false)]);
        assert_eq!(blank, Ok(Some(("\na\n".to_owned(), vec![]))));
        for nothing in [&[][..], &[("", false)], &[("", false), ("", false)], &[("a", false), ("", true)]] {
            assert!(matches!(gathered(nothing), Err(Broken::Invalid(_))), "{nothing:?}");
        }
    }

    #[test]
    fn a_message_has_so_many_lines_and_bytes_and_no_more() {
        let lines = |count: usize| gathered(&vec![("x", false); count]);
        assert!(lines(MAX_MESSAGE_LINES).is_ok());
        assert_eq!(lines(MAX_MESSAGE_LINES + 1), Err(Broken::MaxLines));
        let half = "x".repeat(MAX_MESSAGE_BYTES / 2);
        assert!(gathered(&[(&half, false), (&half, true)]).is_ok());
        assert_eq!(gathered(&[(&half, false), (&half, false)]), Err(Broken::MaxBytes), "the break counts");
        assert_eq!(LIMITS, format!("max-bytes={MAX_MESSAGE_BYTES},max-lines={MAX_MESSAGE_LINES}"));
    }

    #[test]
    fn what_was_refused_is_refused_once() {
        let mut gathering = Gathering::new("1".into(), "#x".into(), None, Tags::default());
        assert!(gathering.add("#y", EntryKind::Message, "a", false).is_err());
        assert_eq!(gathering.add("#x", EntryKind::Message, "a", false), Ok(()));
        assert_eq!(gathering.end(), Ok(None));
    }

    proptest! {
        #[test]
        fn what_is_cut_can_be_put_together(
            lines in proptest::collection::vec(("[a-zé ]{0,40}", any::<bool>()), 1..20),
        ) {
            let lines: Vec<_> = lines.iter().map(|(text, joins)| (&**text, *joins && !text.is_empty())).collect();
            if let Ok(Some((text, splits))) = gathered(&lines) {
                let again = |room: usize| {
                    let pieces: Vec<_> =
                        pieces(&text, &splits, room).map(|piece| (piece.text, piece.joins)).collect();
                    gathered(&pieces).unwrap().unwrap()
                };
                prop_assert_eq!(again(MAX_MESSAGE_BYTES), (text.clone(), splits.clone()));
                // Lines that are too long are cut once more.
                prop_assert_eq!(again(32).0, text.clone());
            }
        }
    }
}
