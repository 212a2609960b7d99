//! Coming in, staying, and going.

use api::ErrorCode;
use proto::irc::Params;

use super::{missing, nothing, one, refused};
use crate::{
    command::{Command, Refusal},
    dialect::{
        Commands,
        irc::{CapRequest, Word},
    },
};
use kit::config::Secret;

pub(crate) fn cap(params: &Params<'_>) -> Commands {
    let list = || params.get(1).copied().unwrap_or_default();
    let request = match params[0].to_ascii_uppercase().as_str() {
        "LS" => CapRequest::Ls(list().parse().ok()),
        "LIST" => CapRequest::List,
        "REQ" => CapRequest::Req(list().to_owned()),
        "END" => CapRequest::End,
        _ => CapRequest::Unknown(params[0].to_owned()),
    };
    one(Command::Irc(Word::Cap(request)))
}

pub(crate) fn authenticate(params: &Params<'_>) -> Commands {
    one(Command::Irc(Word::Authenticate(Secret::new(params[0].to_owned()))))
}

/// `REGISTER <account | *> <email | *> <password>`. Addresses are not kept.
pub(crate) fn register(params: &Params<'_>) -> Commands {
    let account = Some(params[0]).filter(|name| !matches!(*name, "*" | "")).map(str::to_owned);
    one(Command::Irc(Word::Register { account, password: Secret::new(params[2].to_owned()) }))
}

/// `VERIFY <account> <code>`: no account waits for a code.
pub(crate) fn verify(params: &Params<'_>) -> Commands {
    let refusal = Refusal::new(ErrorCode::BadCredentials).detail("no account here waits for a code");
    refused(refusal.what(params[0]))
}

pub(crate) fn nick(params: &Params<'_>) -> Commands {
    match params.first() {
        Some(nick) if !nick.is_empty() => one(Command::Nick { nick: (*nick).to_owned() }),
        _ => refused(missing("nick")),
    }
}

pub(crate) fn pass(params: &Params<'_>) -> Commands {
    one(Command::Irc(Word::Pass(Secret::new(params[0].to_owned()))))
}

/// `WEBIRC <password> <gateway> <host> <address> [:<options>]`. Whose host it is we find out by ourselves: see `kit`'s cloaks.
pub(crate) fn webirc(params: &Params<'_>) -> Commands {
    let is_secure = params.get(4).is_some_and(|options| options.split(' ').any(|option| option == "secure"));
    let password = Secret::new(params[0].to_owned());
    one(Command::Irc(Word::Webirc { password, address: params[3].to_owned(), is_secure }))
}

pub(crate) fn user(params: &Params<'_>) -> Commands {
    // RFC 2812 §3.1.3: the mode and an unused parameter stand between.
    let realname = params[3];
    if params[0].is_empty() || realname.is_empty() {
        return refused(missing("parameter"));
    }
    one(Command::Irc(Word::User { username: params[0].to_owned(), realname: realname.to_owned() }))
}

pub(crate) fn ping(params: &Params<'_>) -> Commands {
    match params.first() {
        Some(token) if !token.is_empty() => one(Command::Ping { text: (*token).to_owned() }),
        _ => refused(missing("origin")),
    }
}

/// Says that it is there, which any line does.
pub(crate) fn pong(_: &Params<'_>) -> Commands {
    one(nothing())
}

pub(crate) fn quit(params: &Params<'_>) -> Commands {
    let reason = params.first().filter(|reason| !reason.is_empty());
    one(Command::Quit { reason: reason.map(|reason| (*reason).to_owned()) })
}
