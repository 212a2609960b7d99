use std::time::Duration;

use api::{Problem, id::UserId};
use axum::{extract::State, http::StatusCode};
use kit::{Failure, auth::FromService, extract::Path};

use crate::{App, domain::pattern_of, store::Erasure};

/// How long one call erases; below the 2.5 s after which services give up waiting. The next goes on.
const ERASE_WITHIN: Duration = Duration::from_millis(1500);

/// Forget an erased user (services)
///
/// Records that carry the id lose message and fields. `204` means that no such record is left, nor anything of it in the
/// database's files; `503` that there is more to do: ask again, it goes on from there.
#[utoipa::path(
    delete, path = "/v1/users/{user}/data", tag = "erasure", params(("user" = UserId, Path)),
    responses(
        (status = 204, description = "nothing names the user any more"),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem),
        (status = 503, body = Problem),
    )
)]
pub(super) async fn erase(
    _: FromService,
    State(app): State<App>,
    Path(user): Path<UserId>,
) -> kit::Result<StatusCode> {
    let pattern = pattern_of(&user)?;
    match app.store.erase(&user, &pattern, ERASE_WITHIN).await? {
        Erasure::Done => Ok(StatusCode::NO_CONTENT),
        Erasure::Unfinished => {
            Err(Failure::unavailable("not all records were looked through yet, ask again"))
        }
    }
}
