//! The bus without a bus server: owners stream their own events as server-sent events, readers follow each owner.

use std::{sync::Arc, time::Duration};

use api::{
    Problem,
    bus::{Frame, Subject},
};
use axum::{
    Extension,
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use bytes::{BufMut, BytesMut};
use eventsource_stream::Eventsource;
use futures_util::{Stream, StreamExt, stream};
use http::header;
use serde::Deserialize;
use tokio::sync::broadcast;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Feed,
    subscription::{BusItem, Feeder, Interest, Subscription},
};
use crate::{
    auth::{FromService, Signer},
    extract::Query,
    problem::Failure,
    service::Tasks,
};

/// Frames kept for a slow reader; past it its stream ends, and it reconnects and asks for what it missed.
const BACKLOG: usize = 4096;
/// Frames that wait for the same reader leave together, up to some 64 KiB.
const CHUNK: usize = 64 * 1024;
/// A line now and then keeps proxies from closing and shows a reader that the owner lives.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// Silence of several keep-alives: the owner is gone without a word.
const SILENCE: Duration = Duration::from_secs(35);
/// Pauses between tries to reach an owner: short at first, it may just be restarting.
const BACK_OFF: [Duration; 6] = [
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];
/// No origin, in the `id` field.
const NOBODY: &str = "-";

/// This process's end of it: what it publishes, and what it needs to follow others.
#[derive(Clone)]
pub struct HttpBus {
    published: broadcast::Sender<Arc<Published>>,
    signer: Signer,
    http: reqwest::Client,
    tasks: Tasks,
}

/// A frame written once for all its readers.
struct Published {
    subject: String,
    origin: Option<String>,
    text: Bytes,
}

/// Which frames a reader wants.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Prefixes of subjects, with commas between.
    #[serde(default)]
    subjects: String,
    /// Frames of this origin are left out.
    without: Option<String>,
}

/// Documented whether or not anything is published; see [`HttpBus::routes`] for the one that is served.
pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(stream_events))
}

impl HttpBus {
    pub(super) fn new(signer: Signer, http: reqwest::Client, tasks: Tasks) -> Self {
        Self { published: broadcast::channel(BACKLOG).0, signer, http, tasks }
    }

    pub(super) fn publish(&self, frame: &Frame) {
        if self.published.receiver_count() > 0 {
            // Fails only without readers.
            let _ = self.published.send(Arc::new(Published::from(frame)));
        }
    }

    pub(super) fn routes(&self) -> OpenApiRouter {
        let published = self.published.clone();
        routes().layer(Extension(published))
    }

    pub(super) fn subscribe(&self, feed: Feed) -> Subscription {
        let (subscription, feeder) = Subscription::pair(Interest::new(feed.chosen));
        feeder.interest.settle_at_once();
        let bus = self.clone();
        self.tasks.spawn("follow-events", async move {
            let ended = feeder.ended.clone();
            tokio::select! {
                () = bus.follow(feed, feeder) => {}
                () = ended.cancelled() => {}
            }
        });
        subscription
    }

    async fn follow(&self, feed: Feed, feeder: Feeder) {
        let mut failures = 0;
        loop {
            match self.connect(&feed).await {
                Ok(response) => {
                    failures = 0;
                    if !feeder.send(BusItem::Connected).await || !read(response, &feed, &feeder).await {
                        return;
                    }
                    tracing::debug!(owner = %feed.owner, "the stream of events ended, will come back");
                }
                Err(error) => {
                    if failures == 0 {
                        tracing::debug!(owner = %feed.owner, cause = format!("{error:#}"), "could not follow events, will try again");
                    }
                    failures += 1;
                }
            }
            tokio::time::sleep(BACK_OFF[failures.min(BACK_OFF.len() - 1)]).await;
        }
    }

    async fn connect(&self, feed: &Feed) -> anyhow::Result<reqwest::Response> {
        let mut url = feed.owner.join("v1/events")?;
        url.query_pairs_mut().append_pair("subjects", &feed.prefixes.join(","));
        if let Some(origin) = &feed.own_origin {
            url.query_pairs_mut().append_pair("without", origin);
        }
        let request = self.http.get(url).header(header::AUTHORIZATION, self.signer.bearer());
        let response = tokio::time::timeout(SILENCE, request.send()).await??;
        Ok(response.error_for_status()?)
    }
}

/// False once nobody reads any more; true when the stream ended.
async fn read(response: reqwest::Response, feed: &Feed, feeder: &Feeder) -> bool {
    let bytes = Box::pin(response.bytes_stream());
    let bytes = stream::unfold(bytes, |mut bytes| async move {
        let next = tokio::time::timeout(SILENCE, bytes.next()).await.ok()??;
        Some((next, bytes))
    });
    let mut events = Box::pin(bytes.eventsource());
    while let Some(Ok(event)) = events.next().await {
        // A newer owner may publish what this release does not know.
        let Ok(subject) = event.event.parse::<Subject>() else { continue };
        let origin = Some(event.id).filter(|origin| origin != NOBODY);
        let own = origin.is_some() && origin == feed.own_origin;
        if own || !feeder.interest.wants(&subject) {
            continue;
        }
        let frame = Frame { subject, origin, payload: event.data.into_bytes() };
        if !feeder.send(BusItem::Frame(frame)).await {
            return false;
        }
    }
    true
}

impl From<&Frame> for Published {
    /// `event: <subject>`, `id: <origin>`, `data: <payload>`; a line break in a payload starts another `data` line.
    fn from(frame: &Frame) -> Self {
        let subject = frame.subject.to_string();
        let origin = frame.origin.as_deref().unwrap_or(NOBODY);
        let mut text = BytesMut::with_capacity(frame.payload.len() + subject.len() + origin.len() + 32);
        for part in ["event: ", &subject, "\nid: ", origin, "\n"] {
            text.put_slice(part.as_bytes());
        }
        for line in frame.payload.split(|&byte| byte == b'\n') {
            text.put_slice(b"data: ");
            text.put_slice(line);
            text.put_u8(b'\n');
        }
        text.put_u8(b'\n');
        Self { subject, origin: frame.origin.clone(), text: text.freeze() }
    }
}

/// Follow this service's live events (services only)
///
/// Server-sent events: `event` is the subject, `id` the origin (`-`: none), `data` the payload. What is lost is not repeated:
/// readers compare versions. Served with `bus.kind = "http"` only.
#[utoipa::path(get, path = "/v1/events", tag = "services", params(Wanted), responses(
    (status = 200, body = String, content_type = "text/event-stream"),
    (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem),
))]
async fn stream_events(
    _: FromService,
    Query(wanted): Query<Wanted>,
    Extension(published): Extension<broadcast::Sender<Arc<Published>>>,
) -> Result<Response, Failure> {
    // Subscribed before the headers leave: what is published after the reader saw them is not missed.
    let chunks = chunks(published.subscribe(), wanted);
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, Body::from_stream(chunks)).into_response())
}

fn chunks(
    frames: broadcast::Receiver<Arc<Published>>,
    wanted: Wanted,
) -> impl Stream<Item = Result<Bytes, std::convert::Infallible>> {
    stream::unfold((frames, wanted), |(mut frames, wanted)| async move {
        let chunk = next_chunk(&mut frames, &wanted).await?;
        Some((Ok(chunk), (frames, wanted)))
    })
}

/// What waits for this reader, or a sign of life; nothing if it fell behind.
async fn next_chunk(frames: &mut broadcast::Receiver<Arc<Published>>, wanted: &Wanted) -> Option<Bytes> {
    let first = tokio::time::timeout(KEEP_ALIVE, async {
        loop {
            match frames.recv().await {
                Ok(frame) if wanted.covers(&frame) => return Some(frame),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    });
    let first = match first.await {
        Ok(frame) => frame?,
        Err(_) => return Some(Bytes::from_static(b":\n\n")),
    };
    if frames.is_empty() {
        return Some(first.text.clone());
    }
    let mut chunk = BytesMut::from(&first.text[..]);
    while chunk.len() < CHUNK {
        match frames.try_recv() {
            Ok(frame) if wanted.covers(&frame) => chunk.put_slice(&frame.text),
            Ok(_) => {}
            // A lag shows again at the next call, after what is whole has left.
            Err(_) => break,
        }
    }
    Some(chunk.freeze())
}

impl Wanted {
    fn covers(&self, frame: &Published) -> bool {
        let own = frame.origin.is_some() && frame.origin == self.without;
        !own && self.subjects.split(',').any(|prefix| frame.subject.starts_with(prefix))
    }
}
