//! WHO, and WHOX, whose reader chooses what it is told (<https://ircv3.net/specs/extensions/whox>).

use api::auth::USERNAME;

use super::{Reply, names::prefixes};
use crate::command::WhoRow;

/// Fields in the order in which they are sent, whatever the order they are asked for in.
const FIELDS: &str = "tcuihsnfdlaor";

impl Reply<'_> {
    /// 352 or 354 for each, 315.
    pub(super) fn who(&mut self, mask: &str, fields: Option<&str>, rows: &[WhoRow]) {
        for row in rows {
            match fields.and_then(|fields| fields.strip_prefix('%')) {
                Some(fields) => self.whox(fields, row),
                None => self.who_row(row),
            }
        }
        self.numeric(315).param(mask).trailing("End of /WHO list");
    }

    fn who_row(&mut self, row: &WhoRow) {
        let (server, flags) = (self.server, self.flags(row));
        let (username, host) = row.user_and_host();
        let line = self.numeric(352).param(row.channel.as_deref().unwrap_or("*")).param(username);
        let nick = row.named.nick.as_str();
        let realname = row.realname.as_deref().unwrap_or(nick);
        line.param(host).param(server).param(nick).param(&flags).trailing(&format!("0 {realname}"));
    }

    fn whox(&mut self, asked: &str, row: &WhoRow) {
        let (asked, token) = asked.split_once(',').unwrap_or((asked, "0"));
        let (server, flags) = (self.server, self.flags(row));
        let (username, host) = row.user_and_host();
        let nick = row.named.nick.as_str();
        let mut line = self.numeric(354);
        for field in FIELDS.chars().filter(|field| asked.contains(*field)) {
            line = match field {
                't' => line.param(token),
                'c' => line.param(row.channel.as_deref().unwrap_or("*")),
                'u' => line.param(username),
                // Nobody's address is told ("255.255.255.255 if the server refuses to disclose it").
                'i' => line.param("255.255.255.255"),
                'h' => line.param(host),
                's' => line.param(server),
                'n' => line.param(nick),
                'f' => line.param(&flags),
                // One server; and when somebody was last heard of is not told.
                'd' | 'l' => line.param("0"),
                'a' => line.param(row.account.as_deref().unwrap_or("0")),
                'o' => line.param("n/a"),
                _ => {
                    line.trailing(row.realname.as_deref().unwrap_or(nick));
                    return;
                }
            };
        }
    }

    fn flags(&self, row: &WhoRow) -> String {
        let away = if row.away { "G" } else { "H" };
        let operator = if row.operator { "*" } else { "" };
        // <https://ircv3.net/specs/extensions/bot-mode>
        let bot = if row.bot { "B" } else { "" };
        format!("{away}{operator}{bot}{}", prefixes(self.caps, row.named.roles))
    }
}

impl WhoRow {
    fn user_and_host(&self) -> (&str, &str) {
        self.named.mask.split_once('@').unwrap_or((USERNAME, "*"))
    }
}
