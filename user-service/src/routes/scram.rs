//! Logins in which a gateway's client does not say the password.

use api::{
    Problem,
    users::{ScramBegin, ScramProof, ScramSignature, ScramTerms},
};
use axum::extract::State;
use kit::{Result, auth::FromGateway, extract::Json};

use super::asker::Asker;
use crate::app::App;

/// Gives what a client needs for SCRAM-SHA-256 (gateways only): the same for a name each time, whether it is an account's or not.
#[utoipa::path(post, path = "/v1/scram:begin", tag = "sessions", request_body = ScramBegin, responses(
    (status = 200, description = "Salt and iterations", body = ScramTerms),
    (status = 403, description = "forbidden", body = Problem),
    (status = 429, description = "too-fast", body = Problem),
))]
pub(super) async fn begin(
    State(app): State<App>,
    _: FromGateway,
    asker: Asker,
    Json(body): Json<ScramBegin>,
) -> Result<Json<ScramTerms>> {
    Ok(Json(app.begin_scram(&body.name, asker.address).await?))
}

/// Judges a client's proof (gateways only). With the same proof its session is opened, when the client has seen the signature.
#[utoipa::path(post, path = "/v1/scram:verify", tag = "sessions", request_body = ScramProof, responses(
    (status = 200, description = "The server's signature", body = ScramSignature),
    (status = 401, description = "bad-credentials", body = Problem),
    (status = 403, description = "forbidden, suspended", body = Problem),
    (status = 429, description = "too-fast", body = Problem),
))]
pub(super) async fn verify(
    State(app): State<App>,
    _: FromGateway,
    asker: Asker,
    Json(body): Json<ScramProof>,
) -> Result<Json<ScramSignature>> {
    let (_, signature) = app.login_by_scram(&body, asker.address).await?;
    Ok(Json(signature))
}
