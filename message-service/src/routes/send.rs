//! `POST …/messages`: saying something.

use std::time::Instant;

use api::{
    Entry, EntryKind, ErrorCode, Problem, auth::Scope, id::MessageId, messages::SendMessage, tags::Tags,
};
use axum::{
    body::Bytes,
    extract::{FromRequest, Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use kit::{
    Caller, Failure,
    extract::{Json, Path},
};

use super::{batch, parts};
use crate::{
    app::App,
    domain::act::{Act, Key, Place, Verdict, What},
    store::{Outcome, Stored},
};

/// A body that is JSON, or the text alone.
pub(super) struct Said(SendMessage);

impl<S: Send + Sync> FromRequest<S> for Said {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let kind = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        if !kind.trim().to_ascii_lowercase().starts_with("text/plain") {
            let Json(message) = Json::from_request(request, state).await.map_err(|failure| match failure.code() {
                ErrorCode::UnsupportedMediaType => failure.detail(
                    "send JSON (Content-Type: application/json; curl: --json) or the text alone (Content-Type: text/plain)",
                ),
                _ => failure,
            })?;
            return Ok(Self(message));
        }
        let body =
            Bytes::from_request(request, state).await.map_err(|_| Failure::new(ErrorCode::BodyTooLarge))?;
        let text = String::from_utf8(body.to_vec())
            .map_err(|_| Failure::new(ErrorCode::BadRequest).detail("the text is not UTF-8"))?;
        Ok(Self(SendMessage { text, kind: None, reply_to: None, tags: Tags::default() }))
    }
}

/// Says something in a channel
///
/// The body is JSON, or the text alone as `text/plain`. With an `Idempotency-Key` a repeat gets the first answer.
#[utoipa::path(post, path = "/v1/channels/{channel}/messages", tag = "messages",
    params(("channel" = String, Path, description = "an id, or a name without its first #"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 128 visible ASCII characters; kept 7 days")),
    request_body(content((SendMessage = "application/json"), (String = "text/plain"))),
    responses((status = 201, body = Entry), (status = "4XX", body = Problem), (status = 503, body = Problem)))]
pub(super) async fn channel(
    State(app): State<App>,
    caller: Caller,
    Path(channel): Path<String>,
    headers: HeaderMap,
    Said(message): Said,
) -> kit::Result<Response> {
    let came = Instant::now();
    let actor = caller.require(Scope::Write)?;
    let what = what(message)?;
    let key = parts::key(&headers, &what)?;
    let channel = parts::channel(&app, &channel).await?;
    let granted = parts::grant(&app, actor, &channel, came, batch::deed(&what)).await;
    let act = act(&caller, Place::Channel(channel), what, key, parts::verdict(granted))?;
    created(append(&app, &caller, &headers, act).await?)
}

/// Says something to one person
#[utoipa::path(post, path = "/v1/users/{user}/messages", tag = "messages",
    params(("user" = String, Path, description = "an id, a nick or `me`"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 128 visible ASCII characters; kept 7 days")),
    request_body(content((SendMessage = "application/json"), (String = "text/plain"))),
    responses((status = 201, body = Entry), (status = "4XX", body = Problem), (status = 503, body = Problem)))]
pub(super) async fn direct(
    State(app): State<App>,
    caller: Caller,
    Path(user): Path<String>,
    headers: HeaderMap,
    Said(message): Said,
) -> kit::Result<Response> {
    let actor = caller.require(Scope::Write)?;
    let what = what(message)?;
    let key = parts::key(&headers, &what)?;
    let to = parts::person(&app, actor, &user).await?;
    let verdict = parts::verdict(parts::direct(&app, actor, &to, &what).await);
    let act = act(&caller, Place::Direct(to), what, key, verdict)?;
    created(append(&app, &caller, &headers, act).await?)
}

fn what(message: SendMessage) -> Result<What, Problem> {
    if message.kind == Some(EntryKind::Tags) && message.text.is_empty() {
        return What::tags(message.tags);
    }
    What::say(message.kind, message.text, message.reply_to)?.with(message.tags, Vec::new())
}

pub(super) fn act(
    caller: &Caller,
    place: Place,
    what: What,
    key: Option<Key>,
    verdict: Verdict,
) -> kit::Result<Act> {
    let actor = caller.person()?;
    // Only what a gateway sends for a session has been answered there; a program's own calls are news to that session.
    let session = caller.service.and(actor.session.clone());
    let trace = kit::trace::current().map(|context| context.trace_id);
    Ok(Act { author: actor.person.clone(), session, place, what, key, verdict, trace })
}

pub(super) async fn append(app: &App, caller: &Caller, headers: &HeaderMap, act: Act) -> kit::Result<Stored> {
    let mut outcomes = app.writer.append(vec![act], parts::origin(caller, headers)).await?;
    match outcomes.pop() {
        Some(Outcome::Stored(stored)) => Ok((*stored).clone()),
        Some(Outcome::Refused(problem)) => Err((*problem).into()),
        Some(Outcome::Stale) | None => {
            Err(Failure::unavailable("the channel is catching up, please try again"))
        }
    }
}

fn created(stored: Stored) -> kit::Result<Response> {
    let location = HeaderValue::try_from(location(&stored.entry.id)).map_err(anyhow::Error::from)?;
    let mut response =
        (StatusCode::CREATED, [(header::LOCATION, location)], Json(stored.entry)).into_response();
    if stored.replayed {
        response
            .headers_mut()
            .insert(HeaderName::from_static(parts::REPLAYED), HeaderValue::from_static("true"));
    }
    Ok(response)
}

fn location(id: &MessageId) -> String {
    format!("/v1/messages/{id}")
}
