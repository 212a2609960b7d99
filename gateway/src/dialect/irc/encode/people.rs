//! People.

use api::users::{FormerNick, User};

use super::{Reply, channel::seconds, names::prefixes};
use crate::command::Seen;

impl Reply<'_> {
    pub(super) fn whois(&mut self, user: &User, seen: &Seen) {
        let nick = user.person.nick.as_str();
        if user.online {
            let (username, _) = seen.mask.split_once('@').unwrap_or((&user.username, ""));
            let line = self.numeric(311).param(nick).param(username).param(&user.host).param("*");
            line.trailing(user.realname.as_deref().unwrap_or(nick));
            self.whois_channels(nick, seen);
            let (server, network) = (self.server, self.network);
            self.numeric(312).param(nick).param(server).trailing(network);
            if user.operator || seen.operator {
                self.numeric(313).param(nick).trailing("is a network operator");
            }
            if user.modes.bot {
                let text = format!("is a bot on {network}");
                self.numeric(335).param(nick).trailing(&text);
            }
            if let Some(away) = &user.away {
                self.numeric(301).param(nick).trailing(away);
            }
            if let Some(account) = &user.account {
                self.numeric(330).param(nick).param(account.as_ref()).trailing("is logged in as");
            }
            self.whois_metadata(nick, &seen.metadata);
            if let Some(since) = user.since {
                // Since when they said nothing is not known here.
                let line = self.numeric(317).param(nick).number(0).number(seconds(since));
                line.trailing("seconds idle, signon time");
            }
        } else {
            self.numeric(401).param(nick).trailing("there is nobody of that name");
        }
        self.numeric(318).param(nick).trailing("End of /WHOIS list");
    }

    pub(super) fn user_mode(&mut self, changes: &str, unknown: bool) {
        let me = self.me.clone();
        if let Some(me) = me.filter(|_| !changes.is_empty()) {
            self.mine("MODE").param(me.person.nick.as_str()).param(changes).end();
        }
        if unknown {
            self.numeric(501).trailing("there is no such mode");
        }
    }

    /// 319, as many as it takes.
    fn whois_channels(&mut self, nick: &str, seen: &Seen) {
        let caps = self.caps;
        let mut channels = seen.channels.iter().peekable();
        while channels.peek().is_some() {
            let mut text = self.numeric(319).param(nick).text();
            while let Some((roles, channel)) = channels.peek() {
                if !text.word(&[&prefixes(caps, *roles), channel.as_str()]) && !text.is_empty() {
                    break;
                }
                channels.next();
            }
        }
    }

    /// 314 and 312 for each, 369.
    pub(super) fn whowas(&mut self, nick: &str, items: &[FormerNick]) {
        let server = self.server;
        for former in items {
            let shown = former.nick.as_str();
            let line = self.numeric(314).param(shown).param(&former.username).param(&former.host).param("*");
            line.trailing(former.realname.as_deref().unwrap_or(shown));
            let until = former.until.to_string();
            self.numeric(312).param(shown).param(server).trailing(&until);
        }
        if items.is_empty() {
            self.numeric(406).param(nick).trailing("there was nobody of that name");
        }
        self.numeric(369).param(nick).trailing("End of WHOWAS");
    }

    /// 302 for USERHOST, 303 for ISON.
    pub(super) fn userhost(&mut self, verb: &str, people: &[User]) {
        let is_userhost = verb == "USERHOST";
        let mut text = self.numeric(if is_userhost { 302 } else { 303 }).text();
        for user in people {
            let nick = user.person.nick.as_str();
            if is_userhost {
                let star = if user.operator { "*" } else { "" };
                let away = if user.away.is_some() { "=-" } else { "=+" };
                text.word(&[nick, star, away, &user.username, "@", &user.host]);
            } else {
                text.word(&[nick]);
            }
        }
    }
}
