//! `/v1/tokens`, and the keys to verify them with.

use api::{
    ErrorCode, Problem,
    auth::{ACCESS_TOKEN_SECONDS, Scopes},
    users::{RevokeToken, TokenRequest, TokenUser, Tokens},
};
use axum::extract::State;
use http::{HeaderName, StatusCode, header};
use kit::{
    Failure, Result,
    auth::{Jwks, Verified},
    extract::{Json, JsonOrForm},
};

use super::asker::Asker;
use crate::{
    app::App,
    domain::secret::{self, Presented},
    login,
    store::{
        tokens::{Exchanged, NewRefresh, Refreshed},
        users::UserRow,
    },
};

/// Answers with secrets in them are kept by nobody on the way (RFC 6749, 5.1).
type Private<T> = ([(HeaderName, &'static str); 1], Json<T>);

fn private<T>(body: T) -> Private<T> {
    ([(header::CACHE_CONTROL, "no-store")], Json(body))
}

/// A refresh token in the making, and its secret.
fn new_refresh(app: &App, family: String) -> (String, NewRefresh) {
    let text = secret::refresh_token(&mut rand::rng());
    let expires_at = app.now().plus(app.config.refresh_token.get());
    (text.clone(), NewRefresh { hash: secret::digest(&text), family, expires_at })
}

struct Granted {
    user: UserRow,
    scopes: Scopes,
    grant: String,
    refresh_token: Option<String>,
}

/// Exchanges a password, a guest's nick, a refresh token or a personal API token for an access token.
///
/// Access tokens live for 15 minutes. A refresh token is good once: its answer holds the next one.
#[utoipa::path(post, path = "/v1/tokens", tag = "tokens",
    request_body(content((TokenRequest = "application/json"), (TokenRequest = "application/x-www-form-urlencoded"))),
    responses(
    (status = 200, description = "The tokens", body = Tokens),
    (status = 401, description = "bad-credentials", body = Problem),
    (status = 403, description = "suspended, network-banned, insufficient-scope", body = Problem),
    (status = 409, description = "nick-in-use", body = Problem),
    (status = 422, description = "invalid-nick, invalid-parameter", body = Problem),
    (status = 429, description = "too-fast", body = Problem),
))]
pub(super) async fn grant(
    State(app): State<App>,
    asker: Asker,
    JsonOrForm(request): JsonOrForm<TokenRequest>,
) -> Result<Private<Tokens>> {
    let host = app.cloak(asker.address);
    let granted = match request {
        TokenRequest::Password { name, password, scope } => {
            by_password(&app, &asker, &host, &name, &password, scope).await?
        }
        TokenRequest::Guest { nick } => as_guest(&app, &asker, &host, &nick).await?,
        TokenRequest::RefreshToken { refresh_token } => {
            refreshed(&app, &asker, &host, &refresh_token).await?
        }
        TokenRequest::ApiToken { api_token } => by_api_token(&app, &asker, &host, &api_token).await?,
    };
    let Granted { user, scopes, grant, refresh_token } = granted;
    // After all checks: whoever is revoked from here on has a token that was issued before.
    let id = secret::access_token_id(&grant, &mut rand::rng());
    app.store.note_access_token(&id, &user.id, asker.address, &host, app.now()).await?;
    let access_token = app.access_token(&user, scopes, id, None, host, app.now())?;
    Ok(private(Tokens {
        access_token,
        token_type: "Bearer".to_owned(),
        expires_in: ACCESS_TOKEN_SECONDS,
        refresh_token,
        scope: scopes,
        user: TokenUser {
            id: user.id.0.clone(),
            nick: user.nick.0.clone(),
            account: user.account().cloned(),
        },
    }))
}

async fn by_password(
    app: &App,
    asker: &Asker,
    host: &str,
    name: &str,
    password: &str,
    scope: Option<Scopes>,
) -> Result<Granted> {
    let account = app.login(name, password, asker.address).await?;
    app.check_bans(Some(asker.address), host, &account.user.nick, account.user.account())?;
    let scopes = App::scopes_for(&account, scope)?;
    let grant = secret::random(&mut rand::rng());
    let (refresh_token, new) = new_refresh(app, grant.clone());
    let user = app.store.grant(&account.user.id, &account.password, scopes, host, &new, app.now()).await?;
    Ok(Granted { user, scopes, grant, refresh_token: Some(refresh_token) })
}

async fn as_guest(app: &App, asker: &Asker, host: &str, nick: &str) -> Result<Granted> {
    let nick = login::nick(nick, "/nick")?;
    app.check_bans(Some(asker.address), host, &nick, None)?;
    app.count_newcomer(asker.address)?;
    let grant = secret::random(&mut rand::rng());
    let (refresh_token, new) = new_refresh(app, grant.clone());
    let user = app.store.grant_guest(&nick, host.to_owned(), &new, app.now()).await?;
    Ok(Granted { user, scopes: secret::allowed(false), grant, refresh_token: Some(refresh_token) })
}

async fn refreshed(app: &App, asker: &Asker, host: &str, token: &str) -> Result<Granted> {
    let (refresh_token, mut new) = new_refresh(app, String::new());
    let make = |family| {
        new.family = family;
        new
    };
    let exchanged = app.store.refresh(&secret::digest(token), make, app.now()).await?;
    let Refreshed { user, family, scopes } = *match exchanged {
        Exchanged::Fresh(refreshed) => refreshed,
        Exchanged::Stolen(ended) => {
            app.ended(ended);
            return Err(ErrorCode::BadCredentials.into());
        }
    };
    app.check_bans(Some(asker.address), host, &user.nick, user.account())?;
    Ok(Granted { user, scopes, grant: family, refresh_token: Some(refresh_token) })
}

async fn by_api_token(app: &App, asker: &Asker, host: &str, token: &str) -> Result<Granted> {
    let Presented::Api(id) = secret::kind(token) else { return Err(ErrorCode::BadCredentials.into()) };
    let found = app.store.api_token(&id, token).await?.ok_or(ErrorCode::BadCredentials)?;
    let user = app.store.user(&found.user_id).await?.ok_or(ErrorCode::BadCredentials)?;
    if user.suspended {
        return Err(ErrorCode::Suspended.into());
    }
    app.check_bans(Some(asker.address), host, &user.nick, user.account())?;
    app.store.api_token_used(&id, app.now()).await?;
    let scopes = secret::within(found.scopes(), secret::allowed(user.operator));
    Ok(Granted { user, scopes, grant: id.into(), refresh_token: None })
}

/// Revokes a token of any kind, with all that came of the same login: tokens, sessions, and personal API tokens made with it. Unknown tokens are no error (RFC 7009).
#[utoipa::path(post, path = "/v1/tokens/revoke", tag = "tokens",
    request_body(content((RevokeToken = "application/json"), (RevokeToken = "application/x-www-form-urlencoded"))),
    responses((status = 200, description = "It is refused from now on; everywhere within 5 s"),
        (status = "4XX", description = "who asks is not asked: the token itself shows it", body = Problem)))]
pub(super) async fn revoke(
    State(app): State<App>,
    JsonOrForm(body): JsonOrForm<RevokeToken>,
) -> Result<StatusCode> {
    let now = app.now();
    let found = match secret::kind(&body.token) {
        Presented::Refresh => app.store.grant_of(&secret::digest(&body.token)).await?,
        Presented::Api(id) => {
            if let Some(token) = app.store.api_token(&id, &body.token).await? {
                let ended = app.store.delete_api_token(&token.user_id, &id, now).await?;
                app.ended(ended.unwrap_or_default());
            }
            None
        }
        Presented::Access => match app.verifier.verify(&body.token).await {
            Ok(Verified::Person(claims)) => Some((claims.sub.clone(), claims.grant().to_owned())),
            Ok(Verified::Service(..)) => None,
            Err(failure) if failure.code() == ErrorCode::NotAuthenticated => None,
            Err(failure) => return Err(failure),
        },
        Presented::Session(_) => {
            return Err(Failure::new(ErrorCode::InvalidParameter).detail("a session is ended, not revoked"));
        }
    };
    if let Some((user, grant)) = found {
        let ended = app.store.revoke_grant(&user, grant, now).await?;
        app.ended(ended);
    }
    Ok(StatusCode::OK)
}

/// The public keys of access tokens (RFC 7517). A new key is here for 15 minutes before it is used.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "tokens", responses(
    (status = 200, description = "A JSON Web Key Set", body = serde_json::Value),
))]
pub(super) async fn jwks(State(app): State<App>) -> ([(HeaderName, &'static str); 1], Json<Jwks>) {
    ([(header::CACHE_CONTROL, "max-age=60")], Json(app.keyring.load().jwks()))
}
