//! What every service answers beside its own routes.

use api::{Door, ErrorCode, auth::ServiceName};
use axum::{
    Router,
    extract::{Path, State},
    response::{Html, IntoResponse},
    routing::get,
};
use http::header;
use utoipa::openapi::{
    OpenApi,
    security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
};
use utoipa_swagger_ui::SwaggerUi;

use super::Readiness;
use crate::{problem::Failure, telemetry};

/// The name of the scheme in descriptions.
const SCHEME: &str = "access-token";

pub(super) fn routes(name: ServiceName, readiness: Readiness, mut openapi: OpenApi) -> Router {
    describe(name, &mut openapi);
    Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(readyz))
        .with_state(readiness)
        .route("/metrics", get(metrics))
        .route("/problems/{code}", get(problem))
        .merge(SwaggerUi::new("/docs").url("/openapi.json", openapi))
}

/// What every description says: whose it is, and how to show who asks.
pub fn describe(name: ServiceName, openapi: &mut OpenApi) {
    openapi.info.title = format!("Causerie: {name}");
    openapi.info.version = env!("CARGO_PKG_VERSION").to_owned();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    let components = openapi.components.get_or_insert_default();
    components.add_security_scheme(SCHEME, SecurityScheme::Http(bearer));
    // The empty one: much can be asked by anybody.
    openapi.security =
        Some(vec![SecurityRequirement::default(), SecurityRequirement::new::<_, _, &str>(SCHEME, [])]);
}

async fn readyz(State(readiness): State<Readiness>) -> Result<&'static str, Failure> {
    let waiting = readiness.waiting_for().await;
    if waiting.is_empty() {
        return Ok("ready\n");
    }
    Err(Failure::unavailable(format!("waiting for {}", waiting.join(", "))))
}

async fn metrics() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], telemetry::metrics().render())
}

/// The page that a Problem's `type` leads to.
async fn problem(Path(word): Path<String>) -> Result<Html<String>, Failure> {
    let code: ErrorCode = word.parse().map_err(|()| {
        Failure::new(ErrorCode::NotFound).detail("the catalogue of problems has no such code")
    })?;
    let doors: Vec<_> = code
        .doors()
        .iter()
        .map(|door| match door {
            Door::Line => "the line protocol",
            Door::Rest => "the REST APIs",
        })
        .collect();
    let (title, status, doors) = (code.title(), code.status(), doors.join(" and "));
    Ok(Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{code}</title>\
         <h1>{status} {code}</h1><p>{title}.</p><p>Occurs in {doors}.</p></html>\n"
    )))
}
