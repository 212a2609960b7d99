//! What happens around each request: trace, limits, panics, numbers.

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use api::{ErrorCode, auth::ServiceName};
use axum::{
    Extension, Router,
    body::{Body, HttpBody},
    extract::{DefaultBodyLimit, MatchedPath, Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use futures_util::{FutureExt, StreamExt};
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri, Version, header, request::Parts};
use tokio_util::sync::CancellationToken;
use tower_http::cors::{AllowOrigin, Any, CorsLayer};
use tracing::Instrument;

use super::{
    ServiceFrame,
    crowd::Visitor,
    faults::Faults,
    pages,
    slots::{Awaited, Slots, Trouble},
};
use crate::{
    auth::Caller,
    problem::Failure,
    service::tasks::panic_text,
    trace::{self, TRACE_ID, TRACEPARENT, TraceContext},
};

/// Routes that watchers ask: answered whatever the load.
const WATCHERS: [&str; 3] = ["/livez", "/readyz", "/metrics"];

struct Frame {
    name: ServiceName,
    request_timeout: Duration,
    body_stall: Duration,
    slots: Slots,
    draining: CancellationToken,
    /// Only where a test asked for it.
    faults: Option<Faults>,
}

/// The service's routes with all that every service has around them.
pub(super) fn app(frame: ServiceFrame) -> Router {
    let ServiceFrame { name, routes, readiness, limits, verifier, tasks, .. } = frame;
    let (documented, openapi) = routes.merge(pages::routes().with_state(readiness)).split_for_parts();
    let faults = limits.test_faults.then(Faults::default);
    let state = Arc::new(Frame {
        name,
        request_timeout: limits.request_timeout.get(),
        body_stall: limits.body_stall.get(),
        slots: Slots::new(limits.concurrency, limits.concurrency_of_services),
        draining: tasks.draining_token(),
        faults: faults.clone(),
    });
    let mut app = documented
        .merge(pages::description(name, openapi))
        .merge(faults.map_or_else(Router::new, |faults| faults.routes()))
        .fallback(not_found)
        .layer(DefaultBodyLimit::max(limits.body_limit))
        .layer(from_fn_with_state(state, around));
    if let Some(verifier) = verifier {
        app = app.layer(Extension(verifier));
    }
    if limits.cors_origins.is_empty() { app } else { app.layer(cors(&limits.cors_origins)) }
}

async fn around(State(frame): State<Arc<Frame>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let given = request.headers().get(TRACEPARENT).and_then(|value| value.to_str().ok()?.parse().ok());
    let context = given.map_or_else(TraceContext::random, TraceContext::child);
    // Absent for addresses that lead nowhere: their text must not become labels.
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("none", |route| route.as_str()).to_owned();
    let method = method(request.method());
    let trace_id = context.trace_id.to_string();
    let span = tracing::info_span!("request", service = %frame.name, trace_id, method, route);

    let work = frame.answer(request, next, &route).instrument(span.clone());
    let mut response = trace::scope(context, work).await;

    let status = response.status();
    let took = started.elapsed();
    tracing::debug!(target: "access", parent: &span, status = status.as_u16(), took_us = took.as_micros(), "answered");
    let labels =
        [("service", frame.name.as_str().to_owned()), ("route", route), ("method", method.to_owned())];
    metrics::histogram!("http_request_duration_seconds", &labels).record(took);
    let [service, route, method] = labels;
    let labels = [service, route, method, ("status", status.as_str().to_owned())];
    metrics::counter!("http_requests_total", &labels).increment(1);
    if let Ok(value) = HeaderValue::try_from(trace_id) {
        response.headers_mut().insert(TRACE_ID, value);
    }
    response
}

impl Frame {
    async fn answer(&self, request: Request, next: Next, route: &str) -> Response {
        // RFC 9112, 3.2: a request that does not say whom it is for, or says it twice, is answered 400.
        let hosts = request.headers().get_all(header::HOST).iter().count();
        if hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11) {
            return Failure::new(ErrorCode::BadRequest)
                .detail("HTTP/1.1 asks for one Host header")
                .into_response();
        }
        let work = AssertUnwindSafe(self.admitted(request, next, route)).catch_unwind();
        match tokio::time::timeout(self.request_timeout, work).await {
            Ok(Ok(response)) => self.finish(response),
            Ok(Err(panic)) => {
                let text = panic_text(&*panic).to_owned();
                Failure::internal(anyhow::anyhow!("a handler panicked: {text}")).into_response()
            }
            Err(_) => Failure::new(ErrorCode::Timeout)
                .detail(format!(
                    "no answer within {} s; whether it was done is not known",
                    self.request_timeout.as_secs_f32()
                ))
                .into_response(),
        }
    }

    /// Who asks decides which places there are; who has none is not worked for.
    async fn admitted(&self, request: Request, next: Next, route: &str) -> Response {
        let (mut parts, body) = request.into_parts();
        let of_service = of_service(&mut parts).await;
        let visitor = parts.extensions.get::<Visitor>();
        if of_service {
            visitor.inspect(|visitor| visitor.is_neighbour());
        }
        if WATCHERS.contains(&route) {
            return self.work(Request::from_parts(parts, body), next).await;
        }
        if visitor.is_some_and(Visitor::is_one_too_many) {
            let failure = Failure::new(ErrorCode::TooManyConnections)
                .detail("there are too many connections from your address");
            return ([(header::CONNECTION, "close")], failure).into_response();
        }
        let Some(slot) = self.slots.take(of_service) else {
            return Failure::new(ErrorCode::Overloaded).into_response();
        };
        let body = match body.is_end_stream() {
            true => body,
            false => Body::new(Awaited::new(body, slot.clone(), self.body_stall)),
        };
        let response = self.work(Request::from_parts(parts, body), next).await;
        match slot.trouble() {
            None => response,
            Some(Trouble::Overloaded) => Failure::new(ErrorCode::Overloaded).into_response(),
            Some(Trouble::Stalled) => Failure::new(ErrorCode::BadRequest)
                .detail(format!("nothing of the body came for {} s", self.body_stall.as_secs_f32()))
                .into_response(),
        }
    }

    async fn work(&self, request: Request, next: Next) -> Response {
        let Some(faults) = &self.faults else { return next.run(request).await };
        let path = request.uri().path().to_owned();
        faults.strike(&path, false).await;
        let response = next.run(request).await;
        faults.strike(&path, true).await;
        response
    }

    fn finish(&self, response: Response) -> Response {
        // axum adds the Allow header after us.
        if response.status() == StatusCode::METHOD_NOT_ALLOWED {
            return Failure::new(ErrorCode::MethodNotAllowed).into_response();
        }
        let kind = response.headers().get(header::CONTENT_TYPE);
        if kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream")) {
            return self.ended_by_draining(response);
        }
        response
    }

    /// A stream would keep the listener open for ever; its reader comes back elsewhere.
    fn ended_by_draining(&self, response: Response) -> Response {
        let draining = self.draining.clone();
        response.map(|body| Body::from_stream(body.into_data_stream().take_until(draining.cancelled_owned())))
    }
}

/// Whether a service's own token came; what it says is kept for the handler.
async fn of_service(parts: &mut Parts) -> bool {
    // A token that is not valid is refused by whoever asks for one.
    let Ok(caller) = Caller::or_nobody(parts).await else { return false };
    let of_service = caller.service.is_some();
    if of_service || caller.actor.is_some() {
        parts.extensions.insert(caller);
    }
    of_service
}

async fn not_found(uri: Uri) -> Failure {
    let hint = "a # or a space in a path is written %23 or %20";
    Failure::new(ErrorCode::NotFound).detail(format!("there is nothing at {}; {hint}", uri.path()))
}

/// A label's values must be few, whatever clients send.
fn method(method: &Method) -> &'static str {
    [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::HEAD, Method::OPTIONS]
        .iter()
        .position(|known| known == method)
        .map_or("other", |at| ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"][at])
}

fn cors(origins: &[String]) -> CorsLayer {
    let layer = CorsLayer::new()
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(
            ["authorization", "content-type", "idempotency-key", "if-match", "last-event-id", TRACEPARENT]
                .map(HeaderName::from_static),
        )
        .expose_headers(
            [TRACE_ID, "etag", "location", "retry-after", "idempotent-replayed", "www-authenticate"]
                .map(HeaderName::from_static),
        );
    if origins.iter().any(|origin| origin == "*") {
        return layer.allow_origin(Any);
    }
    let origins =
        origins.iter().filter_map(|origin| HeaderValue::try_from(origin.trim_end_matches('/')).ok());
    layer.allow_origin(AllowOrigin::list(origins))
}
