//! `/v1/accounts`

use api::{
    AccountName, ErrorCode, Problem,
    auth::Scope,
    users::{Account, AccountExport, ChangePassword, PatchAccount, RegisterAccount},
};
use axum::{extract::State, response::IntoResponse};
use http::{HeaderValue, StatusCode, header};
use kit::{
    Caller, Failure, Result,
    extract::{Json, Path},
};

use super::asker::{Asker, Known};
use crate::{
    app::App,
    config::{AlwaysOn, Registration},
    domain::{
        password::{self, Weak},
        secret,
    },
    store::accounts::{AccountRow, Registering},
};

/// A name that somebody wants for an account.
fn account_name(text: &str) -> Result<AccountName> {
    AccountName::try_from(text).map_err(|error| {
        Failure::new(ErrorCode::InvalidNick).detail(error.to_string()).field("/name", error.to_string())
    })
}

pub(super) fn weak(pointer: &'static str) -> impl Fn(Weak) -> Failure {
    move |why| Failure::new(ErrorCode::WeakPassword).detail(why.to_string()).field(pointer, why.to_string())
}

fn gone() -> Failure {
    Failure::new(ErrorCode::NotAuthenticated).detail("the account is gone")
}

/// Registers an account.
///
/// A guest who registers the nick that they wear (with their token) becomes the account's user.
#[utoipa::path(post, path = "/v1/accounts", tag = "accounts", request_body = RegisterAccount, responses(
    (status = 201, description = "The account", body = Account, headers(("location" = String))),
    (status = 403, description = "registration-closed, network-banned", body = Problem),
    (status = 409, description = "account-exists", body = Problem),
    (status = 422, description = "weak-password, invalid-nick", body = Problem),
    (status = 429, description = "too-fast", body = Problem),
))]
pub(super) async fn register(
    State(app): State<App>,
    asker: Asker,
    Json(body): Json<RegisterAccount>,
) -> Result<impl IntoResponse> {
    let name = account_name(&body.name)?;
    password::check(app.config.password_rules, &body.password, &name).map_err(weak("/password"))?;
    let invite = match (app.config.registration, &body.invite) {
        (Registration::Open, _) => None,
        (Registration::Invite, Some(code)) => Some(secret::digest(code)),
        (Registration::Invite, None) => {
            return Err(Failure::new(ErrorCode::RegistrationClosed)
                .detail("accounts are registered by invitation here"));
        }
        (Registration::Closed, _) => return Err(ErrorCode::RegistrationClosed.into()),
    };
    let host = app.cloak(asker.address);
    app.check_bans(Some(asker.address), &host, &name.clone().into(), Some(&name))?;
    app.count_newcomer(asker.address)?;
    let guest = asker.caller.actor.as_ref().filter(|actor| actor.account.is_none()).map(|actor| actor.id());
    // The hash is costly: the database decides races later, here it only tells what is so already.
    if app.store.name_is_taken(&name, guest).await? {
        return Err(ErrorCode::AccountExists.into());
    }
    let password = app.passwords.keep(&body.password).await?;
    let always_on = app.config.always_on == AlwaysOn::OptOut;
    let registering = Registering { name: &name, password, invite, guest, host, always_on };
    let account = app.store.register(registering, app.now()).await?;
    let account = shown(&account)?;
    tracing::info!(user = %account.user.id, "an account was registered");
    let location = HeaderValue::try_from(format!("/v1/accounts/{}", percent(account.name.as_str())));
    let location = location.map_err(Failure::internal)?;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(account)))
}

/// A name as one segment of a path: bytes that are not plain letters and digits are escaped.
fn percent(name: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-' || *byte == b'_';
    name.bytes()
        .map(|byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn shown(account: &AccountRow) -> Result<Account> {
    account.view().ok_or_else(gone)
}

/// The account that a path means; another's only for operators, who alone learn whether it exists.
pub(super) async fn account_by_path(app: &App, caller: &Caller, account: &str) -> Result<(AccountRow, bool)> {
    let actor = caller.person()?;
    let own = account == "me"
        || actor
            .account
            .as_ref()
            .is_some_and(|own| AccountName::try_from(account).is_ok_and(|name| name == *own));
    if own {
        let actor = caller.require(Scope::Account)?;
        let found = app.store.account_of(actor.id()).await?;
        let none = || Failure::new(ErrorCode::NoSuchAccount).detail("you are a guest: you have no account");
        return Ok((found.ok_or_else(none)?, true));
    }
    caller.operator()?;
    Ok((operated(app, account).await?, false))
}

/// An account by name, for an operator.
pub(super) async fn operated(app: &App, account: &str) -> Result<AccountRow> {
    let name = AccountName::try_from(account).map_err(|_| ErrorCode::NoSuchAccount)?;
    Ok(app.store.account(&name).await?.ok_or(ErrorCode::NoSuchAccount)?)
}

/// Shows an account: one's own (`me`), or any for operators.
#[utoipa::path(get, path = "/v1/accounts/{account}", tag = "accounts",
    params(("account" = String, Path, description = "`me` or a name")), responses(
    (status = 200, description = "The account", body = Account),
    (status = 403, description = "forbidden: for anybody else's account, existing or not", body = Problem),
    (status = 404, description = "no-such-account", body = Problem),
))]
pub(super) async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(account): Path<String>,
) -> Result<Json<Account>> {
    let (account, _) = account_by_path(&app, &caller, &account).await?;
    Ok(Json(shown(&account)?))
}

/// Changes what an owner may change about their account.
#[utoipa::path(patch, path = "/v1/accounts/{account}", tag = "accounts",
    params(("account" = String, Path, description = "`me` or a name")), request_body = PatchAccount, responses(
    (status = 200, description = "The account", body = Account),
    (status = 403, description = "forbidden", body = Problem),
    (status = 422, description = "invalid-parameter", body = Problem),
))]
pub(super) async fn patch(
    State(app): State<App>,
    caller: Caller,
    Path(account): Path<String>,
    Json(body): Json<PatchAccount>,
) -> Result<Json<Account>> {
    let (mut account, _) = account_by_path(&app, &caller, &account).await?;
    if let Some(name) = body.display_name {
        let name = Some(name.as_str()).filter(|name| !name.is_empty());
        app.store.set_display_name(&account.user.id, name).await?;
        account.display_name = name.map(str::to_owned);
    }
    if let Some(on) = body.always_on {
        let told = app.store.set_always_on(&account.user.id, on, app.now()).await?;
        app.announce(told.as_slice(), None);
        app.work.notify_one();
        account.user.always_on = on;
    }
    Ok(Json(shown(&account)?))
}

/// Erases an account, here and in every other service. Its sessions end and its tokens are refused at once.
#[utoipa::path(delete, path = "/v1/accounts/{account}", tag = "accounts",
    params(("account" = String, Path, description = "`me` or a name")), responses(
    (status = 202, description = "It is erased here; the other services follow"),
    (status = 403, description = "forbidden", body = Problem),
    (status = 404, description = "no-such-account", body = Problem),
))]
pub(super) async fn delete(
    State(app): State<App>,
    Known(asker): Known,
    Path(account): Path<String>,
) -> Result<StatusCode> {
    let (account, _) = account_by_path(&app, &asker.caller, &account).await?;
    let told = app.store.erase(&account.user.id, app.now()).await?;
    app.announce(&told, None);
    tracing::info!(user = %account.user.id.0, "an account is being erased");
    Ok(StatusCode::ACCEPTED)
}

/// Changes one's password. All sessions end and all tokens are refused, the caller's too.
#[utoipa::path(put, path = "/v1/accounts/me/password", tag = "accounts", request_body = ChangePassword, responses(
    (status = 204, description = "Changed: log in again"),
    (status = 401, description = "bad-credentials: the current password is another", body = Problem),
    (status = 422, description = "weak-password", body = Problem),
    (status = 429, description = "too-fast", body = Problem),
))]
pub(super) async fn change_password(
    State(app): State<App>,
    Known(asker): Known,
    Json(body): Json<ChangePassword>,
) -> Result<StatusCode> {
    let (account, _) = account_by_path(&app, &asker.caller, "me").await?;
    let name = account.user.account().ok_or_else(gone)?;
    password::check(app.config.password_rules, &body.new, name).map_err(weak("/new"))?;
    // A stolen token must not be a way to guess the password: guesses count as logins.
    let account = app.login(name.as_str(), &body.current, asker.address).await?;
    let new = app.passwords.keep(&body.new).await?;
    let told = app.store.change_password(&account.user.id, &account.password, &new, app.now()).await?;
    app.announce(&told, None);
    Ok(StatusCode::NO_CONTENT)
}

/// Everything that this service has about one's account, but its secrets.
#[utoipa::path(get, path = "/v1/accounts/me/export", tag = "accounts", responses(
    (status = 200, description = "All of it", body = AccountExport),
    (status = 404, description = "no-such-account: a guest has none", body = Problem),
))]
pub(super) async fn export(State(app): State<App>, caller: Caller) -> Result<Json<AccountExport>> {
    let actor = caller.require(Scope::Account)?;
    let found = app.store.export(actor.id()).await?.ok_or(ErrorCode::NoSuchAccount)?;
    Ok(Json(AccountExport {
        account: shown(&found.account)?,
        user: found.account.user.view(),
        sessions: found.sessions,
        api_tokens: found.api_tokens,
        certificates: found.certificates,
        former_nicks: found.former_nicks,
        metadata: found.metadata,
        exported_at: app.now(),
    }))
}
