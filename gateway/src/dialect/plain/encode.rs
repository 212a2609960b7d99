//! Outcomes as lines.

use api::{
    Entry, EntryKind,
    channels::{ChannelSummary, ListEntry},
    mode::{Role, Roles},
};
use bytes::Bytes;
use proto::plain::{At, Frame, Tags};

use super::{VERSION, errors, verbs};
use crate::{
    command::{Answer, Named, Outcome},
    dialect::Ask,
};

const WELCOME: &str = "Type /nick NAME, then /join #general, then talk. /help lists the commands.";

pub(crate) fn greeting(network: &str) -> Bytes {
    let mut out = Vec::new();
    Frame::last(&mut out, Tags::default(), 200, "welcome").param(VERSION).param(network).text(WELCOME);
    out.into()
}

/// `last`: its final line ends the reply; otherwise more of the reply follows.
pub(crate) fn answer(ask: &Ask, answer: &Answer, last: bool) -> Bytes {
    let mut out = Vec::new();
    let tags = Tags::id(ask.label.as_deref());
    match answer {
        Ok(outcome) => Reply { out: &mut out, tags, last }.write(outcome),
        Err(refusal) => errors::write(&mut out, tags, refusal, last),
    }
    out.into()
}

struct Reply<'a> {
    out: &'a mut Vec<u8>,
    tags: Tags<'a>,
    last: bool,
}

impl Reply<'_> {
    fn done(&mut self, code: u16, word: &str) -> Frame<'_> {
        if self.last {
            Frame::last(self.out, self.tags, code, word)
        } else {
            Frame::more(self.out, self.tags, code, word)
        }
    }

    fn more(&mut self, word: &str) -> Frame<'_> {
        Frame::more(self.out, self.tags, 200, word)
    }

    fn write(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Hello => self.done(200, "hello").param(VERSION).end(),
            Outcome::Nick { nick } => self.done(200, "nick").param(nick.as_str()).end(),
            Outcome::Registered { name } => self.done(201, "registered").param(name.as_str()).end(),
            Outcome::LoggedIn { name } => self.done(200, "login").param(name).end(),
            Outcome::Token { token } => self.done(201, "token").param(token.expose()).end(),
            Outcome::Joined { channel, members, last_seq, scene: _ } => {
                self.done(200, "joined").param(channel.as_str()).number(*members).number(*last_seq).end();
            }
            Outcome::Parted { channel, reason: _ } => self.done(200, "parted").param(channel.as_str()).end(),
            Outcome::Sent { target, id, dup, entry: _, away: _ } => {
                self.tags.dup = *dup;
                self.done(201, "sent").param(target).number(id.seq).param(&id.to_string()).end();
            }
            Outcome::Names { channel, members, secret: _ } => {
                for Named { nick, roles, .. } in members {
                    self.more("name").param(nick.as_str()).params(&role_words(*roles)).end();
                }
                self.done(200, "names").param(channel.as_str()).number(members.len() as u64).end();
            }
            Outcome::List(channels) => self.list(channels),
            Outcome::Renamed { old, channel } => {
                self.done(200, "renamed").param(old.as_str()).param(channel.as_str()).end();
            }
            Outcome::Topic { channel, topic, set: _ } => {
                let text = topic.as_ref().map_or("", |topic| &topic.text);
                self.done(200, "topic").param(channel.as_str()).text(text);
            }
            Outcome::History { target, entries } => self.history(target, entries),
            Outcome::Redacted { target, seq, entry: _ } => {
                self.done(200, "redacted").param(target).number(*seq).end()
            }
            Outcome::Whois { user, seen: _ } => {
                let presence = match (user.online, &user.away) {
                    (false, _) => "offline",
                    (true, Some(_)) => "away",
                    (true, None) => "online",
                };
                let account = user.account.as_ref().map(AsRef::as_ref);
                let line = self.done(200, "whois").param(user.person.nick.as_str()).optional(account);
                line.param(presence).text(user.away.as_deref().unwrap_or_default());
            }
            Outcome::Kicked { channel, nick } => {
                self.done(200, "kicked").param(channel.as_str()).param(nick.as_str()).end();
            }
            Outcome::Banned { channel, mask } => {
                self.done(200, "banned").param(channel.as_str()).param(mask).end()
            }
            Outcome::Unbanned { channel, mask } => {
                self.done(200, "unbanned").param(channel.as_str()).param(mask).end();
            }
            Outcome::Bans { channel, list: _, entries } => self.bans(channel.as_str(), entries),
            Outcome::Invited { channel, nick, inside: _ } => {
                self.done(200, "invited").param(channel.as_str()).param(nick.as_str()).end();
            }
            Outcome::Role { channel, nick, role } => {
                let role = role.map_or("member", Role::as_str);
                self.done(200, "role").param(channel.as_str()).param(nick.as_str()).param(role).end();
            }
            Outcome::Mode { channel, modes, .. } => {
                self.done(200, "mode").param(channel.as_str()).params(&modes.letters()).end();
            }
            Outcome::Away => self.done(200, "away").end(),
            Outcome::Back => self.done(200, "back").end(),
            Outcome::Whoami { nick, account, gateway } => {
                let account = account.as_ref().map(AsRef::as_ref);
                self.done(200, "whoami").param(nick.as_str()).optional(account).param(gateway.as_str()).end();
            }
            Outcome::Pong { text } => self.done(200, "pong").text(text),
            Outcome::Help { verb } => self.help(verb.as_deref()),
            Outcome::To { target } => self.done(200, "to").param(target).end(),
            Outcome::Resumed { target, seq } => self.done(200, "resumed").param(target).number(*seq).end(),
            Outcome::Format(format) => self.done(200, "format").param(format).end(),
            Outcome::Bye => self.done(200, "bye").end(),
            // Nobody asks for these here.
            Outcome::Who { .. } | Outcome::Whowas { .. } | Outcome::People(_) | Outcome::Irc(_) => {}
        }
    }

    fn list(&mut self, channels: &[ChannelSummary]) {
        for channel in channels {
            self.more("channel")
                .param(channel.name.as_str())
                .number(channel.member_count)
                .text(&channel.topic);
        }
        self.done(200, "list").number(channels.len() as u64).end();
    }

    fn history(&mut self, target: &str, entries: &[Entry]) {
        for entry in entries {
            let kind = match entry.kind {
                _ if entry.redacted => "redacted",
                EntryKind::Message => "msg",
                kind => kind.as_str(),
            };
            let line = self.more("msg").param(target).number(entry.seq).at(At(entry.at.as_micros()));
            line.param(kind).param(entry.author.nick.as_str()).lines(&entry.text);
        }
        self.done(200, "history").param(target).number(entries.len() as u64).end();
    }

    fn bans(&mut self, channel: &str, entries: &[ListEntry]) {
        for entry in entries {
            let line =
                self.more("ban").param(channel).param(entry.mask.as_str()).param(entry.by.nick.as_str());
            line.at(At(entry.at.as_micros())).text(entry.reason.as_deref().unwrap_or_default());
        }
        self.done(200, "bans").param(channel).number(entries.len() as u64).end();
    }

    fn help(&mut self, asked: Option<&str>) {
        for verb in verbs::VERBS.iter().filter(|verb| asked.is_none_or(|asked| asked == verb.name)) {
            let space = if verb.usage.is_empty() { "" } else { " " };
            self.more("help").text(&format!("/{}{space}{}: {}", verb.name, verb.usage, verb.does));
        }
        self.done(200, "help").end();
    }
}

fn role_words(roles: Roles) -> String {
    if roles == Roles::NONE {
        return "member".to_owned();
    }
    roles.iter().map(Role::as_str).collect::<Vec<_>>().join(" ")
}
