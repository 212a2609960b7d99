//! Trouble on demand, for tests that have to see from outside what a panic or a hanging handler does. There is none of it unless
//! `http.test_faults` is set, which release builds refuse.

use std::{sync::Arc, time::Duration};

use axum::{Extension, Router, routing::post};
use http::StatusCode;
use parking_lot::Mutex;
use serde::Deserialize;

use crate::extract::Json;

/// Faults waiting to happen: a test arms one or two.
const MAX_ARMED: usize = 100;

/// What will happen to the next requests.
#[derive(Clone, Default)]
pub(super) struct Faults(Arc<Mutex<Vec<Armed>>>);

/// `POST /v1/test/faults`: the next `times` requests whose path begins with `path` meet this.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Armed {
    path: String,
    fault: Fault,
    /// Once the work is done rather than before: the answer is what is lost.
    #[serde(default)]
    after: bool,
    #[serde(default = "once")]
    times: u32,
    /// How much longer a slow one takes.
    #[serde(default)]
    millis: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Fault {
    Panic,
    /// Never answers.
    Hang,
    /// Takes longer, so that a test knows how many a second there can be, on any machine.
    Slow,
}

fn once() -> u32 {
    1
}

impl Faults {
    pub(super) fn routes(&self) -> Router {
        Router::new().route("/v1/test/faults", post(arm)).layer(Extension(self.clone()))
    }

    /// Meets what is armed for this request, if anything is.
    pub(super) async fn strike(&self, path: &str, after: bool) {
        match self.next(path, after) {
            None => {}
            Some((Fault::Panic, _)) => panic!("a test asked for this"),
            Some((Fault::Hang, _)) => std::future::pending().await,
            Some((Fault::Slow, longer)) => tokio::time::sleep(longer).await,
        }
    }

    fn next(&self, path: &str, after: bool) -> Option<(Fault, Duration)> {
        let mut armed = self.0.lock();
        let at = armed.iter().position(|armed| armed.after == after && path.starts_with(&armed.path))?;
        let fault = (armed[at].fault, Duration::from_millis(armed[at].millis));
        armed[at].times = armed[at].times.saturating_sub(1);
        if armed[at].times == 0 {
            armed.remove(at);
        }
        Some(fault)
    }
}

async fn arm(Extension(faults): Extension<Faults>, Json(fault): Json<Armed>) -> StatusCode {
    let mut armed = faults.0.lock();
    if armed.len() >= MAX_ARMED {
        return StatusCode::CONFLICT;
    }
    armed.push(fault);
    StatusCode::NO_CONTENT
}
