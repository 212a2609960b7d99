//! What operators of the network do.

use api::{
    ErrorCode, Page, Problem,
    id::NetworkBanId,
    users::{Account, Invite, NetworkBan, NewNetworkBan, PasswordWasReset, ResetPassword, Suspend},
};
use axum::extract::State;
use http::StatusCode;
use kit::{
    Caller, Failure, Result,
    extract::{Json, OptionalJson, Path, Query},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    accounts::{operated, weak},
    paging::Paging,
};
use crate::{
    app::App,
    domain::{bans::Target, password, secret},
};

/// Suspends an account (operators): its sessions end, its tokens are refused, it cannot log in.
#[utoipa::path(put, path = "/v1/accounts/{account}/suspension", tag = "operators",
    params(("account" = String, Path)), request_body(content = Option<Suspend>), responses(
    (status = 200, description = "The account", body = Account),
    (status = 403, description = "forbidden", body = Problem),
    (status = 404, description = "no-such-account", body = Problem),
))]
pub(super) async fn suspend(
    State(app): State<App>,
    caller: Caller,
    Path(account): Path<String>,
    OptionalJson(Suspend { reason }): OptionalJson<Suspend>,
) -> Result<Json<Account>> {
    let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
    set_suspension(&app, &caller, &account, Some(format!("the account was suspended{reason}"))).await
}

/// Lets a suspended account in again (operators).
#[utoipa::path(delete, path = "/v1/accounts/{account}/suspension", tag = "operators",
    params(("account" = String, Path)), responses(
    (status = 200, description = "The account", body = Account),
    (status = 403, description = "forbidden", body = Problem),
    (status = 404, description = "no-such-account", body = Problem),
))]
pub(super) async fn unsuspend(
    State(app): State<App>,
    caller: Caller,
    Path(account): Path<String>,
) -> Result<Json<Account>> {
    set_suspension(&app, &caller, &account, None).await
}

async fn set_suspension(
    app: &App,
    caller: &Caller,
    account: &str,
    reason: Option<String>,
) -> Result<Json<Account>> {
    let by = caller.operator()?;
    let mut account = operated(app, account).await?;
    let suspended = reason.is_some();
    let told = app.store.suspend(&account.user.id, reason.as_deref(), app.now()).await?;
    app.announce(&told, None);
    tracing::info!(user = %account.user.id.0, by = %by.id(), suspended, "an operator set a suspension");
    account.user.suspended = suspended;
    if let Some(last) = told.last() {
        account.user.version = last.version.cast_signed();
    }
    Ok(Json(account.view().ok_or(ErrorCode::NoSuchAccount)?))
}

/// Sets another's password (operators). Its sessions end and all its tokens are refused, personal API tokens too.
#[utoipa::path(put, path = "/v1/accounts/{account}/password", tag = "operators",
    params(("account" = String, Path)), request_body = ResetPassword, responses(
    (status = 200, description = "The new password, if none was given", body = PasswordWasReset),
    (status = 403, description = "forbidden", body = Problem),
    (status = 404, description = "no-such-account", body = Problem),
    (status = 422, description = "weak-password", body = Problem),
))]
pub(super) async fn reset_password(
    State(app): State<App>,
    caller: Caller,
    Path(account): Path<String>,
    Json(body): Json<ResetPassword>,
) -> Result<Json<PasswordWasReset>> {
    let by = caller.operator()?;
    let account = operated(&app, &account).await?;
    let made = body.password.is_none().then(|| secret::made_up(&mut rand::rng()));
    let password = body.password.as_ref().or(made.as_ref()).cloned().unwrap_or_default();
    let name = account.user.account().ok_or(ErrorCode::NoSuchAccount)?;
    password::check(app.config.password_rules, &password, name).map_err(weak("/password"))?;
    let new = app.passwords.keep(&password).await?;
    let told = app.store.reset_password(&account.user.id, &new, app.now()).await?;
    app.announce(&told, None);
    tracing::info!(user = %account.user.id.0, by = %by.id(), "an operator reset a password");
    Ok(Json(PasswordWasReset { password: made }))
}

fn parse(target: &str) -> Result<Target> {
    Target::parse(target).map_err(|error| {
        Failure::new(ErrorCode::InvalidMask).detail(error.to_string()).field("/target", error.to_string())
    })
}

/// Bans an address, a range, a mask or an account from the network (operators). Sessions that it is about end.
#[utoipa::path(post, path = "/v1/network-bans", tag = "operators", request_body = NewNetworkBan, responses(
    (status = 201, description = "The ban; operators who are logged in stay", body = NetworkBan),
    (status = 403, description = "forbidden", body = Problem),
    (status = 422, description = "invalid-mask, list-full", body = Problem),
))]
pub(super) async fn add_ban(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<NewNetworkBan>,
) -> Result<(StatusCode, Json<NetworkBan>)> {
    let by = caller.operator()?;
    let target = parse(&body.target)?;
    let now = app.now();
    if body.expires_at.is_some_and(|at| at <= now) {
        return Err(Failure::new(ErrorCode::InvalidParameter)
            .detail("that time is past")
            .field("/expires_at", "past"));
    }
    let ban = NetworkBan {
        id: NetworkBanId::random(&mut rand::rng()),
        target: target.to_string(),
        reason: body.reason.into(),
        created_at: now,
        expires_at: body.expires_at,
    };
    app.store.add_ban(&ban, app.config.network_bans, now).await?;
    app.look().await?;
    app.work.notify_one();
    tracing::info!(ban = %ban.id, by = %by.id(), "an operator banned somebody from the network");
    Ok((StatusCode::CREATED, Json(ban)))
}

/// Which bans are listed.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Listed {
    /// Only those of this address, range, mask or account.
    target: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// Lists network bans (operators).
#[utoipa::path(get, path = "/v1/network-bans", tag = "operators", params(Listed), responses(
    (status = 200, description = "A page of them", body = Page<NetworkBan>),
    (status = 403, description = "forbidden", body = Problem),
))]
pub(super) async fn list_bans(
    State(app): State<App>,
    caller: Caller,
    Query(Listed { target, limit, cursor }): Query<Listed>,
) -> Result<Json<Page<NetworkBan>>> {
    caller.operator()?;
    let paging = Paging { limit, cursor };
    let (after, limit) = paging.ask()?;
    let target = target.as_deref().map(parse).transpose()?.map(|target| target.to_string());
    let bans = app.store.bans(app.now(), target.as_deref(), after, limit).await?;
    Ok(Json(paging.page(bans, |ban| ban.id.to_string())?))
}

/// Lifts a network ban (operators).
#[utoipa::path(delete, path = "/v1/network-bans/{id}", tag = "operators",
    params(("id" = NetworkBanId, Path)), responses(
    (status = 204, description = "Lifted"),
    (status = 403, description = "forbidden", body = Problem),
    (status = 404, description = "no-such-ban", body = Problem),
))]
pub(super) async fn delete_ban(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<NetworkBanId>,
) -> Result<StatusCode> {
    caller.operator()?;
    if !app.store.delete_ban(&id).await? {
        return Err(ErrorCode::NoSuchBan.into());
    }
    app.look().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes an invitation to register one account (operators).
#[utoipa::path(post, path = "/v1/invites", tag = "operators", responses(
    (status = 201, description = "The invitation; its code is shown this once", body = Invite),
    (status = 403, description = "forbidden", body = Problem),
))]
pub(super) async fn invite(State(app): State<App>, caller: Caller) -> Result<(StatusCode, Json<Invite>)> {
    caller.operator()?;
    let code = secret::made_up(&mut rand::rng());
    let expires_at = app.now().plus(app.config.invite.get());
    app.store.add_invite(&secret::digest(&code), expires_at).await?;
    Ok((StatusCode::CREATED, Json(Invite { code, expires_at })))
}
