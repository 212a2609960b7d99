use api::{Timestamp, logs::Level};

use super::{Invalid, checked_name, checked_trace_id};

/// Bytes of the text looked for: longer ones only cost time at every record.
pub const MAX_TEXT_BYTES: usize = 256;

/// Which records are asked for. The same for pages and for the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    pub service: Option<String>,
    /// This level and those above.
    pub level: Level,
    pub trace_id: Option<String>,
    pub text: Option<String>,
    pub span: Span,
}

/// From `since` on, before `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub since: Timestamp,
    pub until: Timestamp,
}

impl Default for Span {
    fn default() -> Self {
        Self { since: Timestamp(i64::MIN), until: Timestamp(i64::MAX) }
    }
}

impl Default for Filter {
    fn default() -> Self {
        Self { service: None, level: Level::Trace, trace_id: None, text: None, span: Span::default() }
    }
}

impl Filter {
    pub fn new(
        service: Option<String>,
        level: Option<Level>,
        trace_id: Option<String>,
        text: Option<String>,
        span: Span,
    ) -> Result<Self, Invalid> {
        Ok(Self {
            service: service.map(|name| checked_name("service", name)).transpose()?,
            level: level.unwrap_or(Level::Trace),
            trace_id: trace_id.map(checked_trace_id).transpose()?,
            text: text.filter(|text| !text.is_empty()).map(checked_text).transpose()?,
            span,
        })
    }

    /// The text as a pattern for `like … escape '\'`, its ASCII letters in lower case: what it holds is looked for as it
    /// stands, `%` and `_` too.
    pub fn pattern(&self) -> Option<String> {
        self.text.as_deref().map(pattern)
    }
}

pub(super) fn pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 8);
    pattern.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c.to_ascii_lowercase());
    }
    pattern.push('%');
    pattern
}

fn checked_text(text: String) -> Result<String, Invalid> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(Invalid::new("q", format!("longer than {MAX_TEXT_BYTES} bytes")));
    }
    if text.contains('\0') {
        return Err(Invalid::new("q", "no record holds a NUL"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Result<Filter, Invalid> {
        Filter::new(None, None, None, Some(text.to_owned()), Span::default())
    }

    #[test]
    fn what_stands_in_the_text_is_no_wildcard() {
        assert_eq!(asked(r"100%_\").unwrap().pattern().unwrap(), r"%100\%\_\\%");
        assert_eq!(asked("ÉA").unwrap().pattern().unwrap(), "%Éa%");
        assert_eq!(asked("").unwrap().pattern(), None);
    }

    #[test]
    fn the_text_may_be_as_long_as_the_limit_and_no_longer() {
        assert!(asked(&"x".repeat(MAX_TEXT_BYTES)).is_ok());
        assert_eq!(asked(&"x".repeat(MAX_TEXT_BYTES + 1)).unwrap_err().field, "q");
        assert_eq!(asked("a\0").unwrap_err().field, "q");
    }
}
