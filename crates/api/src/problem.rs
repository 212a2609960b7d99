//! What went wrong, as REST APIs answer it and batches carry it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ErrorCode;

/// One field of a body that is wrong: where, as a JSON pointer, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    #[schema(example = "/text")]
    pub pointer: String,
    pub detail: String,
}

/// An error as a REST API answers it: `application/problem+json` (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema, thiserror::Error)]
#[error("{status} {code}: {detail}")]
pub struct Problem {
    /// A page that explains the code: `/problems/{code}`.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    /// What happened here, for people.
    pub detail: String,
    #[serde(deserialize_with = "code_or_internal")]
    pub code: ErrorCode,
    /// Finds the request in the logs.
    #[serde(default)]
    pub trace_id: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Seconds after which trying again makes sense; the `Retry-After` header says the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
}

/// A newer release may answer codes that this one does not know: they read as its own vaguest one.
fn code_or_internal<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<ErrorCode, D::Error> {
    let word = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
    Ok(word.parse().unwrap_or(ErrorCode::Internal))
}

impl Problem {
    pub fn new(code: ErrorCode) -> Self {
        Self {
            kind: format!("/problems/{code}"),
            title: code.title().to_owned(),
            status: code.status(),
            detail: code.title().to_owned(),
            code,
            trace_id: String::new(),
            errors: Vec::new(),
            retry_after: None,
        }
    }

    /// Says what happened here, in the words of the one who asked.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_of_a_newer_release_reads_as_internal() {
        let problem: Problem = serde_json::from_str(
            r#"{"type":"/problems/too-green","title":"t","status":418,"detail":"d","code":"too-green","new":1}"#,
        )
        .unwrap();
        assert_eq!((problem.code, problem.status), (ErrorCode::Internal, 418));
    }
}
