//! What every service answers beside its own routes.

use api::{ErrorCode, Problem, auth::ServiceName};
use axum::{
    Router,
    extract::{Path, State},
    response::{Html, IntoResponse},
};
use http::header;
use utoipa::openapi::{
    ContentBuilder, InfoBuilder, License, OpenApi, Ref, Response, ResponseBuilder,
    security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
};
use utoipa_axum::{router::OpenApiRouter, routes};
use utoipa_swagger_ui::SwaggerUi;

use super::Readiness;
use crate::{bus, problem::Failure, telemetry};

/// The name of the scheme in descriptions.
const SCHEME: &str = "access-token";

/// Health, numbers and explanations, documented as all else is.
pub(super) fn routes() -> OpenApiRouter<Readiness> {
    OpenApiRouter::new()
        .routes(routes!(livez))
        .routes(routes!(readyz))
        .routes(routes!(metrics))
        .routes(routes!(problem))
}

/// The description itself and the page that shows it. They are not part of what they describe: tools have read it by then, and
/// a page's assets are nobody's API.
pub(super) fn description(name: ServiceName, mut openapi: OpenApi) -> Router {
    describe(name, &mut openapi);
    SwaggerUi::new("/docs").url("/openapi.json", openapi).into()
}

/// What `/openapi.json` of a service with these routes says, without running it.
pub fn document<S: Clone + Send + Sync + 'static>(name: ServiceName, routes: OpenApiRouter<S>) -> OpenApi {
    let mut openapi = routes.into_openapi();
    openapi.merge(bus::described());
    openapi.merge(self::routes().into_openapi());
    describe(name, &mut openapi);
    openapi
}

/// What every description says: whose it is, and how to show who asks.
fn describe(name: ServiceName, openapi: &mut OpenApi) {
    // Whole: what is not said is filled in from the crate that makes the description.
    openapi.info = InfoBuilder::new()
        .title(format!("Causerie: {name}"))
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(name.about()))
        .license(Some(License::new(env!("CARGO_PKG_LICENSE"))))
        .build();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    let components = openapi.components.get_or_insert_default();
    components.add_security_scheme(SCHEME, SecurityScheme::Http(bearer));
    // The empty one: much can be asked by anybody.
    openapi.security =
        Some(vec![SecurityRequirement::default(), SecurityRequirement::new::<_, _, &str>(SCHEME, [])]);
    for (path, item) in &mut openapi.paths.paths {
        let methods = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        for operation in methods.into_iter().flatten().filter(|_| path.starts_with("/v1/")) {
            let responses = &mut operation.responses.responses;
            if !responses.contains_key("4XX") {
                responses.entry("401".to_owned()).or_insert_with(|| unknown_caller().into());
            }
        }
    }
}

/// What every route that can be asked with a token answers to one that is not valid.
fn unknown_caller() -> Response {
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let description = "not-authenticated: no token, or one that is not valid";
    ResponseBuilder::new().description(description).content("application/json", problem).build()
}

/// Whether the process runs
#[utoipa::path(get, path = "/livez", tag = "health", responses((status = 200, body = String, content_type = "text/plain")))]
async fn livez() -> &'static str {
    "alive\n"
}

/// Whether the service can work
#[utoipa::path(get, path = "/readyz", tag = "health", responses(
    (status = 200, body = String, content_type = "text/plain"),
    (status = 503, body = Problem, description = "`detail` says what it waits for"),
))]
async fn readyz(State(readiness): State<Readiness>) -> Result<&'static str, Failure> {
    let waiting = readiness.waiting_for().await;
    if waiting.is_empty() {
        return Ok("ready\n");
    }
    Err(Failure::unavailable(format!("waiting for {}", waiting.join(", "))))
}

/// Numbers of this process, as Prometheus reads them
#[utoipa::path(get, path = "/metrics", tag = "health", responses((status = 200, body = String, content_type = "text/plain")))]
async fn metrics() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], telemetry::render())
}

/// What an error means
///
/// The page that a problem's `type` leads to.
#[utoipa::path(get, path = "/problems/{code}", tag = "health",
    params(("code" = String, Path, description = "a problem's `code`")),
    responses((status = 200, body = String, content_type = "text/html"), (status = 404, body = Problem)))]
async fn problem(Path(word): Path<String>) -> Result<Html<String>, Failure> {
    let code: ErrorCode = word.parse().map_err(|()| {
        Failure::new(ErrorCode::NotFound).detail("the catalogue of problems has no such code")
    })?;
    let doors: Vec<_> = code.doors().iter().map(|door| door.name()).collect();
    let (title, status, doors) = (code.title(), code.status(), doors.join(" and "));
    Ok(Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{code}</title>\
         <h1>{status} {code}</h1><p>{title}.</p><p>Occurs in {doors}.</p></html>\n"
    )))
}
