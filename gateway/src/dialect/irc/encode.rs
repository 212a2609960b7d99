//! Outcomes as lines.

mod channel;
mod history;
mod metadata;
mod monitor;
mod names;
mod operator;
mod people;
mod sasl;
mod server;
mod who;

use std::sync::Arc;

use api::{
    ChannelName, Entry,
    auth::Actor,
    messages::Passing,
    text::{MAX_MESSAGE_BYTES, MAX_MESSAGE_LINES},
};
use bytes::Bytes;
use proto::irc::Line;

use super::{
    Caps, NOBODY, Told, errors,
    events::{self, By},
    multiline::Broken,
};
use crate::{
    command::{Answer, Outcome, Refusal, Scene},
    dialect::Ask,
    event::{Event, Shown},
    hub::{Client, Presence},
    server::Server,
};

/// A reply being written to its reader.
pub(super) struct Reply<'a> {
    pub(super) out: &'a mut Vec<u8>,
    pub(super) caps: Caps,
    pub(super) server: &'a str,
    network: &'a str,
    since: api::Timestamp,
    me: Option<Arc<Actor>>,
    shown: Option<Shown>,
    realname: Option<Arc<str>>,
}

pub(crate) fn answer(caps: Caps, client: &Client, ask: &Ask, answer: &Answer) -> Bytes {
    let mut out = Vec::new();
    let mut reply = Reply::to(caps, client, &mut out);
    match answer {
        Ok(outcome) => reply.write(ask, outcome),
        Err(refusal) => reply.refuse(ask.verb, refusal),
    }
    out.into()
}

/// A channel is called otherwise, for those who know that as leaving one and coming into another
/// (<https://ircv3.net/specs/extensions/channel-rename#fallback>).
pub(crate) fn moved(
    caps: Caps,
    client: &Client,
    old: &ChannelName,
    new: &ChannelName,
    reason: &str,
    scene: &Scene,
) -> Bytes {
    let mut out = Vec::new();
    // How far they have read is as it was.
    let mut reply = Reply::to(caps.without(Caps::READ_MARKER), client, &mut out);
    reply.parted(old, reason);
    reply.joined(new, scene);
    out.into()
}

/// A channel that somebody comes back to.
pub(crate) fn back(caps: Caps, client: &Client, channel: &ChannelName, scene: &Scene) -> Bytes {
    let mut out = Vec::new();
    Reply::to(caps, client, &mut out).joined(channel, scene);
    out.into()
}

/// Why a connection is closed.
pub(crate) fn closing(reason: &str) -> Bytes {
    let mut out = Vec::new();
    events::event(Caps::NONE, &Event::Closing { reason }, api::Timestamp::now(), &mut out);
    out.into()
}

/// Whether somebody is there.
pub(crate) fn ping(server: &Server) -> Bytes {
    let mut out = Vec::new();
    Line::command(&mut out, Some(&server.name), "PING").trailing(&server.name);
    out.into()
}

/// Somebody whom a connection watches has come or gone.
pub(crate) fn presence(client: &Client, presence: &Presence) -> Bytes {
    let mut out = Vec::new();
    let me = client.actor();
    let nick = me.as_ref().map_or(NOBODY, |me| me.person.nick.as_str());
    let (code, target) = monitor::numeric(presence);
    Line::numeric(&mut out, &client.server.name, code, nick).trailing(target);
    out.into()
}

/// What somebody or a channel says now, of whom a connection hears.
pub(crate) fn metadata(client: &Client, target: &str, key: &str, value: Option<&str>) -> Bytes {
    let mut out = Vec::new();
    let me = client.actor();
    let nick = me.as_ref().map_or(NOBODY, |me| me.person.nick.as_str());
    metadata::write(&mut out, &client.server.name, nick, target, (key, value));
    out.into()
}

impl<'a> Reply<'a> {
    fn to(caps: Caps, client: &'a Client, out: &'a mut Vec<u8>) -> Self {
        let server = &client.server;
        Self {
            out,
            caps,
            server: &server.name,
            network: &server.network,
            since: server.since,
            me: client.actor(),
            shown: client.shown(),
            realname: client.realname(),
        }
    }
}

impl Reply<'_> {
    /// Begins a numeric.
    pub(super) fn numeric(&mut self, code: u16) -> Line<'_> {
        let nick = self.me.as_ref().map_or(NOBODY, |me| me.person.nick.as_str());
        Line::numeric(self.out, self.server, code, nick)
    }

    /// Begins a line of the server's.
    fn line(&mut self, verb: &str) -> Line<'_> {
        Line::command(self.out, Some(self.server), verb)
    }

    fn refuse(&mut self, verb: &'static str, refusal: &Refusal) {
        errors::write(self, verb, refusal);
        // Clients wait for the end.
        match (verb, &refusal.about.nick) {
            ("WHOIS", Some(nick)) => self.numeric(318).param(nick).trailing("End of /WHOIS list"),
            _ => "",
        };
    }

    fn write(&mut self, ask: &Ask, outcome: &Outcome) {
        match outcome {
            Outcome::Joined { channel, scene: Some(scene), .. } => self.joined(channel, scene),
            Outcome::Parted { channel, reason } => self.parted(channel, reason),
            Outcome::Redacted { entry, .. } => self.echo(entry.as_deref()),
            Outcome::Sent { entry, away, .. } => {
                self.echo(entry.as_deref());
                if let Some((nick, text)) = away {
                    self.numeric(301).param(nick.as_str()).trailing(text);
                }
            }
            Outcome::Names { channel, members, secret } => {
                self.names(channel.as_str(), members.iter(), *secret);
            }
            Outcome::List(channels) => self.list(channels),
            Outcome::Topic { channel, topic, set: false } => self.topic(channel, topic.as_ref()),
            Outcome::Mode { channel, modes, created_at, set: false } => {
                self.modes(channel, modes, *created_at);
            }
            Outcome::Bans { channel, list, entries } => self.bans(channel, *list, entries),
            Outcome::Invited { channel, nick, inside: true } => {
                let line = self.numeric(443).param(nick.as_str()).param(channel.as_str());
                line.trailing("is in that channel already");
            }
            Outcome::Invited { channel, nick, inside: false } => {
                self.numeric(341).param(nick.as_str()).param(channel.as_str()).end();
            }
            Outcome::Whois { user, seen } => self.whois(user, seen),
            Outcome::Who { mask, fields, rows } => self.who(mask, fields.as_deref(), rows),
            Outcome::Whowas { nick, items } => self.whowas(nick, items),
            Outcome::People(people) => self.userhost(ask.verb, people),
            Outcome::Away => drop(self.numeric(306).trailing("You have been marked as being away")),
            Outcome::Back => drop(self.numeric(305).trailing("You are no longer marked as being away")),
            Outcome::Pong { text } => {
                let server = self.server;
                self.line("PONG").param(server).trailing(text);
            }
            Outcome::Irc(told) => self.told(told),
            // The event that everybody is shown says it, in its place.
            Outcome::Nick { .. }
            | Outcome::Renamed { .. }
            | Outcome::Topic { .. }
            | Outcome::Mode { .. }
            | Outcome::Kicked { .. }
            | Outcome::Banned { .. }
            | Outcome::Unbanned { .. }
            | Outcome::Role { .. }
            // Its connection says goodbye.
            | Outcome::Bye
            // What the line protocol asks for, so that nobody is here to read it.
            | Outcome::Joined { scene: None, .. }
            | Outcome::Hello
            | Outcome::Registered { .. }
            | Outcome::LoggedIn { .. }
            | Outcome::Token { .. }
            | Outcome::History { .. }
            | Outcome::Whoami { .. }
            | Outcome::Help { .. }
            | Outcome::To { .. }
            | Outcome::Resumed { .. }
            | Outcome::Format(_) => {}
        }
    }

    fn told(&mut self, told: &Told) {
        match told {
            Told::Cap(reply) => {
                let me = self.me.clone();
                let nick = me.as_ref().map_or(NOBODY, |me| me.person.nick.as_str());
                reply.write(self.server, nick, self.out);
            }
            Told::Welcome(counts, metadata, aborted) => {
                if let Some(fault) = aborted {
                    self.sasl(*fault);
                }
                self.welcome(*counts);
                if let Some(told) = metadata {
                    self.metadata(told);
                }
            }
            Told::Listens => Line::command(self.out, None, "AUTHENTICATE").param("+").end(),
            Told::Challenge(text) => self.challenge(text),
            Told::Sasl(fault) => self.sasl(*fault),
            Told::LoggedIn(logged_in) => self.logged_in(logged_in, true),
            Told::Registered { account, logged_in } => {
                self.line("REGISTER").param("SUCCESS").param(account).trailing("Account created");
                if let Some(logged_in) = logged_in {
                    self.logged_in(logged_in, false);
                }
            }
            Told::Presences { presences, rejected } => self.presences(presences, rejected),
            Told::Invitations(channels) => self.invitations(channels),
            Told::Watches(nicks) => self.watches(nicks),
            Told::Operates => self.operates(),
            Told::Rehashed { file, is_read } => self.rehashed(file, *is_read),
            Told::Stats { letter, bans } => self.stats(*letter, bans),
            Told::Help(subject) => self.help(subject.as_deref()),
            Told::Service { service, lines, logged_in } => self.service(*service, lines, logged_in.as_ref()),
            Told::Notice(text) => self.notice(text),
            Told::UserModes(letters) => self.numeric(221).param(letters).end(),
            Told::UserModeChanged { changes, unknown } => self.user_mode(changes, *unknown),
            Told::End(end) => self.end(end),
            Told::PartedAll(channels) => channels.iter().for_each(|channel| self.parted(channel, "")),
            Told::Page(page, counts) => self.page(*page, *counts),
            Told::History { target, items } => self.history(target, items),
            Told::Targets(targets) => self.targets(targets),
            Told::Marker { target, at } => self.marker(target, *at),
            Told::Metadata(told) => self.metadata(told),
            Told::Broken(broken) => self.broken(broken),
            Told::Passed(passing) => self.passed(passing),
            Told::Nothing => {}
        }
    }

    /// What its reader has said.
    fn echo(&mut self, entry: Option<&Entry>) {
        let Some((entry, author)) = entry.zip(self.shown.clone()) else { return };
        let event = Event::Entry { entry, author: author.who() };
        events::event(self.caps, &event, entry.at, self.out);
    }

    /// <https://ircv3.net/specs/extensions/multiline#errors>
    fn broken(&mut self, broken: &Broken) {
        let line = self.line("FAIL").param("BATCH");
        match broken {
            Broken::Invalid(why) => line.param("MULTILINE_INVALID").trailing(why),
            Broken::MaxBytes => {
                let line = line.param("MULTILINE_MAX_BYTES").number(MAX_MESSAGE_BYTES as u64);
                line.trailing("the message is too long")
            }
            Broken::MaxLines => {
                let line = line.param("MULTILINE_MAX_LINES").number(MAX_MESSAGE_LINES as u64);
                line.trailing("the message has too many lines")
            }
            Broken::Target(batch, line_target) => {
                let line = line.param("MULTILINE_INVALID_TARGET").param(batch).param(line_target);
                line.trailing("a line is for somebody else")
            }
        };
    }

    /// What its reader has said in passing.
    fn passed(&mut self, passing: &Passing) {
        let Some(me) = self.me.clone().filter(|_| self.caps.has(Caps::ECHO_MESSAGE)) else { return };
        let author = Shown::from(&*me);
        let event = Event::Passing { passing, author: author.who() };
        events::event(self.caps, &event, passing.at, self.out);
    }

    /// A line of its reader's own doing.
    fn mine(&mut self, verb: &str) -> Line<'_> {
        let me = self.shown.clone();
        let by = By::new(me.as_ref().map(Shown::who));
        by.line(self.caps, api::Timestamp::now(), verb, self.out)
    }
}
