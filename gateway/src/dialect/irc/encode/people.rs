//! People.

use api::{auth::USERNAME, users::User};

use super::{Reply, channel::seconds, names::prefixes};
use crate::command::WhoRow;

impl Reply<'_> {
    pub(super) fn whois(&mut self, user: &User) {
        let nick = user.person.nick.as_str();
        if user.online {
            let line = self.numeric(311).param(nick).param(USERNAME).param(&user.host).param("*");
            line.trailing(nick);
            let (server, network) = (self.server, self.network);
            self.numeric(312).param(nick).param(server).trailing(network);
            if user.operator {
                self.numeric(313).param(nick).trailing("is a network operator");
            }
            if let Some(away) = &user.away {
                self.numeric(301).param(nick).trailing(away);
            }
            if let Some(account) = &user.account {
                self.numeric(330).param(nick).param(account.as_ref()).trailing("is logged in as");
            }
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

    /// 352 for each, 315.
    pub(super) fn who(&mut self, mask: &str, rows: &[WhoRow]) {
        let (server, caps) = (self.server, self.caps);
        for row in rows {
            let (username, host) = row.named.mask.split_once('@').unwrap_or((USERNAME, "*"));
            let mut flags = String::from(if row.away { "G" } else { "H" });
            if row.operator {
                flags.push('*');
            }
            flags += &prefixes(caps, row.named.roles);
            let line = self.numeric(352).param(row.channel.as_deref().unwrap_or("*")).param(username);
            let nick = row.named.nick.as_str();
            line.param(host).param(server).param(nick).param(&flags).trailing(&format!("0 {nick}"));
        }
        self.numeric(315).param(mask).trailing("End of /WHO list");
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
                text.word(&[nick, star, away, USERNAME, "@", &user.host]);
            } else {
                text.word(&[nick]);
            }
        }
    }
}
