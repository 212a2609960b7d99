//! Refusals of the rules, in words.

use api::ErrorCode;
use kit::Failure;

/// What a rule refused, said about the channel as the asker named it: the words are the same whether a channel is not there or only
/// not to be seen.
pub(crate) fn refused(code: ErrorCode, channel: impl std::fmt::Display) -> Failure {
    let failure = Failure::new(code);
    match code {
        ErrorCode::NoSuchChannel => failure.detail(format!("there is no channel {channel}")),
        ErrorCode::Unavailable => {
            failure.detail("how far the channel's history is closed is not known yet, try again")
        }
        ErrorCode::VersionMismatch => failure.detail(format!("{channel} has changed since you read it")),
        ErrorCode::Forbidden => failure.detail("this belongs to the account that registered the channel"),
        _ => failure,
    }
}

/// A neighbour did not answer what this service asked for itself: whatever it said is not for the one who asked us.
pub(crate) fn unanswered(error: client::Error) -> Failure {
    let detail = match &error {
        client::Error::Unavailable { service, .. } | client::Error::Unreadable { service, .. } => {
            format!("{service} is not available")
        }
        client::Error::Refused(_) => "a service that this needs is not available".to_owned(),
    };
    Failure::unavailable(detail).source(error)
}
