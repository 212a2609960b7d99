//! How SASL travels in `AUTHENTICATE` (IRCv3 sasl-3.1, "The AUTHENTICATE command"): in pieces of Base64. What stands in the
//! pieces is decoded elsewhere, and taken apart here.

mod bearer;
mod gs2;
mod scram;

use std::fmt;

use thiserror::Error;

pub use self::{
    bearer::Bearer,
    scram::{Final as ScramFinal, First as ScramFirst},
};

/// Bytes of Base64 in one message. One of just that length says that more comes.
pub const PIECE: usize = 400;

/// Stands for nothing: an empty response, or no more after a piece of [`PIECE`] bytes.
const NOTHING: &str = "+";

/// The parameters of the messages that carry `encoded`, which is Base64.
pub fn pieces(encoded: &str) -> impl Iterator<Item = &str> {
    // Not of use for anything but ASCII, and not harmed by it.
    let mut rest = Some(encoded);
    std::iter::from_fn(move || {
        let (piece, after) = super::split::at_char(rest.take()?, PIECE);
        if piece.is_empty() {
            return Some(NOTHING);
        }
        rest = (piece.len() == PIECE).then_some(after);
        Some(piece)
    })
}

/// A response on its way, piece by piece.
#[derive(Clone)]
pub struct Assembly {
    encoded: String,
    limit: usize,
}

/// What a piece has led to. `Done` and `Aborted` leave the assembly empty, ready for the next response.
#[derive(Clone, PartialEq, Eq)]
pub enum Step {
    More,
    /// The whole response, still in Base64.
    Done(String),
    /// The client sent `*`: 906.
    Aborted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SaslError {
    /// 905.
    #[error("a piece is at most {PIECE} bytes")]
    PieceTooLong,
    /// 904 or 905: the page leaves the limit and its numeric to the server.
    #[error("a response is at most {limit} bytes of Base64")]
    ResponseTooLong { limit: usize },
}

impl Assembly {
    /// `limit`: bytes of Base64 that are kept at most.
    pub fn new(limit: usize) -> Assembly {
        Assembly { encoded: String::new(), limit }
    }

    /// Takes the parameter of a message. After an error nothing of the response is left.
    pub fn push(&mut self, piece: &str) -> Result<Step, SaslError> {
        let begun = std::mem::take(&mut self.encoded);
        match piece {
            "*" => return Ok(Step::Aborted),
            NOTHING => return Ok(Step::Done(begun)),
            _ => {}
        }
        if piece.len() > PIECE {
            return Err(SaslError::PieceTooLong);
        }
        if begun.len() + piece.len() > self.limit {
            return Err(SaslError::ResponseTooLong { limit: self.limit });
        }
        let encoded = begun + piece;
        if piece.len() < PIECE {
            return Ok(Step::Done(encoded));
        }
        self.encoded = encoded;
        Ok(Step::More)
    }
}

/// A response of the mechanism PLAIN (RFC 4616 §2).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Plain<'a> {
    /// Who to act as; empty for oneself.
    pub authzid: &'a str,
    pub authcid: &'a str,
    pub password: &'a str,
}

impl<'a> Plain<'a> {
    /// Reads a response without its Base64; `None` for anything but `[authzid] NUL authcid NUL passwd`.
    pub fn parse(response: &'a [u8]) -> Option<Plain<'a>> {
        let mut parts = std::str::from_utf8(response).ok()?.split('\0');
        let (authzid, authcid, password) = (parts.next()?, parts.next()?, parts.next()?);
        let complete = !authcid.is_empty() && !password.is_empty() && parts.next().is_none();
        complete.then_some(Plain { authzid, authcid, password })
    }
}

// Responses hold passwords: they never get into a log by accident.
impl fmt::Debug for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PLAIN of {:?}", self.authcid)
    }
}

impl fmt::Debug for Assembly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} of {} bytes]", self.encoded.len(), self.limit)
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::More => f.write_str("More"),
            Step::Done(encoded) => write!(f, "Done[{} bytes]", encoded.len()),
            Step::Aborted => f.write_str("Aborted"),
        }
    }
}
