use std::{collections::VecDeque, convert::Infallible, time::Duration};

use api::{ErrorCode, Problem, auth::Actor, logs::StoredRecord};
use axum::{
    extract::State,
    http::{HeaderMap, header::AUTHORIZATION},
    response::sse::{Event, KeepAlive, Sse},
};
use futures_util::{Stream, stream::unfold};
use kit::{Caller, Failure, extract::Query};
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::query::Wanted;
use crate::{App, domain::Filter};

/// How often a stream looks by itself: for records that other replicas stored, and whether its reader may still read.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Silence after which a comment is sent: proxies close what is silent for a minute.
const COMMENT_AFTER: Duration = Duration::from_secs(15);

/// Follow records as they are stored (operators)
///
/// Server-sent events: `record` with a record in `data` and its id in `id`; `missed` with `{"records":n}` if records were deleted
/// before this reader had them; `closed` with `{"reason":"…"}` when the token ends, after which the stream does. With
/// `Last-Event-ID` it goes on after that record, without it from now on. A reader that is slow holds up nobody: what it has not
/// taken waits in the database.
#[utoipa::path(
    get, path = "/v1/logs/stream", tag = "logs",
    params(Wanted, ("last-event-id" = Option<u64>, Header, description = "The last record that was seen")),
    responses(
        (status = 200, body = StoredRecord, content_type = "text/event-stream"),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem),
        (status = 503, body = Problem, description = "too many streams are open"),
    )
)]
pub(super) async fn stream(
    caller: Caller,
    State(app): State<App>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> kit::Result<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    let reader = caller.operator()?.clone();
    let filter = Filter::try_from(wanted)?;
    let permit = app.streams.clone().try_acquire_owned().map_err(|_| {
        Failure::new(ErrorCode::Overloaded).detail("too many log streams are open").retry_after(10)
    })?;
    let after = match last_event_id(&headers)? {
        Some(id) => id,
        None => app.store.head().await?,
    };
    let newest = app.newest.subscribe();
    let tail = Tail {
        app,
        filter,
        reader,
        token: caller.claims.and_then(|_| token(&headers)),
        newest,
        after,
        waiting: VecDeque::new(),
        closed: false,
        _permit: permit,
    };
    let events = unfold(tail, |mut tail| async { tail.next().await.map(|event| (Ok(event), tail)) });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(COMMENT_AFTER)))
}

/// As it came; it was read once already.
fn token(headers: &HeaderMap) -> Option<String> {
    let (_, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    Some(token.trim().to_owned())
}

fn last_event_id(headers: &HeaderMap) -> kit::Result<Option<i64>> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let id = value.to_str().ok().and_then(|text| text.trim().parse::<i64>().ok()).filter(|id| *id >= 0);
    let refusal =
        || Failure::new(ErrorCode::InvalidParameter).detail("Last-Event-ID: expected a record's id");
    id.map(Some).ok_or_else(refusal)
}

/// One reader of the stream. It asks the database for more only when the reader has taken what it was given.
struct Tail {
    app: App,
    filter: Filter,
    reader: Actor,
    /// The reader's own, unless a gateway asks for them.
    token: Option<String>,
    newest: watch::Receiver<i64>,
    after: i64,
    /// One batch at most.
    waiting: VecDeque<StoredRecord>,
    closed: bool,
    _permit: OwnedSemaphorePermit,
}

impl Tail {
    async fn next(&mut self) -> Option<Event> {
        if self.closed {
            return None;
        }
        loop {
            if let Some(reason) = self.no_longer_allowed().await {
                self.closed = true;
                return Some(event("closed", serde_json::json!({ "reason": reason })));
            }
            if let Some(record) = self.waiting.pop_front() {
                return Some(event("record", &record).id(record.id.to_string()));
            }
            // Marked as seen before the look: what is stored during it wakes us again.
            self.newest.borrow_and_update();
            match self.app.store.follow(&self.filter, self.after).await {
                Ok(followed) => {
                    let idle = followed.to == self.after;
                    self.after = followed.to;
                    self.waiting = followed.records.into();
                    if followed.missed > 0 {
                        return Some(event("missed", serde_json::json!({ "records": followed.missed })));
                    }
                    if idle {
                        self.wait().await;
                    }
                }
                Err(error) => {
                    tracing::warn!(cause = %error, "could not read the records that a stream waits for, will again");
                    tokio::time::sleep(LOOK_EVERY).await;
                }
            }
        }
    }

    async fn wait(&mut self) {
        // Past the time, or woken, or the service ends: in each case the next look tells.
        let _ = tokio::time::timeout(LOOK_EVERY, self.newest.changed()).await;
    }

    /// Why the reader may read no more: their token has ended, or they were put out.
    async fn no_longer_allowed(&self) -> Option<String> {
        let verifier = &self.app.verifier;
        let outcome = match &self.token {
            Some(token) => verifier.verify(token).await.map(drop),
            None => verifier.check_actor(&self.reader),
        };
        // Keys that cannot be fetched just now are no refusal.
        let refusal = outcome.err().filter(|refusal| refusal.code() == ErrorCode::NotAuthenticated)?;
        Some(refusal.into_problem().detail)
    }
}

/// JSON has no line ends in it, so that one event is one frame whatever was logged.
fn event(kind: &'static str, data: impl serde::Serialize) -> Event {
    Event::default().event(kind).json_data(data).unwrap_or_else(|_| Event::default().event(kind))
}
