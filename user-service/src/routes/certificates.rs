//! `/v1/accounts/me/certificates`

use api::{
    ErrorCode, Page, Problem,
    auth::{Scope, Scopes},
    users::{Certificate, Fingerprint, NewCertificate},
};
use axum::extract::State;
use http::StatusCode;
use kit::{
    Caller, Failure, Result,
    extract::{Json, Path, Query},
};

use super::paging::Paging;
use crate::app::App;

/// Lets a TLS client certificate log in (SASL EXTERNAL at a gateway). Whoever has its key needs no password.
///
/// Other accounts may have the same one; then they say by their names as whom they log in.
#[utoipa::path(post, path = "/v1/accounts/me/certificates", tag = "accounts", request_body = NewCertificate, responses(
    (status = 201, description = "The certificate; one that was there already stays as it is", body = Certificate),
    (status = 403, description = "forbidden (guests), insufficient-scope (a token that may not do all that a login may)", body = Problem),
    (status = 422, description = "list-full", body = Problem),
))]
pub(super) async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<NewCertificate>,
) -> Result<(StatusCode, Json<Certificate>)> {
    // Whoever logs in by it may do all that people may: so must whoever lets them.
    for scope in Scopes::ordinary().iter() {
        caller.require(scope)?;
    }
    let actor = caller.require(Scope::Account)?;
    let most = app.config.certificates_of_account;
    let added = app.store.add_certificate(actor.id(), &body.fingerprint, most, app.now()).await?;
    Ok((StatusCode::CREATED, Json(added)))
}

/// Lists the certificates that log in to one's account.
#[utoipa::path(get, path = "/v1/accounts/me/certificates", tag = "accounts", params(Paging), responses(
    (status = 200, description = "A page of them", body = Page<Certificate>),
))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Certificate>>> {
    let actor = caller.require(Scope::Account)?;
    let (after, limit) = paging.ask()?;
    let certificates = app.store.certificates(actor.id(), after, limit).await?;
    Ok(Json(paging.page(certificates, |certificate| certificate.fingerprint.to_string())?))
}

/// Takes a certificate away: sessions that it opened end, with what came of them.
#[utoipa::path(delete, path = "/v1/accounts/me/certificates/{fingerprint}", tag = "accounts",
    params(("fingerprint" = String, Path, description = "64 hexadecimal digits")), responses(
    (status = 204, description = "It logs in no more"),
    (status = 404, description = "not-found", body = Problem),
))]
pub(super) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(fingerprint): Path<String>,
) -> Result<StatusCode> {
    let actor = caller.require(Scope::Account)?;
    let none = || Failure::new(ErrorCode::NotFound).detail("you have no certificate of that fingerprint");
    let fingerprint = Fingerprint::try_from(fingerprint).map_err(|_| none())?;
    let ended = app.store.delete_certificate(actor.id(), &fingerprint, app.now()).await?;
    app.ended(ended.ok_or_else(none)?);
    Ok(StatusCode::NO_CONTENT)
}
