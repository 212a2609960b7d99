//! `/v1/users/me/conversations`: everything one takes part in.

use api::{ErrorCode, Page, Problem, Timestamp, auth::Scope, messages::Conversation};
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

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ConversationsQuery {
    /// Those whose latest entry is later than this millisecond.
    after_at: Option<Timestamp>,
    /// Those whose latest entry is earlier than this millisecond.
    before_at: Option<Timestamp>,
    /// At most so many, 1 to 1,000; 50 if absent.
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// The caller's conversations with something in them: channels they are in, and direct ones. Unread are counted up to 1,000
///
/// With `after_at` or `before_at` they come by the time of their latest entry, the earliest first.
#[utoipa::path(get, path = "/v1/users/me/conversations", tag = "conversations", params(ConversationsQuery),
    responses((status = 200, body = Page<Conversation>), (status = "4XX", body = Problem), (status = 503, body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ConversationsQuery>,
) -> kit::Result<Json<Page<Conversation>>> {
    let actor = caller.require(Scope::Read)?;
    let limit = page::limit(query.limit)?;
    let by_time = query.after_at.is_some() || query.before_at.is_some();
    let (at, n) = if by_time { query.after_moment()? } else { (0, after(query.cursor.as_deref())?) };
    let channels = app.channels.of(actor.id()).await?;
    let mut listed = if by_time {
        let before = query.before_at.map_or(i64::MAX, |at| at.to_millis().0);
        app.store.conversations_at(actor.id(), &channels, (at, n), before, limit + 1).await?
    } else {
        app.store.conversations(actor.id(), &channels, n, limit + 1).await?
    };
    let more = listed.len() > limit as usize;
    listed.truncate(limit as usize);
    let next = listed.last().filter(|_| more).map(|last| match last.last_at.filter(|_| by_time) {
        Some(Timestamp(at)) => format!("{at}-{}", last.n),
        None => last.n.to_string(),
    });
    Ok(Json(Page { items: listed.into_iter().map(conversation).collect(), next }))
}

impl ConversationsQuery {
    /// Where a page by time begins: after a millisecond, or after the last of the page before.
    fn after_moment(&self) -> kit::Result<(i64, i64)> {
        let Some(cursor) = &self.cursor else {
            let at = self.after_at.map_or(i64::MIN, |at| at.to_millis().0.saturating_add(999));
            return Ok((at, i64::MAX));
        };
        let (at, n) = cursor.split_once('-').unwrap_or((cursor, ""));
        let parsed = after(Some(at)).and_then(|at| Ok((at, after(Some(n))?)));
        parsed.map_err(|_| no_cursor())
    }
}

/// Where a page begins: at a number that the page before ended with.
pub(super) fn after(cursor: Option<&str>) -> kit::Result<i64> {
    match cursor.map(str::parse::<i64>) {
        None => Ok(0),
        Some(Ok(after)) if after >= 0 => Ok(after),
        Some(_) => Err(no_cursor()),
    }
}

fn no_cursor() -> Failure {
    Failure::new(ErrorCode::InvalidParameter).detail("cursor is none that this list gave")
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
