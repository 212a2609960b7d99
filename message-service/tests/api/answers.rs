//! What is answered, and what is in it.

use std::time::Duration;

use api::{ErrorCode, id::ChannelId, messages::SendResult};
use serde_json::{Value, json};

use crate::town::PATIENCE;

/// An answer, whatever it is.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert!(self.status < 300, "{self:?}");
        self.body
    }

    #[track_caller]
    pub(crate) fn refused(self, code: ErrorCode) -> Value {
        let expected = (code.status(), &json!(code.as_str()));
        assert_eq!((self.status, &self.body["code"]), expected, "expected {code}: {self:?}");
        self.body
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// Waits until something is refused so: a change of the rules needs a moment on its way here.
pub(crate) async fn refused_soon(code: ErrorCode, mut ask: impl AsyncFnMut() -> Answer) -> Value {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let answer = ask().await;
        if answer.status >= 400 || tokio::time::Instant::now() > deadline {
            return answer.refused(code);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) fn channel_id(joined: &Value) -> ChannelId {
    joined["channel"]["id"].as_str().unwrap().try_into().unwrap()
}

#[track_caller]
pub(crate) fn stored(result: &SendResult) -> api::Entry {
    match result {
        SendResult::Stored { entry, .. } => entry.clone(),
        other => panic!("not stored: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn problem(result: &SendResult) -> ErrorCode {
    match result {
        SendResult::Problem(problem) => problem.code,
        other => panic!("not refused: {other:?}"),
    }
}
