//! What commands do, one file a verb: they ask the owners, let the hub show what changed, and say what came of it.

mod away;
mod back;
mod ban;
pub(crate) mod before;
mod chanserv;
mod chathistory;
mod enter;
mod history;
mod invite;
mod irc;
mod join;
mod kick;
mod list;
mod login;
mod marker;
mod metadata;
mod mode;
mod monitor;
mod multiline;
mod names;
mod nick;
mod nickserv;
mod operate;
mod part;
mod people;
pub(crate) mod ping;
mod redact;
mod register;
mod rename;
pub(crate) mod resume;
mod role;
mod sasl;
pub(crate) mod say;
mod services;
mod setname;
mod signal;
mod to;
mod token;
mod topic;
mod user_mode;
mod who;
mod whois;
mod whowas;

use api::ErrorCode;
use kit::trace::{self, TraceContext};

pub(crate) use self::{
    list::{Ages, ListFilter},
    redact::Named as Redacted,
    user_mode::{SOMEBODY_ELSE, USER_MODE},
};
use crate::{
    command::{Answer, Command, Outcome, Refusal},
    dialect::{
        irc::{Told, Word},
        plain,
    },
    reply::Reply,
    session::Session,
};

/// Carries out a command; its reply has been given, or will be by the hub.
pub(crate) async fn run(session: &mut Session, command: Command, reply: Reply) {
    if session.awaits_webirc() && !matches!(command, Command::Irc(Word::Webirc { .. }) | Command::Quit { .. })
    {
        session.leaving = Some("say with WEBIRC for whom you connect".to_owned());
        return reply.give(&Ok(Outcome::Irc(Told::Nothing)));
    }
    if !command.is_open() && !session.is_somebody() {
        return reply.give(&before::before(session, command));
    }
    session.client.change_begins();
    trace::scope(TraceContext::random(), carry_out(session, command, reply)).await;
}

async fn carry_out(session: &mut Session, command: Command, reply: Reply) {
    let answer = match command {
        // The hub answers these, in the order of what it shows.
        Command::Join { channel, key } => return join::join(session, &channel, key, reply).await,
        Command::Say { to, kind, text, with } => return say::say(session, to, kind, text, with, reply).await,
        Command::Redact { target, named, reason } => {
            return redact::redact(session, &target, named, reason, reply).await;
        }
        Command::Irc(Word::Part(part)) => return multiline::part(session, part, reply).await,
        Command::Irc(Word::Tags { target, role, tags }) => {
            return signal::tags(session, &target, role, tags, reply).await;
        }
        Command::Resume { targets } => return resume::resume(session, targets, reply).await,

        Command::Nick { nick } if session.is_entering() => enter::nick(session, nick).await,
        Command::Nick { nick } => nick::nick(session, nick).await,
        Command::Register { name, password } => register::register(session, name, password).await,
        Command::Login(login) => login::login(session, login).await,
        Command::Token { label } => token::token(session, label).await,
        Command::Part { channel, reason } => part::part(session, channel, reason).await,
        Command::Names { channel } => names::names(session, channel).await,
        Command::List { matching, filter } => list::list(session, matching, filter).await,
        Command::Rename { channel, name, reason } => rename::rename(session, &channel, &name, reason).await,
        Command::Topic { channel, text } => topic::topic(session, channel, text).await,
        Command::History { target, page } => history::history(session, target, page).await,
        Command::Whois { nick } => whois::whois(session, &nick).await,
        Command::Kick { channel, nick, reason } => kick::kick(session, &channel, &nick, reason).await,
        Command::Ban { channel, list, mask } => ban::ban(session, &channel, list, &mask).await,
        Command::Unban { channel, list, mask } => ban::unban(session, &channel, list, &mask).await,
        Command::Bans { channel, list } => ban::bans(session, &channel, list).await,
        Command::Invite { channel, nick } => invite::invite(session, &channel, &nick).await,
        Command::Role { channel, nick, role, set } => role::role(session, &channel, &nick, role, set).await,
        Command::Mode { channel, changes } => mode::mode(session, channel, &changes).await,
        Command::Whowas { nick, most } => whowas::whowas(session, nick, most).await,
        Command::Who { mask, fields } => who::who(session, mask, fields).await,
        Command::People { nicks } => people::people(session, nicks).await,
        Command::Irc(word) => irc::irc(session, word).await,
        Command::Away { text } => away::away(session, text).await,
        Command::To { target } => to::to(session, &target).await,
        Command::Hello { version } => hello(&version),
        Command::Whoami => whoami(session),
        Command::Ping { text } => return ping::ping(session, text, reply),
        Command::Help { verb } => Ok(Outcome::Help { verb }),
        Command::Format(dialect, word) => {
            session.client.queue.speak(dialect);
            Ok(Outcome::Format(word))
        }
        Command::Misused(refusal) => Err(*refusal),
        Command::Quit { reason } => {
            session.leaving = Some(reason.map_or_else(|| "quit".to_owned(), quit_reason));
            Ok(Outcome::Bye)
        }
    };
    reply.give(&answer);
    if session.returning.is_some() {
        back::come_back(session).await;
    }
}

fn hello(version: &str) -> Answer {
    if version == plain::VERSION {
        return Ok(Outcome::Hello);
    }
    Err(Refusal::new(ErrorCode::UnsupportedVersion).detail(format!("this server speaks {}", plain::VERSION)))
}

fn whoami(session: &Session) -> Answer {
    let actor = session.actor()?;
    let gateway = session.gateway.id.clone();
    Ok(Outcome::Whoami { nick: actor.person.nick.clone(), account: actor.account.clone(), gateway })
}

/// What a QUIT can show of what was typed: leaving must not fail for the words of it.
fn quit_reason(text: String) -> String {
    let mut reason: String = text.chars().filter(|c| !matches!(c, '\0' | '\r' | '\n')).collect();
    reason.truncate(reason.floor_char_boundary(api::text::MAX_LINE_BYTES));
    reason
}
