//! W3C trace context: one id follows a typed line through every call to the row.

use std::{fmt, future::Future, str::FromStr};

/// The request header that carries it.
pub const TRACEPARENT: &str = "traceparent";
/// The response header in which everybody is told the trace's id.
pub const TRACE_ID: &str = "trace-id";

tokio::task_local! {
    static CURRENT: TraceContext;
}

/// Which trace this belongs to, and which step of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TraceContext {
    pub trace_id: TraceId,
    pub span_id: u64,
    /// Whether the trace is to be recorded: carried on, not acted on.
    pub sampled: bool,
}

/// A trace's id; 32 hexadecimal digits, never all zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId(pub u128);

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TraceContext {
    /// The start of a new trace.
    pub fn random() -> Self {
        // Zero means "none"; `| 1` can never give it.
        Self {
            trace_id: TraceId(rand::random::<u128>() | 1),
            span_id: rand::random::<u64>() | 1,
            sampled: true,
        }
    }

    /// The next step of this trace.
    #[must_use]
    pub fn child(self) -> Self {
        Self { span_id: rand::random::<u64>() | 1, ..self }
    }
}

/// The text was no `traceparent`.
#[derive(Debug, PartialEq, Eq)]
pub struct NotATraceparent;

impl FromStr for TraceContext {
    type Err = NotATraceparent;

    /// `00-<32 hex>-<16 hex>-<2 hex>`; later versions may append more fields.
    fn from_str(header: &str) -> Result<Self, NotATraceparent> {
        let hex = |text: &str, digits: usize| {
            let lower_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
            (text.len() == digits && text.bytes().all(lower_hex)).then_some(())
        };
        let mut parts = header.trim().split('-');
        let mut next = |digits| {
            let part = parts.next()?;
            hex(part, digits).map(|()| part)
        };
        let mut parse = || {
            let version = next(2)?;
            let trace_id = u128::from_str_radix(next(32)?, 16).ok()?;
            let span_id = u64::from_str_radix(next(16)?, 16).ok()?;
            let flags = u8::from_str_radix(next(2)?, 16).ok()?;
            let valid = version != "ff" && trace_id != 0 && span_id != 0;
            valid.then_some(Self { trace_id: TraceId(trace_id), span_id, sampled: flags & 1 == 1 })
        };
        parse().ok_or(NotATraceparent)
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{:016x}-{:02x}", self.trace_id, self.span_id, u8::from(self.sampled))
    }
}

/// The trace of the task that asks, if it has one.
pub fn current() -> Option<TraceContext> {
    CURRENT.try_with(|context| *context).ok()
}

/// Runs `work` as a part of a trace. Tasks that it spawns must be given the trace again.
pub async fn scope<F: Future>(context: TraceContext, work: F) -> F::Output {
    CURRENT.scope(context, work).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_comes_back_as_it_went() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let context: TraceContext = text.parse().unwrap();
        assert_eq!(context.to_string(), text);
        assert_eq!(context.child().trace_id, context.trace_id);
        assert!(TraceContext::random().to_string().parse::<TraceContext>().is_ok());
    }

    #[test]
    fn what_is_no_traceparent_starts_no_trace() {
        for text in [
            "",
            "00",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(text.parse::<TraceContext>(), Err(NotATraceparent), "{text}");
        }
    }
}
