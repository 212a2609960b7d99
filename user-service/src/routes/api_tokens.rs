//! `/v1/accounts/me/api-tokens`

use api::{
    ErrorCode, Page, Problem,
    auth::{Scope, Scopes},
    id::{TokenId, UserId},
    users::{ApiToken, NewApiToken},
};
use axum::extract::State;
use http::StatusCode;
use kit::{
    Caller, Failure, Result,
    extract::{Json, Path, Query},
};

use super::paging::Paging;
use crate::{app::App, domain::secret};

/// Makes a token; the secret is in this answer and nowhere else. `grant`: what the one who makes it came by.
pub(super) async fn make(
    app: &App,
    user: &UserId,
    label: &str,
    scopes: Scopes,
    grant: Option<&str>,
) -> Result<ApiToken> {
    let mut token = ApiToken {
        id: TokenId::random(&mut rand::rng()),
        label: label.to_owned(),
        scopes,
        created_at: app.now(),
        last_used_at: None,
        secret: None,
    };
    let text = secret::api_token(&token.id, &mut rand::rng());
    let most = app.config.api_tokens_of_account;
    app.store.add_api_token(user, &token, &secret::digest(&text), grant, most).await?;
    token.secret = Some(text);
    Ok(token)
}

/// Makes a personal API token. It is only exchanged for access tokens of the same scopes.
#[utoipa::path(post, path = "/v1/accounts/me/api-tokens", tag = "tokens", request_body = NewApiToken, responses(
    (status = 201, description = "The token; its secret is shown this once", body = ApiToken),
    (status = 403, description = "forbidden (guests), insufficient-scope (more than one's own)", body = Problem),
    (status = 422, description = "list-full, invalid-parameter", body = Problem),
))]
pub(super) async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<NewApiToken>,
) -> Result<(StatusCode, Json<ApiToken>)> {
    let actor = caller.require(Scope::Account)?;
    if !body.scopes.within(actor.scopes) {
        let detail = format!("a token can have at most one's own scopes: {}", actor.scopes);
        return Err(Failure::new(ErrorCode::InsufficientScope)
            .detail(detail)
            .field("/scopes", "more than one's own"));
    }
    let grant = caller.claims.as_ref().map(|claims| claims.grant());
    let token = make(&app, actor.id(), body.label.as_str(), body.scopes, grant).await?;
    Ok((StatusCode::CREATED, Json(token)))
}

/// Lists one's personal API tokens, without their secrets.
#[utoipa::path(get, path = "/v1/accounts/me/api-tokens", tag = "tokens", params(Paging), responses(
    (status = 200, description = "A page of them", body = Page<ApiToken>),
))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<ApiToken>>> {
    let actor = caller.require(Scope::Account)?;
    let (after, limit) = paging.ask()?;
    let tokens = app.store.api_tokens(actor.id(), after, limit).await?;
    Ok(Json(paging.page(tokens, |token| token.id.to_string())?))
}

/// Revokes a personal API token: access tokens that came of it are refused, sessions that it opened end, API tokens
/// made with it go.
#[utoipa::path(delete, path = "/v1/accounts/me/api-tokens/{id}", tag = "tokens",
    params(("id" = TokenId, Path)), responses(
    (status = 204, description = "Revoked"),
    (status = 404, description = "not-found", body = Problem),
))]
pub(super) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TokenId>,
) -> Result<StatusCode> {
    let actor = caller.require(Scope::Account)?;
    let ended = app.store.delete_api_token(actor.id(), &id, app.now()).await?;
    let none = || Failure::new(ErrorCode::NotFound).detail("you have no API token of that id");
    app.ended(ended.ok_or_else(none)?);
    Ok(StatusCode::NO_CONTENT)
}
