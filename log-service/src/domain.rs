//! What may be stored, asked for and kept. Pure: no HTTP, no SQL, no clock.

mod erasure;
mod filter;
mod position;
mod record;
mod retention;

pub use self::{
    erasure::{BLANK, pattern_of},
    filter::{Filter, MAX_TEXT_BYTES, Span},
    position::{NotAPosition, Position},
    record::{MAX_FIELDS_BYTES, MAX_NAME_BYTES, NewRecord},
    retention::{Keep, Oldest, Stored, how_many_go},
};

/// A value that is not allowed, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct Invalid {
    pub field: &'static str,
    pub problem: String,
}

impl Invalid {
    fn new(field: &'static str, problem: impl Into<String>) -> Self {
        Self { field, problem: problem.into() }
    }
}

/// Names of services and runs: short, and nothing that a terminal would act on.
fn checked_name(field: &'static str, name: String) -> Result<String, Invalid> {
    if name.is_empty() || name.len() > MAX_NAME_BYTES || name.chars().any(char::is_control) {
        let problem = format!("expected 1 to {MAX_NAME_BYTES} bytes without control characters");
        return Err(Invalid::new(field, problem));
    }
    Ok(name)
}

/// W3C trace ids: 32 lower-case hexadecimal digits.
fn checked_trace_id(id: String) -> Result<String, Invalid> {
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if id.len() == 32 && id.bytes().all(hex) {
        return Ok(id);
    }
    Err(Invalid::new("trace_id", "expected 32 hexadecimal digits in lower case"))
}
