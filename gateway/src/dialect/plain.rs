//! The line protocol, `causerie/1`, between commands and lines. Its grammar is proto's, its words are docs/line-protocol.md's.

mod decode;
mod encode;
mod errors;
mod events;
#[cfg(test)]
mod tests;
pub(crate) mod verbs;

pub(crate) use self::{
    decode::decode,
    encode::{answer, greeting},
    events::event,
};

/// What this server speaks.
pub(crate) const VERSION: &str = "causerie/1";

/// How a connection's events are written; replies keep their form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum Format {
    /// For programs: `100 …` lines.
    #[default]
    Wire,
    /// For reading: `12:04 #general <bob> salut`.
    Human,
}

impl Format {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Wire => "wire",
            Self::Human => "human",
        }
    }
}
