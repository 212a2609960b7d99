//! One catalogue of errors for every door. A closed enum: a new code does not compile until every rendering answers it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where an error can come out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The line protocol.
    Line,
    /// IRC, in its words: a numeric, or `FAIL`.
    Irc,
    /// A REST API.
    Rest,
}

impl Door {
    /// As a sentence names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Line => "the line protocol",
            Self::Irc => "IRC",
            Self::Rest => "the REST APIs",
        }
    }
}

/// Everything that can go wrong, as its word: `no-such-channel` is the same word at every door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorCode {
    BadRequest,
    InvalidUtf8,
    MissingParameter,
    NoCurrentTarget,
    NotAuthenticated,
    NotRegistered,
    BadCredentials,
    Forbidden,
    InsufficientScope,
    NotAMember,
    Banned,
    InviteOnly,
    BadKey,
    ChannelFull,
    Moderated,
    RegisteredOnly,
    NotAnOperator,
    Suspended,
    NetworkBanned,
    RegistrationClosed,
    PlaintextRefused,
    NotFound,
    NoSuchChannel,
    NoSuchNick,
    NoSuchAccount,
    NoSuchMessage,
    NoSuchBan,
    NotInChannel,
    UnknownCommand,
    MethodNotAllowed,
    NickInUse,
    AccountExists,
    ChannelExists,
    AlreadyLoggedIn,
    SessionEnded,
    VersionMismatch,
    LineTooLong,
    TextTooLong,
    BodyTooLarge,
    UnsupportedMediaType,
    InvalidParameter,
    InvalidNick,
    InvalidChannelName,
    InvalidText,
    InvalidMask,
    InvalidMode,
    WeakPassword,
    KeyReused,
    ListFull,
    TooManyChannels,
    TooFast,
    TooManyConnections,
    Internal,
    Unavailable,
    Overloaded,
    Timeout,
    UnsupportedVersion,
}

use Door::{Irc, Line, Rest};

impl ErrorCode {
    /// Every code, in the order of the catalogue.
    pub const ALL: &'static [Self] = &[
        Self::BadRequest,
        Self::InvalidUtf8,
        Self::MissingParameter,
        Self::NoCurrentTarget,
        Self::NotAuthenticated,
        Self::NotRegistered,
        Self::BadCredentials,
        Self::Forbidden,
        Self::InsufficientScope,
        Self::NotAMember,
        Self::Banned,
        Self::InviteOnly,
        Self::BadKey,
        Self::ChannelFull,
        Self::Moderated,
        Self::RegisteredOnly,
        Self::NotAnOperator,
        Self::Suspended,
        Self::NetworkBanned,
        Self::RegistrationClosed,
        Self::PlaintextRefused,
        Self::NotFound,
        Self::NoSuchChannel,
        Self::NoSuchNick,
        Self::NoSuchAccount,
        Self::NoSuchMessage,
        Self::NoSuchBan,
        Self::NotInChannel,
        Self::UnknownCommand,
        Self::MethodNotAllowed,
        Self::NickInUse,
        Self::AccountExists,
        Self::ChannelExists,
        Self::AlreadyLoggedIn,
        Self::SessionEnded,
        Self::VersionMismatch,
        Self::LineTooLong,
        Self::TextTooLong,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::InvalidParameter,
        Self::InvalidNick,
        Self::InvalidChannelName,
        Self::InvalidText,
        Self::InvalidMask,
        Self::InvalidMode,
        Self::WeakPassword,
        Self::KeyReused,
        Self::ListFull,
        Self::TooManyChannels,
        Self::TooFast,
        Self::TooManyConnections,
        Self::Internal,
        Self::Unavailable,
        Self::Overloaded,
        Self::Timeout,
        Self::UnsupportedVersion,
    ];

    /// Word, HTTP status, title and doors: the whole catalogue on one page.
    #[rustfmt::skip]
    const fn row(self) -> (&'static str, u16, &'static str, &'static [Door]) {
        match self {
            Self::BadRequest           => ("bad-request", 400, "the request cannot be read", &[Line, Irc, Rest]),
            Self::InvalidUtf8          => ("invalid-utf8", 400, "the line is not UTF-8", &[Line, Irc]),
            Self::MissingParameter     => ("missing-parameter", 400, "a parameter is missing", &[Line, Irc]),
            Self::NoCurrentTarget      => ("no-current-target", 400, "there is no current target", &[Line, Irc]),
            Self::NotAuthenticated     => ("not-authenticated", 401, "a valid access token is needed", &[Line, Irc, Rest]),
            Self::NotRegistered        => ("not-registered", 401, "take a nick or log in first", &[Line, Irc]),
            Self::BadCredentials       => ("bad-credentials", 401, "name or secret is wrong", &[Line, Irc, Rest]),
            Self::Forbidden            => ("forbidden", 403, "this is not allowed", &[Line, Irc, Rest]),
            Self::InsufficientScope    => ("insufficient-scope", 403, "the token lacks the scope for this", &[Line, Irc, Rest]),
            Self::NotAMember           => ("not-a-member", 403, "you are not in that channel", &[Line, Irc, Rest]),
            Self::Banned               => ("banned", 403, "you are banned from that channel", &[Line, Irc, Rest]),
            Self::InviteOnly           => ("invite-only", 403, "that channel is for invited people only", &[Line, Irc, Rest]),
            Self::BadKey               => ("bad-key", 403, "that channel needs its key", &[Line, Irc, Rest]),
            Self::ChannelFull          => ("channel-full", 403, "that channel is full", &[Line, Irc, Rest]),
            Self::Moderated            => ("moderated", 403, "that channel is moderated and you have no voice", &[Line, Irc, Rest]),
            Self::RegisteredOnly       => ("registered-only", 403, "that channel is for people with an account", &[Line, Irc, Rest]),
            Self::NotAnOperator        => ("not-an-operator", 403, "only an operator may do this", &[Line, Irc, Rest]),
            Self::Suspended            => ("suspended", 403, "the account is suspended", &[Line, Rest]),
            Self::NetworkBanned        => ("network-banned", 403, "you are banned from this network", &[Line, Irc, Rest]),
            Self::RegistrationClosed   => ("registration-closed", 403, "accounts cannot be registered here", &[Line, Irc, Rest]),
            Self::PlaintextRefused     => ("plaintext-refused", 403, "passwords need an encrypted connection", &[Line, Irc]),
            Self::NotFound             => ("not-found", 404, "there is nothing at this address", &[Rest]),
            Self::NoSuchChannel        => ("no-such-channel", 404, "there is no such channel", &[Line, Irc, Rest]),
            Self::NoSuchNick           => ("no-such-nick", 404, "there is nobody of that name", &[Line, Irc, Rest]),
            Self::NoSuchAccount        => ("no-such-account", 404, "there is no such account", &[Rest]),
            Self::NoSuchMessage        => ("no-such-message", 404, "there is no such message", &[Line, Irc, Rest]),
            Self::NoSuchBan            => ("no-such-ban", 404, "there is no such entry in the list", &[Line, Irc, Rest]),
            Self::NotInChannel         => ("not-in-channel", 404, "that person is not in the channel", &[Line, Irc, Rest]),
            Self::UnknownCommand       => ("unknown-command", 404, "there is no such command", &[Line, Irc]),
            Self::MethodNotAllowed     => ("method-not-allowed", 405, "this address has no such method", &[Rest]),
            Self::NickInUse            => ("nick-in-use", 409, "that nick is taken", &[Line, Irc, Rest]),
            Self::AccountExists        => ("account-exists", 409, "that account name is taken", &[Line, Irc, Rest]),
            Self::ChannelExists        => ("channel-exists", 409, "that channel is registered already", &[Line, Irc, Rest]),
            Self::AlreadyLoggedIn      => ("already-logged-in", 409, "you are logged in already", &[Line, Irc]),
            Self::SessionEnded         => ("session-ended", 410, "the session has ended", &[Rest]),
            Self::VersionMismatch      => ("version-mismatch", 412, "it has changed since you read it", &[Rest]),
            Self::LineTooLong          => ("line-too-long", 413, "the line is too long", &[Line, Irc]),
            Self::TextTooLong          => ("text-too-long", 413, "the text is too long", &[Line, Irc, Rest]),
            Self::BodyTooLarge         => ("body-too-large", 413, "the body is too large", &[Rest]),
            Self::UnsupportedMediaType => ("unsupported-media-type", 415, "the body has the wrong type", &[Rest]),
            Self::InvalidParameter     => ("invalid-parameter", 422, "a value is not allowed", &[Line, Irc, Rest]),
            Self::InvalidNick          => ("invalid-nick", 422, "that name is not allowed", &[Line, Irc, Rest]),
            Self::InvalidChannelName   => ("invalid-channel-name", 422, "that channel name is not allowed", &[Line, Irc, Rest]),
            Self::InvalidText          => ("invalid-text", 422, "the text is not allowed", &[Line, Irc, Rest]),
            Self::InvalidMask          => ("invalid-mask", 422, "that mask is not allowed", &[Line, Irc, Rest]),
            Self::InvalidMode          => ("invalid-mode", 422, "that mode is not allowed", &[Line, Irc, Rest]),
            Self::WeakPassword         => ("weak-password", 422, "the password is too weak", &[Line, Irc, Rest]),
            Self::KeyReused            => ("key-reused", 422, "the idempotency key was used for another request", &[Line, Rest]),
            Self::ListFull             => ("list-full", 422, "the list is full", &[Line, Irc, Rest]),
            Self::TooManyChannels      => ("too-many-channels", 422, "you are in too many channels", &[Line, Irc, Rest]),
            Self::TooFast              => ("too-fast", 429, "too many requests", &[Line, Irc, Rest]),
            Self::TooManyConnections   => ("too-many-connections", 429, "too many connections", &[Line, Irc, Rest]),
            Self::Internal             => ("internal", 500, "something went wrong inside", &[Line, Irc, Rest]),
            Self::Unavailable          => ("unavailable", 503, "a service is not available", &[Line, Irc, Rest]),
            Self::Overloaded           => ("overloaded", 503, "the service has too much to do", &[Line, Irc, Rest]),
            Self::Timeout              => ("timeout", 503, "the service took too long", &[Line, Irc, Rest]),
            Self::UnsupportedVersion   => ("unsupported-version", 505, "that version is not spoken here", &[Line]),
        }
    }

    pub const fn as_str(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status, which is the line protocol's code too.
    pub const fn status(self) -> u16 {
        self.row().1
    }

    pub const fn title(self) -> &'static str {
        self.row().2
    }

    /// The doors at which it can occur.
    pub const fn doors(self) -> &'static [Door] {
        self.row().3
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for ErrorCode {
    type Err = ();
    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|code| code.as_str() == word).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_serde_and_the_words_agree() {
        for &code in ErrorCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
            assert_eq!(code.as_str().parse(), Ok(code));
            assert!(!code.doors().is_empty(), "{code} comes out nowhere");
        }
        assert_eq!(
            ErrorCode::ALL.len(),
            ErrorCode::UnsupportedVersion as usize + 1,
            "a code is missing in ALL"
        );
    }
}
