//! Sessions: opened and ended by gateways, seen and ended by their owners.

use api::{
    ErrorCode, Item, Page, Problem,
    auth::{ACCESS_TOKEN_SECONDS, Scope},
    id::SessionId,
    page::{Batch, MAX_BATCH},
    text::LineText,
    users::{EndSession, OpenSession, OpenedSession, Session, SessionToken, Token},
};
use axum::extract::State;
use futures_util::future::join_all;
use http::StatusCode;
use kit::{
    Failure, Result,
    auth::FromGateway,
    extract::{Json, Path, Query},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    api_tokens,
    asker::{Asker, Known},
    paging::Paging,
};
use crate::{
    app::App,
    domain::secret,
    store::sessions::{How, OpenTerms, Opened, SessionRow},
    work,
};

/// Bytes of a reason: it goes into an event and onto a line.
const MAX_REASON_BYTES: usize = api::text::MAX_LINE_BYTES;

fn bounded<T>(batch: Batch<T>) -> Result<Vec<T>> {
    if batch.items.len() > MAX_BATCH {
        let detail = format!("at most {MAX_BATCH} items at once");
        return Err(Failure::new(ErrorCode::InvalidParameter).detail(&detail).field("/items", detail));
    }
    Ok(batch.items)
}

/// Opens sessions (gateways only). Asking again with the same id gives the same session.
#[utoipa::path(post, path = "/v1/sessions:open", tag = "sessions", request_body = Batch<OpenSession>, responses(
    (status = 200, description = "One result each, in order", body = Batch<Item<OpenedSession>>),
    (status = 403, description = "forbidden", body = Problem),
))]
pub(super) async fn open(
    State(app): State<App>,
    _: FromGateway,
    Json(batch): Json<Batch<OpenSession>>,
) -> Result<Json<Batch<Item<OpenedSession>>>> {
    let items = bounded(batch)?;
    let origin = items.first().map(|item| item.gateway.to_string());
    if items.iter().any(|item| Some(item.gateway.as_str()) != origin.as_deref()) {
        return Err(Failure::new(ErrorCode::InvalidParameter).detail("a batch is of one gateway"));
    }
    let identified = join_all(items.iter().map(|item| app.identify(item))).await;
    let mut openings = Vec::with_capacity(items.len());
    let mut refused: Vec<Option<Failure>> = Vec::with_capacity(items.len());
    for item in identified {
        match item {
            Ok(opening) => {
                openings.push(opening);
                refused.push(None);
            }
            Err(failure) => refused.push(Some(failure)),
        }
    }
    let terms =
        OpenTerms { sessions_of_user: app.config.sessions_of_user, takeover: app.config.takeover.get() };
    let (opened, told) = match openings.is_empty() {
        true => Default::default(),
        false => app.store.open_sessions(openings, terms, app.now()).await?,
    };
    app.announce(&told, origin.as_deref());
    let mut opened = opened.into_iter();
    let results = refused.into_iter().map(|refused| match refused {
        Some(failure) => Item::Problem(failure.into_problem()),
        None => match opened.next() {
            Some(Ok(opened)) => Item::Ok(answer(&app, opened)),
            Some(Err(failure)) => Item::Problem(failure.into_problem()),
            None => Item::Problem(Failure::from(ErrorCode::Internal).into_problem()),
        },
    });
    Ok(Json(Batch { items: results.collect() }))
}

fn answer(app: &App, opened: Opened) -> OpenedSession {
    OpenedSession {
        secret: secret::session_secret(&app.session_key, &opened.session),
        session: opened.session,
        user: opened.user,
        scopes: opened.scopes,
        opened_at: opened.opened_at,
        replaced: opened.replaced,
        always_on: opened.always_on,
        missed_since: opened.missed_since,
    }
}

/// Ends sessions (gateways only). Unknown ones and those that ended before are no error.
#[utoipa::path(post, path = "/v1/sessions:end", tag = "sessions", request_body = Batch<EndSession>, responses(
    (status = 204, description = "They have ended and left their channels, or will in a moment; then a guest's nick is free"),
    (status = 403, description = "forbidden", body = Problem),
))]
pub(super) async fn end(
    State(app): State<App>,
    _: FromGateway,
    Json(batch): Json<Batch<EndSession>>,
) -> Result<StatusCode> {
    let mut items = bounded(batch)?;
    for item in &mut items {
        let mut at = item.reason.len().min(MAX_REASON_BYTES);
        while !item.reason.is_char_boundary(at) {
            at -= 1;
        }
        item.reason.truncate(at);
        item.reason.retain(|c| !matches!(c, '\0' | '\r' | '\n'));
    }
    let (told, left) = app.store.end_sessions(&items, app.now()).await?;
    // The answer does not tell the gateway whether anything is left of those people.
    app.announce(&told, None);
    work::carry_out_now(&app, left).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a token for a session (gateways, for the person whose it is): an access token, or with a label a personal API token.
#[utoipa::path(post, path = "/v1/sessions/{id}/tokens", tag = "sessions",
    params(("id" = SessionId, Path)), request_body = SessionToken, responses(
    (status = 201, description = "The token, shown this once", body = Token),
    (status = 403, description = "forbidden, insufficient-scope", body = Problem),
    (status = 410, description = "session-ended", body = Problem),
))]
pub(super) async fn token(
    State(app): State<App>,
    FromGateway(caller): FromGateway,
    Path(id): Path<SessionId>,
    Json(body): Json<SessionToken>,
) -> Result<(StatusCode, Json<Token>)> {
    let actor = caller.person()?;
    let session =
        app.store.session(&id).await?.filter(|session| session.is_live() && session.user_id.0 == *actor.id());
    let session = session.ok_or(ErrorCode::SessionEnded)?;
    let token = match body.label {
        Some(label) => {
            // Longer-lived than the session: for those who may do this to the account, and never with an operator's scope.
            if !session.scopes().contains(Scope::Account) {
                return Err(
                    Failure::new(ErrorCode::InsufficientScope).detail("the session lacks the scope account")
                );
            }
            let scopes = session.scopes().without(Scope::Operator);
            let made =
                api_tokens::make(&app, actor.id(), label.as_str(), scopes, session.grant_id.as_deref())
                    .await?;
            Token { token: made.secret.unwrap_or_default(), expires_in: None }
        }
        None => {
            let user = app.store.hold_nick(actor.id(), app.now()).await?;
            // What a session operates by somebody else's password it does itself: a token would outlive that.
            let scopes = match session.granted_by {
                Some(_) => session.scopes().without(Scope::Operator),
                None => session.scopes(),
            };
            let host = session.host.clone();
            let token_id = secret::access_token_id(id.as_str(), &mut rand::rng());
            if let Some(address) = session.address() {
                app.store.note_access_token(&token_id, actor.id(), address, &host, app.now()).await?;
            }
            let token = app.access_token(&user, scopes, token_id, Some(&id), host, app.now())?;
            Token { token, expires_in: Some(ACCESS_TOKEN_SECONDS) }
        }
    };
    Ok((StatusCode::CREATED, Json(token)))
}

/// Lists open sessions: one's own, or anybody's for operators.
#[utoipa::path(get, path = "/v1/users/{user}/sessions", tag = "sessions",
    params(("user" = String, Path, description = "`me`; for operators an id or a nick"), Paging), responses(
    (status = 200, description = "A page of them", body = Page<Session>),
    (status = 403, description = "forbidden", body = Problem),
))]
pub(super) async fn list(
    State(app): State<App>,
    Known(asker): Known,
    Path(user): Path<String>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Session>>> {
    let (user, _) = asker.own_or_operated(&app, &user).await?;
    let (after, limit) = paging.ask()?;
    let sessions = app.store.sessions_of(&user.id, after, limit).await?;
    Ok(Json(paging.page(sessions.iter().map(SessionRow::view).collect(), |session| session.id.to_string())?))
}

/// Why an operator ends a session.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct Ending {
    /// Shown to those who see them go.
    #[param(value_type = Option<String>)]
    reason: Option<LineText>,
}

/// Ends all open sessions: one's own, or anybody's for operators. Whom an operator disconnects has no valid token any more either.
#[utoipa::path(delete, path = "/v1/users/{user}/sessions", tag = "sessions",
    params(("user" = String, Path, description = "`me`; for operators an id or a nick"), Ending), responses(
    (status = 204, description = "They have ended"),
    (status = 403, description = "forbidden", body = Problem),
))]
pub(super) async fn delete_all(
    State(app): State<App>,
    Known(asker): Known,
    Path(user): Path<String>,
    Query(Ending { reason }): Query<Ending>,
) -> Result<StatusCode> {
    disconnect(&app, &asker, &user, None, reason.as_ref().map(LineText::as_str)).await
}

/// Ends one open session: one's own, or anybody's for operators.
#[utoipa::path(delete, path = "/v1/users/{user}/sessions/{id}", tag = "sessions",
    params(("user" = String, Path, description = "`me`; for operators an id or a nick"), ("id" = SessionId, Path)), responses(
    (status = 204, description = "It has ended"),
    (status = 403, description = "forbidden", body = Problem),
    (status = 410, description = "session-ended", body = Problem),
))]
pub(super) async fn delete_one(
    State(app): State<App>,
    Known(asker): Known,
    Path((user, id)): Path<(String, SessionId)>,
) -> Result<StatusCode> {
    disconnect(&app, &asker, &user, Some(&id), None).await
}

async fn disconnect(
    app: &App,
    asker: &Asker,
    user: &str,
    only: Option<&SessionId>,
    why: Option<&str>,
) -> Result<StatusCode> {
    let (user, own) = asker.own_or_operated(app, user).await?;
    let (how, reason) = if own {
        (How::Closed, why.unwrap_or("ended by its owner").to_owned())
    } else {
        (
            How::Forced,
            why.map_or_else(
                || "ended by an operator".to_owned(),
                |why| format!("ended by an operator: {why}"),
            ),
        )
    };
    let reason = &*reason;
    let told = match only {
        None if !own => app.store.throw_out(&user.id, reason, app.now()).await?,
        only => app.store.disconnect(&user.id, only, how, reason, app.now()).await?,
    };
    app.announce(&told, None);
    if only.is_some() && told.is_empty() {
        return Err(ErrorCode::SessionEnded.into());
    }
    Ok(StatusCode::NO_CONTENT)
}
