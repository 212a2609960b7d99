//! `404 no-such-channel #x :There is no channel #x`: which parameters stand after each error's word.

use api::{ErrorCode, auth::ServiceName};
use proto::plain::{Frame, Tags};
use smallvec::{SmallVec, smallvec};

use super::VERSION;
use crate::command::{About, Refusal};

/// One line; `last` unless others of the same reply follow.
pub(super) fn write(out: &mut Vec<u8>, tags: Tags<'_>, refusal: &Refusal, last: bool) {
    let code = shown_as(refusal.code());
    // A code of a newer release keeps its status, whatever word it reads as.
    let status = if code == refusal.code() { refusal.problem.status } else { code.status() };
    let begin = if last { Frame::last } else { Frame::more };
    let mut line = begin(out, tags, status, code.as_str());
    for param in params(code, refusal) {
        line = line.param(&param);
    }
    line.text(&refusal.problem.detail);
}

/// Some codes say what only a service can know; a person at a terminal is told what it means to them.
fn shown_as(code: ErrorCode) -> ErrorCode {
    match code {
        ErrorCode::SessionEnded => ErrorCode::NotAuthenticated,
        code => code,
    }
}

type Params = SmallVec<[String; 2]>;

fn params(code: ErrorCode, refusal: &Refusal) -> Params {
    let About { channel, nick, what, seq, service, value: _, list: _ } = &*refusal.about;
    let or_none = |name: &Option<String>| name.clone().unwrap_or_else(|| "-".to_owned());
    let what = || what.clone().or_else(|| pointed_at(refusal)).unwrap_or_else(|| "-".to_owned());
    match code {
        ErrorCode::BadRequest
        | ErrorCode::MissingParameter
        | ErrorCode::UnknownCommand
        | ErrorCode::AccountExists
        | ErrorCode::AlreadyLoggedIn
        | ErrorCode::LineTooLong
        | ErrorCode::InvalidParameter
        | ErrorCode::InvalidMask
        | ErrorCode::InvalidMode => smallvec![what()],
        ErrorCode::RegisteredOnly if channel.is_none() => smallvec![or_none(nick)],
        ErrorCode::NotAMember
        | ErrorCode::Banned
        | ErrorCode::InviteOnly
        | ErrorCode::BadKey
        | ErrorCode::ChannelFull
        | ErrorCode::Moderated
        | ErrorCode::RegisteredOnly
        | ErrorCode::NotAnOperator
        | ErrorCode::NoSuchChannel
        | ErrorCode::ChannelExists
        | ErrorCode::InvalidChannelName
        | ErrorCode::ListFull
        | ErrorCode::TooManyChannels => smallvec![or_none(channel)],
        ErrorCode::NoSuchNick | ErrorCode::NickInUse | ErrorCode::InvalidNick => smallvec![or_none(nick)],
        ErrorCode::NotInChannel => smallvec![or_none(channel), or_none(nick)],
        ErrorCode::NoSuchMessage => {
            let target = channel.as_ref().or(nick.as_ref()).cloned();
            smallvec![or_none(&target), seq.unwrap_or(0).to_string()]
        }
        ErrorCode::NoSuchBan => smallvec![or_none(channel), what()],
        ErrorCode::TooFast => smallvec![refusal.problem.retry_after.unwrap_or(1).max(1).to_string()],
        ErrorCode::Internal => smallvec![or_none(&Some(refusal.problem.trace_id.clone()))],
        ErrorCode::Unavailable | ErrorCode::Overloaded | ErrorCode::Timeout => {
            smallvec![service.map_or("gateway", ServiceName::as_str).to_owned()]
        }
        ErrorCode::UnsupportedVersion => smallvec![VERSION.to_owned()],
        ErrorCode::InvalidUtf8
        | ErrorCode::NoCurrentTarget
        | ErrorCode::NotAuthenticated
        | ErrorCode::NotRegistered
        | ErrorCode::BadCredentials
        | ErrorCode::Forbidden
        | ErrorCode::InsufficientScope
        | ErrorCode::Suspended
        | ErrorCode::NetworkBanned
        | ErrorCode::RegistrationClosed
        | ErrorCode::PlaintextRefused
        | ErrorCode::NotFound
        | ErrorCode::NoSuchAccount
        | ErrorCode::MethodNotAllowed
        | ErrorCode::SessionEnded
        | ErrorCode::VersionMismatch
        | ErrorCode::TextTooLong
        | ErrorCode::BodyTooLarge
        | ErrorCode::UnsupportedMediaType
        | ErrorCode::InvalidText
        | ErrorCode::WeakPassword
        | ErrorCode::KeyReused
        | ErrorCode::TooManyConnections => smallvec![],
    }
}

/// The field that the service found wrong.
fn pointed_at(refusal: &Refusal) -> Option<String> {
    let pointer = &refusal.problem.errors.first()?.pointer;
    pointer.rsplit('/').next().filter(|name| !name.is_empty()).map(str::to_owned)
}
