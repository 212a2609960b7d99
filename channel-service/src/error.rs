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
