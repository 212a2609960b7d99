//! Errors as numerics (<https://modern.ircdocs.horse/#numerics>) or, where there is none, as IRCv3's standard replies.

use api::{ErrorCode, channels::ListKind};
use proto::irc::Line;
use smallvec::{SmallVec, smallvec};

use super::{Caps, decode::TOO_MANY_TARGETS, encode::Reply};
use crate::{
    command::{About, Refusal},
    commands::{SOMEBODY_ELSE, USER_MODE},
};

/// How an error is said.
enum Said {
    /// With what stands between the nick and the text.
    Numeric(u16, Params),
    /// `FAIL <verb> <code> <context…>`; 400 for those who do not know standard replies.
    Fail(&'static str, Params),
    Silent,
}

/// Commands that are for operators of the network.
const OPERATORS: &[&str] = &["DLINE", "KILL", "KLINE", "REHASH", "STATS", "UNDLINE", "UNKLINE", "WALLOPS"];

type Params = SmallVec<[String; 2]>;

pub(super) fn write(reply: &mut Reply<'_>, verb: &'static str, refusal: &Refusal) {
    // RFC 2812 §3.3.2 and §3.2.5: nothing is ever answered to a NOTICE, and a channel that nobody may see has no names.
    let are_too_many = refusal.about.what.as_deref() == Some(TOO_MANY_TARGETS);
    if verb == "NOTICE" || verb == "NAMES" && refusal.problem.status < 500 && !are_too_many {
        return;
    }
    let detail = refusal.problem.detail.as_str();
    match said(verb, refusal) {
        Said::Numeric(code, params) => {
            reply.numeric(code).params(params.iter().map(String::as_str)).trailing(detail);
        }
        Said::Fail(code, params) => {
            let verb = if verb.is_empty() { "*" } else { verb };
            // UTF8ONLY and what came later than numerics say FAIL, whatever else a client knows.
            if reply.caps.has(Caps::STANDARD_REPLIES) || code == "INVALID_UTF8" || FAILING.contains(&verb) {
                let line = Line::command(reply.out, Some(reply.server), "FAIL").param(verb).param(code);
                line.params(params.iter().map(String::as_str)).trailing(detail);
            } else {
                reply.numeric(400).param(verb).trailing(detail);
            }
        }
        Said::Silent => {}
    }
}

/// Verbs whose specifications know FAIL only.
const FAILING: [&str; 7] = ["CHATHISTORY", "MARKREAD", "METADATA", "REDACT", "REGISTER", "RENAME", "VERIFY"];

/// <https://ircv3.net/specs/extensions/chathistory#errors-and-warnings>: after the subcommand comes what it was about.
fn of_history(refusal: &Refusal) -> Option<Said> {
    let About { channel, nick, what, value, .. } = &*refusal.about;
    let word = what.clone().unwrap_or_else(|| "*".to_owned());
    let target = channel.as_ref().or(nick.as_ref()).cloned().unwrap_or_else(|| "*".to_owned());
    Some(match refusal.code() {
        ErrorCode::NotAMember
        | ErrorCode::NoSuchChannel
        | ErrorCode::InvalidChannelName
        | ErrorCode::NoSuchNick
        | ErrorCode::InvalidNick => Said::Fail("INVALID_TARGET", smallvec![word, target]),
        ErrorCode::MissingParameter => Said::Fail("NEED_MORE_PARAMS", smallvec![word]),
        ErrorCode::UnknownCommand => Said::Fail("UNKNOWN_COMMAND", smallvec![word]),
        ErrorCode::NoSuchMessage => Said::Fail("MESSAGE_ERROR", smallvec![word, target]),
        ErrorCode::InvalidParameter => match value {
            Some(value) => Said::Fail("INVALID_MSGREFTYPE", smallvec![word, value.clone()]),
            None => Said::Fail("INVALID_PARAMS", smallvec![word]),
        },
        _ => return None,
    })
}

/// <https://ircv3.net/specs/extensions/read-marker#errors-and-warnings>
fn of_marker(refusal: &Refusal) -> Option<Said> {
    let target = refusal.about.what.clone().unwrap_or_else(|| "*".to_owned());
    match refusal.code() {
        ErrorCode::MissingParameter => Some(Said::Fail("NEED_MORE_PARAMS", smallvec![])),
        _ if refusal.problem.status < 500 => Some(Said::Fail("INVALID_PARAMS", smallvec![target])),
        _ => None,
    }
}

/// <https://ircv3.net/specs/extensions/metadata#standard-replies>: `what` is the key, `value` the target.
fn of_metadata(refusal: &Refusal) -> Option<Said> {
    let About { what, value, .. } = &*refusal.about;
    let or_none = |name: &Option<String>| name.clone().unwrap_or_else(|| "*".to_owned());
    let (key, target) = (or_none(what), or_none(value));
    Some(match refusal.code() {
        ErrorCode::NoSuchChannel
        | ErrorCode::InvalidChannelName
        | ErrorCode::NoSuchNick
        | ErrorCode::InvalidNick => Said::Fail("INVALID_TARGET", smallvec![target]),
        ErrorCode::Forbidden
        | ErrorCode::InsufficientScope
        | ErrorCode::NotAMember
        | ErrorCode::NotAnOperator => Said::Fail("KEY_NO_PERMISSION", smallvec![target, key]),
        ErrorCode::ListFull => Said::Fail("LIMIT_REACHED", smallvec![target]),
        ErrorCode::TextTooLong | ErrorCode::InvalidText => Said::Fail("INVALID_VALUE", smallvec![key]),
        ErrorCode::InvalidParameter => Said::Fail("INVALID_KEY", smallvec![key]),
        ErrorCode::UnknownCommand => Said::Fail("INVALID_SUBCOMMAND", smallvec![key]),
        ErrorCode::TooFast => Said::Fail("RATE_LIMITED", smallvec![target, key]),
        _ => return None,
    })
}

fn said(verb: &'static str, refusal: &Refusal) -> Said {
    use Said::{Fail, Numeric, Silent};
    let of_verb = match verb {
        "CHATHISTORY" => of_history(refusal),
        "MARKREAD" => of_marker(refusal),
        "METADATA" => of_metadata(refusal),
        _ => None,
    };
    if let Some(said) = of_verb {
        return said;
    }
    let About { channel, nick, what, value, list, seq: _, service: _ } = &*refusal.about;
    let or_none = |name: &Option<String>| name.clone().unwrap_or_else(|| "*".to_owned());
    let (on_channel, what) = (|| smallvec![or_none(channel)], || or_none(what));
    let says = matches!(verb, "PRIVMSG" | "TAGMSG");
    let target = || channel.as_ref().or(nick.as_ref()).cloned();
    if matches!(verb, "REGISTER" | "VERIFY")
        && let Some(code) = of_registration(verb, refusal)
    {
        return Fail(code, smallvec![what()]);
    }
    match refusal.code() {
        // <https://ircv3.net/specs/extensions/message-redaction#errors>
        ErrorCode::NotAMember
        | ErrorCode::NoSuchChannel
        | ErrorCode::InvalidChannelName
        | ErrorCode::NoSuchNick
        | ErrorCode::InvalidNick
            if verb == "REDACT" =>
        {
            Fail("INVALID_TARGET", smallvec![or_none(&target())])
        }
        ErrorCode::NotAnOperator | ErrorCode::Forbidden if verb == "REDACT" => {
            Fail("REDACT_FORBIDDEN", smallvec![or_none(&target()), what()])
        }
        // <https://ircv3.net/specs/extensions/channel-rename#errors>
        ErrorCode::ChannelExists if verb == "RENAME" => {
            Fail("CHANNEL_NAME_IN_USE", smallvec![or_none(channel), or_none(value)])
        }
        ErrorCode::InvalidChannelName if verb == "RENAME" && value.is_some() => {
            Fail("CANNOT_RENAME", smallvec![or_none(channel), or_none(value)])
        }
        ErrorCode::TextTooLong | ErrorCode::InvalidText if verb == "SETNAME" => {
            Fail("INVALID_REALNAME", smallvec![])
        }
        ErrorCode::Forbidden if verb == "OPER" => Numeric(491, smallvec![]),
        ErrorCode::Forbidden | ErrorCode::InsufficientScope if OPERATORS.contains(&verb) => {
            Numeric(481, smallvec![])
        }
        ErrorCode::InvalidMask | ErrorCode::NoSuchBan if OPERATORS.contains(&verb) => {
            Fail("INVALID_PARAMS", smallvec![what()])
        }
        ErrorCode::InvalidUtf8 => Fail("INVALID_UTF8", smallvec![]),
        ErrorCode::MissingParameter => match &*what() {
            "nick" if matches!(verb, "NICK" | "WHOIS" | "WHOWAS") => Numeric(431, smallvec![]),
            "origin" => Numeric(409, smallvec![]),
            "target" => Numeric(411, smallvec![]),
            "text" => Numeric(412, smallvec![]),
            _ => Numeric(461, smallvec![verb.to_owned()]),
        },
        ErrorCode::NoCurrentTarget => Numeric(411, smallvec![]),
        ErrorCode::NotRegistered | ErrorCode::NotAuthenticated | ErrorCode::SessionEnded => {
            Numeric(451, smallvec![])
        }
        ErrorCode::BadCredentials => Numeric(464, smallvec![]),
        ErrorCode::NotAMember if says => Numeric(404, on_channel()),
        ErrorCode::NotAMember => Numeric(442, on_channel()),
        ErrorCode::Banned if verb == "JOIN" => Numeric(474, on_channel()),
        ErrorCode::Banned | ErrorCode::Moderated => Numeric(404, on_channel()),
        ErrorCode::RegisteredOnly if says && nick.is_some() => Numeric(477, smallvec![or_none(nick)]),
        ErrorCode::RegisteredOnly if says => Numeric(404, on_channel()),
        ErrorCode::RegisteredOnly => Numeric(477, on_channel()),
        ErrorCode::InviteOnly => Numeric(473, on_channel()),
        ErrorCode::BadKey => Numeric(475, on_channel()),
        ErrorCode::ChannelFull => Numeric(471, on_channel()),
        ErrorCode::TooManyChannels => Numeric(405, on_channel()),
        ErrorCode::NotAnOperator => Numeric(482, on_channel()),
        ErrorCode::NoSuchChannel | ErrorCode::InvalidChannelName => Numeric(403, on_channel()),
        ErrorCode::NotInChannel => Numeric(441, smallvec![or_none(nick), or_none(channel)]),
        ErrorCode::NoSuchNick => Numeric(401, smallvec![or_none(nick)]),
        ErrorCode::InvalidNick if verb == "NICK" => Numeric(432, smallvec![or_none(nick)]),
        ErrorCode::InvalidNick => Numeric(401, smallvec![or_none(nick)]),
        ErrorCode::NickInUse => Numeric(433, smallvec![or_none(nick)]),
        ErrorCode::UnknownCommand => Numeric(421, smallvec![what()]),
        ErrorCode::AlreadyLoggedIn => Numeric(462, smallvec![]),
        ErrorCode::LineTooLong | ErrorCode::TextTooLong => Numeric(417, smallvec![]),
        ErrorCode::ListFull => Numeric(478, smallvec![or_none(channel), what()]),
        ErrorCode::InvalidMask => {
            let letter = list.unwrap_or(ListKind::Bans).letter();
            Numeric(696, smallvec![or_none(channel), letter.to_string(), what()])
        }
        // With its sign it is a mode with a wrong value, without it no mode.
        ErrorCode::InvalidMode if what() == USER_MODE => Numeric(501, smallvec![]),
        ErrorCode::InvalidMode => match what().strip_prefix(['+', '-']) {
            Some(letter) => Numeric(696, smallvec![or_none(channel), letter.to_owned(), or_none(value)]),
            None => Numeric(472, smallvec![what()]),
        },
        ErrorCode::NoSuchBan => Silent,
        ErrorCode::NoSuchMessage => Fail("UNKNOWN_MSGID", smallvec![or_none(&target()), what()]),
        ErrorCode::NoSuchAccount => Fail("ACCOUNT_UNKNOWN", smallvec![what()]),
        ErrorCode::AccountExists => Fail("ACCOUNT_EXISTS", smallvec![what()]),
        ErrorCode::WeakPassword => Fail("WEAK_PASSWORD", smallvec![]),
        ErrorCode::RegistrationClosed => Fail("REGISTRATION_CLOSED", smallvec![]),
        ErrorCode::PlaintextRefused => Fail("NEED_TLS", smallvec![]),
        ErrorCode::Suspended | ErrorCode::NetworkBanned => Numeric(465, smallvec![]),
        ErrorCode::TooFast => Numeric(263, smallvec![verb.to_owned()]),
        ErrorCode::InvalidParameter if what() == TOO_MANY_TARGETS => Numeric(407, smallvec![or_none(nick)]),
        ErrorCode::BadRequest
        | ErrorCode::InvalidParameter
        | ErrorCode::InvalidText
        | ErrorCode::KeyReused
        | ErrorCode::BodyTooLarge
        | ErrorCode::UnsupportedMediaType
        | ErrorCode::VersionMismatch
        | ErrorCode::UnsupportedVersion
        | ErrorCode::MethodNotAllowed => Fail("INVALID_PARAMS", smallvec![]),
        ErrorCode::Forbidden if what() == SOMEBODY_ELSE => Numeric(502, smallvec![]),
        ErrorCode::Forbidden | ErrorCode::InsufficientScope => Fail("FORBIDDEN", smallvec![]),
        ErrorCode::NotFound | ErrorCode::ChannelExists => Fail("INVALID_TARGET", smallvec![]),
        ErrorCode::TooManyConnections => Fail("TOO_MANY_CONNECTIONS", smallvec![]),
        ErrorCode::Internal => Fail("INTERNAL_ERROR", smallvec![]),
        // Never a numeric that means something else: what was asked may have been done all the same.
        ErrorCode::Unavailable | ErrorCode::Overloaded | ErrorCode::Timeout => {
            Fail("UNAVAILABLE", target().into_iter().collect())
        }
    }
}

/// <https://ircv3.net/specs/extensions/account-registration#fail-codes>
fn of_registration(verb: &str, refusal: &Refusal) -> Option<&'static str> {
    Some(match refusal.code() {
        ErrorCode::AccountExists | ErrorCode::NickInUse => "ACCOUNT_EXISTS",
        ErrorCode::AlreadyLoggedIn => "ALREADY_AUTHENTICATED",
        ErrorCode::BadCredentials if verb == "VERIFY" => "INVALID_CODE",
        ErrorCode::InvalidNick | ErrorCode::InvalidParameter => "BAD_ACCOUNT_NAME",
        ErrorCode::NoCurrentTarget => "NEED_NICK",
        ErrorCode::NotRegistered => "COMPLETE_CONNECTION_REQUIRED",
        ErrorCode::WeakPassword => "WEAK_PASSWORD",
        ErrorCode::RegistrationClosed
        | ErrorCode::TooFast
        | ErrorCode::Unavailable
        | ErrorCode::Overloaded
        | ErrorCode::Timeout => "TEMPORARILY_UNAVAILABLE",
        _ => return None,
    })
}
