//! How this service's own refusals are answered.

use api::ErrorCode;
use kit::Failure;

use crate::domain::{Invalid, NotAPosition};

/// A query's value.
impl From<Invalid> for Failure {
    fn from(invalid: Invalid) -> Self {
        Self::new(ErrorCode::InvalidParameter).detail(invalid.to_string())
    }
}

impl From<NotAPosition> for Failure {
    fn from(error: NotAPosition) -> Self {
        Self::new(ErrorCode::InvalidParameter).detail(format!("cursor: {error}"))
    }
}

/// A record of a batch, pointed at.
pub(crate) fn in_record(place: usize, invalid: Invalid) -> Failure {
    Failure::new(ErrorCode::InvalidParameter)
        .detail(format!("record {place}: {invalid}"))
        .field(format!("/records/{place}/{}", invalid.field), invalid.problem)
}
