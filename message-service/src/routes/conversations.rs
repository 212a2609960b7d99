//! `/v1/users/me/conversations`: everything one takes part in.

use api::{ErrorCode, Page, Problem, auth::Scope, messages::Conversation};
use axum::extract::State;
use kit::{
    Caller, Failure,
    extract::{Json, Query},
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{app::App, domain::page, store::Listed};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// At most so many, 1 to 1,000; 50 if absent.
    pub(super) limit: Option<u32>,
    /// `next` of the page before.
    pub(super) cursor: Option<String>,
}

/// The caller's conversations with something in them: channels they are in, and direct ones. Unread are counted up to 1,000
#[utoipa::path(get, path = "/v1/users/me/conversations", tag = "conversations", params(ListQuery),
    responses((status = 200, body = Page<Conversation>), (status = "4XX", body = Problem), (status = 503, body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> kit::Result<Json<Page<Conversation>>> {
    let actor = caller.require(Scope::Read)?;
    let limit = page::limit(query.limit)?;
    let after = after(query.cursor.as_deref())?;
    let channels = app.channels.of(actor.id()).await?;
    let mut listed = app.store.conversations(actor.id(), &channels, after, limit + 1).await?;
    let more = listed.len() > limit as usize;
    listed.truncate(limit as usize);
    let next = listed.last().filter(|_| more).map(|last| last.n.to_string());
    Ok(Json(Page { items: listed.into_iter().map(conversation).collect(), next }))
}

/// Where a page begins: at a number that the page before ended with.
pub(super) fn after(cursor: Option<&str>) -> kit::Result<i64> {
    match cursor.map(str::parse::<i64>) {
        None => Ok(0),
        Some(Ok(after)) if after >= 0 => Ok(after),
        Some(_) => {
            Err(Failure::new(ErrorCode::InvalidParameter).detail("cursor is none that this list gave"))
        }
    }
}

fn conversation(listed: Listed) -> Conversation {
    let (target, user) = match (listed.name, listed.other) {
        (Some(name), _) => (name, None),
        (None, Some((id, nick))) => (nick.into(), Some(id)),
        (None, None) => (String::new(), None),
    };
    Conversation {
        id: listed.id,
        target,
        user,
        last_seq: listed.last_seq,
        last_at: listed.last_at,
        read_seq: listed.read_seq,
        unread: listed.unread,
    }
}
