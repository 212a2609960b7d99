//! What handlers have in common: reading what stands in paths and headers, and the shape of answers.

use api::{
    ChannelName, ErrorCode,
    auth::{Actor, ORIGIN, Scope, ServiceName},
    channels::{Changed, MeOr, Member},
    id::{ChannelId, UserId},
    page::{DEFAULT_LIMIT, MAX_LIMIT},
    text::LineText,
};
use axum::response::{IntoResponse, Response};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kit::{Caller, Failure, extract::Json};
use serde::Deserialize;

use crate::{
    App,
    changes::{ChannelRef, Who},
    domain::{policy::Asker, room::Room},
    error::refused,
};

/// Who changes something: a person whose token allows it.
pub(super) fn who(caller: &Caller, headers: &HeaderMap) -> kit::Result<Who> {
    let actor = caller.require(Scope::Channels)?.clone();
    let session = caller.service.and(actor.session.clone());
    Ok(Who { actor, session, origin: origin(caller, headers) })
}

/// The gateway that asks: the bus need not bring it back what comes of this.
pub(super) fn origin(caller: &Caller, headers: &HeaderMap) -> Option<String> {
    let gateway = caller.service == Some(ServiceName::Gateway);
    let id = headers.get(ORIGIN).filter(|_| gateway)?.to_str().ok()?;
    Some(id.to_owned()).filter(|id| !id.is_empty())
}

/// Who reads something.
pub(super) enum Reader<'a> {
    /// A service for itself: sees all.
    Service,
    Person(&'a Actor),
}

impl<'a> Reader<'a> {
    pub(super) fn of(caller: &'a Caller) -> kit::Result<Self> {
        if caller.actor.is_some() {
            return Ok(Self::Person(caller.require(Scope::Read)?));
        }
        match caller.service() {
            Ok(_) => Ok(Self::Service),
            Err(_) => {
                Err(Failure::new(ErrorCode::NotAuthenticated)
                    .detail("send Authorization: Bearer <access token>"))
            }
        }
    }
}

/// A channel that a path names.
pub(super) fn channel(segment: &str) -> kit::Result<ChannelRef> {
    if segment.starts_with(|c: char| c.is_ascii_digit()) {
        let id: Result<ChannelId, _> = segment.parse();
        return id.map(ChannelRef::Id).map_err(|_| refused(ErrorCode::NoSuchChannel, segment));
    }
    ChannelName::from_path(segment).map(ChannelRef::Name).map_err(|error| {
        Failure::new(ErrorCode::InvalidChannelName)
            .detail(format!("#{segment} is no channel's name: {error}"))
    })
}

/// A person that a path names, for somebody.
pub(super) fn user(segment: &str, actor: Option<&Actor>) -> kit::Result<UserId> {
    match segment.parse() {
        Ok(MeOr::Me) => match actor {
            Some(actor) => Ok(actor.id().clone()),
            None => Err(Failure::new(ErrorCode::NoSuchNick).detail("a service is nobody's \"me\"")),
        },
        Ok(MeOr::Id(id)) => Ok(id),
        Err(_) => Err(Failure::new(ErrorCode::NoSuchNick)
            .detail(format!("{segment} is no user's id; here a user is an id or \"me\""))),
    }
}

/// A room that an asker sees, and who they are there. A channel that is asleep is there for services only.
pub(super) async fn seen(
    app: &App,
    reader: &Reader<'_>,
    channel: &ChannelRef,
    rule: fn(&Asker<'_>, &api::channels::Channel) -> Result<(), ErrorCode>,
) -> kit::Result<(Room, Option<Member>)> {
    let store = &app.changes.store;
    let room = match channel {
        ChannelRef::Id(id) => store.room(id).await?,
        ChannelRef::Name(name) => store.room_named(name).await?,
    };
    let room = room.ok_or_else(|| refused_here(channel))?;
    let Reader::Person(actor) = reader else { return Ok((room, None)) };
    if room.is_dormant() {
        return Err(refused_here(channel));
    }
    let member = store.member(&room.channel.id, actor.id()).await?;
    rule(&Asker { actor, member: member.as_ref() }, &room.channel).map_err(|code| match code {
        ErrorCode::NoSuchChannel => refused_here(channel),
        code => refused(code, channel),
    })?;
    Ok((room, member))
}

/// No such channel, with the usual cause where it may be one.
fn refused_here(channel: &ChannelRef) -> Failure {
    let failure = refused(ErrorCode::NoSuchChannel, channel);
    match channel {
        ChannelRef::Name(name) if name.as_str().starts_with("##") => {
            let inner = &name.as_str()[1..];
            failure.detail(format!("there is no channel {name}; for {inner} leave out the # in the path"))
        }
        _ => failure,
    }
}

/// A page of a list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PageQuery {
    limit: Option<u32>,
    cursor: Option<String>,
}

impl PageQuery {
    pub(super) fn limit(&self) -> kit::Result<usize> {
        limit(self.limit, DEFAULT_LIMIT)
    }

    /// What the last page ended with.
    pub(super) fn after(&self) -> kit::Result<String> {
        after(self.cursor.as_deref())
    }
}

pub(super) fn limit(given: Option<u32>, default: u32) -> kit::Result<usize> {
    let limit = given.unwrap_or(default);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Failure::new(ErrorCode::InvalidParameter).detail(format!("limit is 1 to {MAX_LIMIT}")));
    }
    Ok(limit as usize)
}

pub(super) fn after(cursor: Option<&str>) -> kit::Result<String> {
    let Some(cursor) = cursor else { return Ok(String::new()) };
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .filter(|text| !text.contains('\0'))
        .ok_or_else(|| Failure::new(ErrorCode::InvalidParameter).detail("cursor is none that this list gave"))
}

pub(super) fn cursor(last: &str) -> String {
    URL_SAFE_NO_PAD.encode(last)
}

/// A one-line text of a body or a query.
pub(super) fn line(text: String, pointer: &str) -> kit::Result<String> {
    LineText::try_from(text).map(Into::into).map_err(|error| error.problem(pointer).into())
}

/// `If-Match`: versions that the asker will accept. None: any.
pub(super) fn expected(headers: &HeaderMap) -> kit::Result<Option<Vec<u64>>> {
    let mut versions = Vec::new();
    let mut given = false;
    for value in headers.get_all(header::IF_MATCH) {
        given = true;
        for tag in value.to_str().unwrap_or_default().split(',').map(str::trim) {
            if tag == "*" {
                return Ok(None);
            }
            versions.extend(version(tag)?);
        }
    }
    Ok(given.then_some(versions))
}

/// The version that a tag stands for; none: a tag of something else. Ours may come bare.
fn version(tag: &str) -> kit::Result<Option<u64>> {
    let opaque = tag.strip_prefix("W/").unwrap_or(tag);
    match opaque.strip_prefix('"').map(|rest| rest.strip_suffix('"')) {
        Some(Some(inner)) if !inner.contains('"') => Ok(inner.parse().ok()),
        None if opaque.parse::<u64>().is_ok() => Ok(opaque.parse().ok()),
        _ => Err(Failure::new(ErrorCode::BadRequest)
            .detail("If-Match is the ETag of the channel as you know it: a version in quotes, or *")),
    }
}

pub(super) fn etag(version: u64) -> [(http::HeaderName, HeaderValue); 1] {
    let value = HeaderValue::try_from(format!("\"{version}\"")).expect("digits in quotes are visible ASCII");
    [(header::ETAG, value)]
}

/// The answer to a change: 200, with the version it left.
pub(super) fn changed(changed: Changed) -> Response {
    (etag(changed.channel.version), Json(changed)).into_response()
}

/// The answer to a change that may have made something: 201 if it did.
pub(super) fn created(made: Changed) -> Response {
    let status = if made.event.is_some() { StatusCode::CREATED } else { StatusCode::OK };
    (status, etag(made.channel.version), Json(made)).into_response()
}
