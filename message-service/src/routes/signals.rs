//! `POST …/signals`: passed on to those who are there, and not kept.

use std::time::Instant;

use api::{
    ErrorCode, Problem,
    auth::Scope,
    messages::{Passing, SendSignal, Signal},
};
use axum::extract::State;
use http::HeaderMap;
use kit::{
    Caller, Failure,
    extract::{Json, Path},
};

use super::{batch::is_for_clients, parts};
use crate::{
    app::App,
    domain::{
        act::{Grant, What},
        policy::Deed,
    },
    live,
};

/// Passes something on to those who are in a channel: tags alone, or a text to those who have a role
///
/// Whoever may speak there may do this. It is not kept, has no number, and who is not there does not get it.
#[utoipa::path(post, path = "/v1/channels/{channel}/signals", tag = "messages",
    params(("channel" = String, Path, description = "an id, or a name without its first #")), request_body = SendSignal,
    responses((status = 200, body = Passing), (status = "4XX", body = Problem), (status = 503, body = Problem)))]
pub(super) async fn channel(
    State(app): State<App>,
    caller: Caller,
    Path(channel): Path<String>,
    headers: HeaderMap,
    Json(wanted): Json<SendSignal>,
) -> kit::Result<Json<Passing>> {
    let came = Instant::now();
    let actor = caller.require(Scope::Write)?;
    let passing = passing(&app, &caller, wanted)?;
    let channel = parts::channel(&app, &channel).await?;
    // What is for clients is so to whomever it goes.
    let deed = if is_for_clients(&passing.text) { Deed::SpeakToClients } else { Deed::Speak };
    let granted = parts::grant(&app, actor, &channel, came, deed).await?;
    let Grant::Channel { name, version, .. } = granted else {
        return Err(Failure::new(ErrorCode::NoSuchChannel));
    };
    let (target, channel_version) = (name.to_string(), Some(version));
    let passing = Passing { channel: Some(channel), target, channel_version, ..passing };
    Ok(Json(said(&app, &caller, &headers, passing)))
}

/// Passes tags on to a person
#[utoipa::path(post, path = "/v1/users/{user}/signals", tag = "messages",
    params(("user" = String, Path, description = "an id, a nick or `me`")), request_body = SendSignal,
    responses((status = 200, body = Passing), (status = "4XX", body = Problem), (status = 503, body = Problem)))]
pub(super) async fn direct(
    State(app): State<App>,
    caller: Caller,
    Path(user): Path<String>,
    headers: HeaderMap,
    Json(wanted): Json<SendSignal>,
) -> kit::Result<Json<Passing>> {
    let actor = caller.require(Scope::Write)?;
    if wanted.text.is_some() || wanted.to_role.is_some() {
        return Err(wrong("to one person tags are passed on; a text is a message").into());
    }
    let passing = passing(&app, &caller, wanted)?;
    let to = parts::person(&app, actor, &user).await?;
    app.strangers.decide(actor, &to, None).await?;
    let passing = Passing { target: to.nick.to_string(), to: Some(to), ..passing };
    Ok(Json(said(&app, &caller, &headers, passing)))
}

fn passing(app: &App, caller: &Caller, wanted: SendSignal) -> kit::Result<Passing> {
    let actor = caller.person()?;
    let SendSignal { tags, text, kind, to_role } = wanted;
    let (kind, text) = match text {
        None if tags.is_empty() => return Err(wrong("tags, or a text, are missing").into()),
        None => (None, String::new()),
        Some(_) if to_role.is_none() => return Err(wrong("a text for everybody is a message").into()),
        Some(text) => {
            let what = What::say(kind, text, None)?;
            (Some(what.kind()), what.text().to_owned())
        }
    };
    Ok(Passing {
        // Like a message's, with what no seq has.
        id: format!("{}-t{:016x}", actor.id(), rand::random::<u64>()),
        channel: None,
        target: String::new(),
        author: actor.person.clone(),
        to: None,
        session: caller.service.and(actor.session.clone()),
        channel_version: None,
        at: app.clock.now(),
        tags,
        kind,
        text,
        to_role,
    })
}

fn said(app: &App, caller: &Caller, headers: &HeaderMap, passing: Passing) -> Passing {
    publish(app, caller, headers, &Signal::Said(passing.clone()));
    passing
}

pub(super) fn publish(app: &App, caller: &Caller, headers: &HeaderMap, signal: &Signal) {
    let origin = parts::origin(caller, headers);
    for frame in live::signal_frames(signal, origin.as_deref()) {
        app.bus.publish(frame);
    }
}

fn wrong(detail: &str) -> Problem {
    Problem::new(ErrorCode::InvalidParameter).detail(detail)
}
