//! What handlers take in; what cannot be read is answered as a Problem that says where and why.

use crate::problem::Failure;
use api::ErrorCode;
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request, rejection::BytesRejection},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, header, request::Parts};
use serde::{
    Serialize,
    de::{DeserializeOwned, IgnoredAny},
};

mod words;

/// A JSON body, in or out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        if !is_json(request.headers()) {
            return Err(not_json());
        }
        let body = body(request, state).await?;
        from_json(&body).map(Self)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<T> From<T> for Json<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

/// A body that may be JSON or a form, as OAuth clients send it.
#[derive(Debug, Clone, Copy, Default)]
pub struct JsonOrForm<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonOrForm<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        if is_json(request.headers()) {
            return Json::from_request(request, state).await.map(|Json(value)| Self(value));
        }
        if !content_type(request.headers()).starts_with("application/x-www-form-urlencoded") {
            return Err(not_json());
        }
        let (parts, body) = request.into_parts();
        let request = Request::from_parts(parts.clone(), body);
        let body = self::body(request, state).await?;
        if !std::str::from_utf8(&body).is_ok_and(is_utf8_decoded) {
            return Err(Failure::new(ErrorCode::BadRequest).detail("the form is not UTF-8"));
        }
        match axum::Form::from_request(Request::from_parts(parts, body.into()), state).await {
            Ok(axum::Form(value)) => Ok(Self(value)),
            Err(rejection) => Err(invalid(&rejection.body_text())),
        }
    }
}

/// A JSON body that may be left out.
#[derive(Debug, Clone, Copy, Default)]
pub struct OptionalJson<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalJson<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let is_json = is_json(request.headers());
        let body = body(request, state).await?;
        match body.is_empty() {
            true => Ok(Self::default()),
            false if is_json => from_json(&body).map(Self),
            false => Err(not_json()),
        }
    }
}

/// The query string.
#[derive(Debug, Clone, Copy, Default)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        // The decoder would put U+FFFD in its place, which nobody has sent.
        if !is_utf8_decoded(parts.uri.query().unwrap_or_default()) {
            return Err(Failure::new(ErrorCode::BadRequest).detail("the query is not UTF-8"));
        }
        match axum::extract::Query::try_from_uri(&parts.uri) {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(rejection) => Err(invalid(&rejection.body_text())),
        }
    }
}

/// What stands in the path.
#[derive(Debug, Clone, Copy, Default)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(rejection) if rejection.status().is_server_error() => {
                Err(Failure::internal(anyhow::anyhow!(rejection.body_text())))
            }
            // A thing whose id is no id does not exist.
            Err(rejection) => {
                let text = rejection.body_text();
                let text = words::plain(text.trim_start_matches("Invalid URL: "));
                Err(Failure::new(ErrorCode::NotFound).detail(text))
            }
        }
    }
}

/// A JSON object that may be wrong, as a Problem that points at the place.
pub fn from_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    // serde would take an array for an object, its items for the fields in the order in which they are written here.
    if body.trim_ascii_start().first().is_some_and(|first| *first != b'{')
        && serde_json::from_slice::<IgnoredAny>(body).is_ok()
    {
        return Err(Failure::new(ErrorCode::InvalidParameter)
            .detail("the body is not as expected: it is to be an object")
            .field("", "expected an object"));
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let mut pointer = words::pointer(error.path());
        let error = error.into_inner();
        if !error.is_data() {
            let (line, column) = (error.line(), error.column());
            return Failure::new(ErrorCode::BadRequest)
                .detail(format!("the body is not JSON: it goes wrong in line {line} at column {column}"));
        }
        let text = error.to_string();
        // A field that is missing is pointed at, too: where it should be.
        if let Some(field) = words::missing(&text) {
            pointer.push_str(&words::segment(field));
        }
        let text = words::plain(&text);
        Failure::new(ErrorCode::InvalidParameter)
            .detail(format!("the body is not as expected: {text}"))
            .field(pointer, text)
    })?;
    json.end().map_err(|_| Failure::new(ErrorCode::BadRequest).detail("the body goes on after the JSON"))?;
    Ok(value)
}

async fn body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Failure> {
    Bytes::from_request(request, state).await.map_err(unreadable)
}

fn unreadable(rejection: BytesRejection) -> Failure {
    if rejection.status() == 413 {
        Failure::new(ErrorCode::BodyTooLarge)
    } else {
        Failure::new(ErrorCode::BadRequest).detail("the body ended early")
    }
}

fn content_type(headers: &HeaderMap) -> &str {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = content_type(headers).split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

fn not_json() -> Failure {
    Failure::new(ErrorCode::UnsupportedMediaType)
        .detail("the body is not declared as JSON: send Content-Type: application/json (curl: --json)")
}

/// axum says "Failed to deserialize query string: limit: invalid digit found in string".
fn invalid(text: &str) -> Failure {
    let text = text.split_once(": ").map_or(text, |(_, rest)| rest);
    Failure::new(ErrorCode::InvalidParameter).detail(words::plain(text))
}

/// Whether what is written with percent signs is UTF-8 too.
fn is_utf8_decoded(text: &str) -> bool {
    percent_encoding::percent_decode_str(text).decode_utf8().is_ok()
}
