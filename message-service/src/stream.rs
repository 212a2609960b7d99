//! Streams of entries: read from the database, woken by what is committed here. Nothing is kept for a slow reader: it is read when
//! they are ready for it.

mod conversation;
mod person;
mod watched;

use std::{collections::HashMap, convert::Infallible, future::Future, sync::Arc};

use api::{Entry, EntryKind, ErrorCode, Problem, id::UserId};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, stream::unfold};
use kit::{
    Failure,
    trace::{self, TraceContext},
};
use parking_lot::Mutex;

pub(crate) use self::{conversation::ConversationStream, person::PersonStream, watched::Watched};

/// Something that is said on a stream next.
pub(crate) trait Source: Send + 'static {
    /// None: it has ended.
    fn next(&mut self) -> impl Future<Output = Option<Event>> + Send;
}

/// A stream as the answer to a request.
pub(crate) fn answer(source: impl Source) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    // What a stream asks of others, and says at its end, belongs to the request that opened it.
    let context = trace::current().unwrap_or_else(TraceContext::random);
    let events = unfold(source, move |mut source| async move {
        let event = trace::scope(context, source.next()).await;
        event.map(|event| (Ok(event), source))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}

fn said(entry: &Entry, id: impl std::fmt::Display) -> Event {
    let kind = match entry.kind {
        EntryKind::Redaction => "redact",
        kind => kind.as_str(),
    };
    event(kind, entry).id(id.to_string())
}

/// Where a reader stands who was told nothing: `EventSource` remembers it and shows no event, because it has no data.
fn here(id: impl std::fmt::Display) -> Event {
    Event::default().id(id.to_string())
}

/// The last event: why the reader may not read on.
fn closed(problem: &Problem) -> Event {
    event("closed", &Failure::from(problem.clone()).into_problem())
}

/// JSON has no line ends in it: one event is one frame whatever was said.
fn event(kind: &'static str, data: &impl serde::Serialize) -> Event {
    Event::default().event(kind).json_data(data).unwrap_or_else(|_| Event::default().event(kind))
}

/// How many streams are open, in all and for each person.
#[derive(Clone)]
pub(crate) struct Streams(Arc<Inner>);

struct Inner {
    most: usize,
    most_each: usize,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    all: usize,
    each: HashMap<UserId, usize>,
}

/// An open stream's place; given back when it is dropped.
pub(crate) struct Slot {
    streams: Streams,
    user: UserId,
}

impl Streams {
    pub(crate) fn new(most: usize, most_each: usize) -> Self {
        Self(Arc::new(Inner { most, most_each, open: Mutex::default() }))
    }

    pub(crate) fn open(&self, user: &UserId) -> Result<Slot, Failure> {
        let mut open = self.0.open.lock();
        if open.all >= self.0.most {
            return Err(Failure::new(ErrorCode::Overloaded)
                .detail("too many streams are open here")
                .retry_after(5));
        }
        let own = open.each.entry(user.clone()).or_default();
        if *own >= self.0.most_each {
            let detail = format!("you have {own} streams open already");
            return Err(Failure::new(ErrorCode::TooFast).detail(detail).retry_after(5));
        }
        *own += 1;
        open.all += 1;
        Ok(Slot { streams: self.clone(), user: user.clone() })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.streams.0.open.lock();
        open.all -= 1;
        if let Some(own) = open.each.get_mut(&self.user) {
            *own -= 1;
            if *own == 0 {
                open.each.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_counted_for_all_and_for_each() {
        let (alice, bob): (UserId, UserId) = ("1a".try_into().unwrap(), "1b".try_into().unwrap());
        let streams = Streams::new(3, 2);
        let first = streams.open(&alice).unwrap();
        let _second = streams.open(&alice).unwrap();
        assert_eq!(streams.open(&alice).err().unwrap().code(), ErrorCode::TooFast);
        let _third = streams.open(&bob).unwrap();
        assert_eq!(streams.open(&bob).err().unwrap().code(), ErrorCode::Overloaded);
        drop(first);
        assert!(streams.open(&alice).is_ok());
    }
}
