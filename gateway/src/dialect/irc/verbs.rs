//! The table of verbs: what counts as one, how many parameters it needs, and what reads them.

use proto::irc::Params;

use super::decode::{channel, conversation, entry, history, metadata, multiline, operator, people, server};
use crate::dialect::Commands;

pub(super) struct Verb {
    pub(super) name: &'static str,
    /// With fewer parameters it means nothing: 461.
    pub(super) least: usize,
    /// Understood before the connection is somebody.
    pub(super) is_open: bool,
    pub(super) read: fn(&Params<'_>) -> Commands,
}

const fn verb(name: &'static str, least: usize, read: fn(&Params<'_>) -> Commands) -> Verb {
    Verb { name, least, is_open: false, read }
}

const fn open(name: &'static str, least: usize, read: fn(&Params<'_>) -> Commands) -> Verb {
    Verb { name, least, is_open: true, read }
}

#[rustfmt::skip] // a table
const VERBS: &[Verb] = &[
    open("AUTHENTICATE", 1, entry::authenticate),
    open("CAP", 1, entry::cap),
    open("ISUPPORT", 0, server::isupport),
    open("NICK", 0, entry::nick),
    open("PASS", 1, entry::pass),
    open("PING", 0, entry::ping),
    open("PONG", 0, entry::pong),
    open("QUIT", 0, entry::quit),
    open("REGISTER", 3, entry::register),
    open("USER", 4, entry::user),
    open("VERIFY", 2, entry::verify),
    open("WEBIRC", 4, entry::webirc),

    verb("INVITE", 0, channel::invite),
    verb("JOIN", 1, channel::join),
    verb("KICK", 2, channel::kick),
    verb("LIST", 0, channel::list),
    verb("MODE", 1, channel::mode),
    verb("NAMES", 0, channel::names),
    verb("PART", 1, channel::part),
    verb("RENAME", 2, channel::rename),
    verb("TOPIC", 1, channel::topic),

    verb("BATCH", 1, multiline::batch),
    verb("CHANSERV", 0, conversation::chanserv),
    verb("CHATHISTORY", 0, history::chathistory),
    verb("CS", 0, conversation::chanserv),
    verb("MARKREAD", 0, history::markread),
    verb("METADATA", 2, metadata::metadata),
    verb("NICKSERV", 0, conversation::nickserv),
    verb("NOTICE", 0, conversation::notice),
    verb("NS", 0, conversation::nickserv),
    verb("PRIVMSG", 0, conversation::privmsg),
    verb("REDACT", 2, conversation::redact),
    verb("TAGMSG", 1, conversation::tagmsg),

    verb("AWAY", 0, people::away),
    verb("ISON", 1, people::ison),
    verb("MONITOR", 1, people::monitor),
    verb("SETNAME", 1, people::setname),
    verb("USERHOST", 1, people::userhost),
    verb("WHO", 1, people::who),
    verb("WHOIS", 0, people::whois),
    verb("WHOWAS", 0, people::whowas),

    verb("DLINE", 1, operator::dline),
    verb("KILL", 1, operator::kill),
    verb("KLINE", 1, operator::kline),
    verb("OPER", 2, operator::oper),
    verb("REHASH", 0, operator::rehash),
    verb("UNDLINE", 1, operator::unban),
    verb("UNKLINE", 1, operator::unban),
    verb("WALLOPS", 1, operator::wallops),

    verb("ADMIN", 0, server::admin),
    verb("HELP", 0, server::help),
    verb("HELPOP", 0, server::help),
    verb("INFO", 0, server::info),
    verb("LINKS", 0, server::links),
    verb("LUSERS", 0, server::lusers),
    verb("MOTD", 0, server::motd),
    verb("STATS", 0, server::stats),
    verb("TIME", 0, server::time),
    verb("VERSION", 0, server::version),
];

/// `name` in upper case.
pub(super) fn find(name: &str) -> Option<&'static Verb> {
    VERBS.iter().find(|verb| verb.name == name)
}

pub(super) fn names() -> impl Iterator<Item = &'static str> {
    VERBS.iter().map(|verb| verb.name)
}
