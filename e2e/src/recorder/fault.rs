use std::{fmt, sync::Arc};

use super::{Connection, Key, Target};

/// What a correct server never lets happen. Each broken promise is reported once, by what is closest to its cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Acknowledged, and not in the history.
    Lost { target: Target, key: Key, seq: u64 },
    /// One message is in the history more than once.
    StoredTwice { target: Target, key: Key, seqs: Vec<u64> },
    /// The history holds what nobody of that name has said there.
    Unsent { target: Target, seq: u64 },
    /// The history does not go up.
    HistoryDisorder { target: Target, seq: u64, after: u64 },
    /// The history leaves out a seq that no acknowledged message had.
    Hole { target: Target, seq: u64 },
    /// The acknowledgements of one key name several seqs.
    TwoSeqs { key: Key, seqs: Vec<u64> },
    /// An acknowledgement and the history disagree about seq or id.
    WrongAck { key: Key, seq: u64, stored: u64 },
    /// On one connection, an answer overtook the one before it.
    AnswersSwapped { by: Connection, key: Key },
    /// One author's messages to one target are stored in another order than they were said.
    AuthorSwapped { target: Target, earlier: Key, later: Key },
    /// Shown to one client twice, on one connection or across a resume.
    SeenTwice { by: Connection, target: Target, seq: u64 },
    /// Shown after something with a higher seq.
    SeenLate { by: Connection, target: Target, seq: u64, after: u64 },
    /// Shown, and not in the history.
    Unstored { by: Connection, target: Target, seq: u64 },
    /// Shown with another text or author than the history has.
    Altered { by: Connection, target: Target, seq: u64 },
    /// Never shown, though later ones were, or though there was time.
    Missed { client: Arc<str>, target: Target, seqs: Vec<u64> },
}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (connection {})", self.client, self.number)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost { target, key, seq } => {
                write!(f, "lost: {key} was acknowledged as {target} {seq} and is not in the history")
            }
            Self::StoredTwice { target, key, seqs } => {
                write!(f, "duplicate: {key} is in the history of {target} as {seqs:?}")
            }
            Self::Unsent { target, seq } => write!(f, "{target} {seq} was sent by nobody"),
            Self::HistoryDisorder { target, seq, after } => {
                write!(f, "the history of {target} has {seq} after {after}")
            }
            Self::Hole { target, seq } => write!(f, "the history of {target} has no {seq}"),
            Self::TwoSeqs { key, seqs } => write!(f, "{key} was acknowledged as {seqs:?}"),
            Self::WrongAck { key, seq, stored } => {
                write!(f, "{key} was acknowledged as {seq} and stored as {stored}")
            }
            Self::AnswersSwapped { by, key } => {
                write!(f, "{by}: the answer to {key} came before an earlier one")
            }
            Self::AuthorSwapped { target, earlier, later } => {
                write!(f, "in {target}, {later} is stored before {earlier}, which was said first")
            }
            Self::SeenTwice { by, target, seq } => write!(f, "{by} was shown {target} {seq} twice"),
            Self::SeenLate { by, target, seq, after } => {
                write!(f, "{by} was shown {target} {seq} after {after}")
            }
            Self::Unstored { by, target, seq } => {
                write!(f, "{by} was shown {target} {seq}, which is not in the history")
            }
            Self::Altered { by, target, seq } => {
                write!(f, "{by} was shown {target} {seq} otherwise than it is stored")
            }
            Self::Missed { client, target, seqs } => write!(f, "{client} was never shown {target} {seqs:?}"),
        }
    }
}
