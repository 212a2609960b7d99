//! The server itself.

use api::users::UserModes;

use super::{Reply, channel::seconds};
use crate::{
    dialect::irc::{Caps, Counts, Page, isupport},
    event::Shown,
};

/// What 002, 004 and 351 name.
const VERSION: &str = concat!("causerie-", env!("CARGO_PKG_VERSION"));
impl Reply<'_> {
    /// 001 to 005, the counts and the message of the day (<https://modern.ircdocs.horse/#connection-registration>).
    pub(super) fn welcome(&mut self, counts: Counts) {
        let (server, network) = (self.server, self.network);
        let Some(me) = self.me.clone() else { return };
        let mask = super::events::source(Shown::from(&*me).who());
        self.numeric(1).trailing(&format!("Welcome to {network}, {mask}"));
        self.numeric(2).trailing(&format!("Your host is {server}, running {VERSION}"));
        let since = self.since;
        self.numeric(3).trailing(&format!("This server was started {since}"));
        let modes = isupport::MODES;
        let with_value = [modes.list, modes.setting, modes.setting_when_set, modes.member].concat();
        let channel_modes = [&with_value, modes.flag].concat();
        let user_modes: String = UserModes::LETTERS.into_iter().chain(['o']).collect();
        let line = self.numeric(4).param(server).param(VERSION).param(&user_modes).param(&channel_modes);
        line.param(&with_value).end();
        self.isupport();
        self.lusers(counts);
        self.motd();
    }

    /// 005 (<https://ircv3.net/specs/extensions/extended-isupport>).
    fn isupport(&mut self) {
        let before = std::mem::take(self.out);
        for tokens in isupport::tokens(self.network).chunks(isupport::TOKENS_IN_LINE) {
            let line = self.numeric(5).params(tokens.iter().map(String::as_str));
            line.trailing("are supported by this server");
        }
        let lines = std::mem::replace(self.out, before);
        if self.caps.has(Caps::EXTENDED_ISUPPORT) {
            self.batch("draft/isupport", None, |reply| reply.batched(&lines));
        } else {
            self.out.extend_from_slice(&lines);
        }
    }

    pub(super) fn page(&mut self, page: Page, counts: Counts) {
        let (server, network) = (self.server, self.network);
        match page {
            Page::Admin => {
                self.numeric(256).param(server).trailing("Administrative info");
                self.numeric(257).trailing(network);
                self.numeric(258).trailing(server);
                self.numeric(259).trailing("ask its operators");
            }
            Page::Info => {
                self.numeric(371).trailing(&format!("{VERSION}, a chat server"));
                let since = self.since;
                self.numeric(371).trailing(&format!("started {since}"));
                self.numeric(374).trailing("End of /INFO list");
            }
            Page::Isupport => self.isupport(),
            Page::Links => drop(self.numeric(365).param("*").trailing("End of /LINKS list")),
            Page::Lusers => self.lusers(counts),
            Page::Motd => self.motd(),
            Page::Time => {
                let now = api::Timestamp::now();
                let line = self.numeric(391).param(server).number(seconds(now)).number(0);
                line.trailing(&now.to_string());
            }
            Page::Version => drop(self.numeric(351).param(VERSION).param(server).trailing("")),
        }
    }

    fn lusers(&mut self, counts: Counts) {
        let Counts { people, invisible, operators, channels, most, unknown } = counts;
        let [people, operators, channels, most, unknown] =
            [people, operators, channels, most, unknown].map(|count| count as u64);
        let visible = people.saturating_sub(invisible as u64);
        let text = format!("There are {visible} users and {invisible} invisible on 1 servers");
        self.numeric(251).trailing(&text);
        self.numeric(252).number(operators).trailing("operators online");
        self.numeric(253).number(unknown).trailing("unknown connections");
        self.numeric(254).number(channels).trailing("channels formed");
        self.numeric(255).trailing(&format!("I have {people} clients and 0 servers"));
        for (code, what) in [(265, "local"), (266, "global")] {
            let text = format!("Current {what} users {people}, max {most}");
            self.numeric(code).number(people).number(most).trailing(&text);
        }
    }

    fn motd(&mut self) {
        self.numeric(422).trailing("There is no message of the day");
    }
}
