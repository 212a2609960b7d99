//! Lists of capabilities (IRCv3 capability-negotiation): what a client asks for, and replies of as many lines as it takes.

use super::{Line, Text};

/// What a client wants of one capability ("The CAP REQ subcommand").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted<'a> {
    pub name: &'a str,
    /// False with a `-` before the name.
    pub on: bool,
}

/// The list of a `CAP REQ`, which is granted or refused as a whole; left to right, the last of a name counts.
pub fn requested(list: &str) -> impl Iterator<Item = Wanted<'_>> {
    list.split(' ').filter(|word| !word.is_empty()).map(|word| match word.strip_prefix('-') {
        Some(name) => Wanted { name, on: false },
        None => Wanted { name: word, on: true },
    })
}

/// A capability in a reply; values are for clients of version 302 and later ("Capability Values").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capability<'a> {
    pub name: &'a str,
    pub value: Option<&'a str>,
}

/// What every line of a reply begins with: `:server CAP client SUB`.
#[derive(Debug, Clone, Copy)]
pub struct Reply<'a> {
    pub server: &'a str,
    /// `*` as long as they have no nick.
    pub client: &'a str,
    pub subcommand: &'a str,
}

/// How a list that is too long for a line is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folding {
    /// LS and LIST for clients that know nothing newer: one line, without what does not fit.
    OneLine,
    /// LS and LIST since version 302 ("Multiline replies to CAP LS and CAP LIST"): `*` says that more comes.
    Marked,
    /// NEW and DEL: each line is a message of its own.
    Unmarked,
}

impl Reply<'_> {
    /// A list in as many lines as `folding` allows; one line if it is empty.
    pub fn list(self, out: &mut Vec<u8>, folding: Folding, mut capabilities: &[Capability<'_>]) {
        loop {
            let mut line = self.begin(out);
            let more = fitting(capabilities, line.room()) < capabilities.len();
            if more && folding == Folding::Marked {
                line = line.param("*");
            }
            let fits = fitting(capabilities, line.room());
            let mut text = line.text();
            for capability in &capabilities[..fits] {
                capability.write(&mut text);
            }
            // One that no line can hold must not be tried for ever: names and values are ours, so there is none.
            capabilities = &capabilities[fits.max(1).min(capabilities.len())..];
            if capabilities.is_empty() || folding == Folding::OneLine {
                return;
            }
        }
    }

    /// ACK and NAK say what the client typed, to the letter, as long as a line can hold that. It should not send longer
    /// ones ("The CAP REQ subcommand"); those are answered in several lines ("The CAP ACK subcommand").
    pub fn answer(self, out: &mut Vec<u8>, list: &str) {
        let line = self.begin(out);
        if list.len() <= line.room() {
            line.trailing(list);
            return;
        }
        let mut text = line.text();
        for word in list.split(' ').filter(|word| !word.is_empty()) {
            if text.word(&[word]) {
                continue;
            }
            if !text.is_empty() {
                text.end();
                text = self.begin(out).text();
            }
            text.push(word);
        }
    }

    fn begin<'o>(&self, out: &'o mut Vec<u8>) -> Line<'o> {
        Line::command(out, Some(self.server), "CAP").param(self.client).param(self.subcommand)
    }
}

impl Capability<'_> {
    fn len(&self) -> usize {
        self.name.len() + self.value.map_or(0, |value| "=".len() + value.len())
    }

    fn write(&self, text: &mut Text<'_>) {
        match self.value {
            Some(value) => text.word(&[self.name, "=", value]),
            None => text.word(&[self.name]),
        };
    }
}

/// How many of the first fit into so many bytes.
fn fitting(capabilities: &[Capability<'_>], room: usize) -> usize {
    let ends = capabilities.iter().scan(0, |end, capability| {
        *end += capability.len() + usize::from(*end > 0);
        Some(*end)
    });
    ends.take_while(|&end| end <= room).count()
}
