//! What operators are told, and whoever asks for help.

use api::{Timestamp, users::NetworkBan};

use super::Reply;
use crate::dialect::irc::{NOBODY, help, verbs};

/// Of HELP without a command.
const INDEX: &str = "index";

impl Reply<'_> {
    /// 381, and the mode that goes with it.
    pub(super) fn operates(&mut self) {
        self.numeric(381).trailing("You are now an operator of the network");
        self.user_mode("+o", false);
    }

    pub(super) fn rehashed(&mut self, file: &str, is_read: bool) {
        self.numeric(382).param(file).trailing("Rehashing");
        if !is_read {
            self.notice("the certificate could not be read and stays as it was; the log says why");
        }
    }

    pub(super) fn notice(&mut self, text: &str) {
        let nick = self.me.as_ref().map_or(NOBODY.to_owned(), |me| me.person.nick.to_string());
        self.line("NOTICE").param(&nick).trailing(text);
    }

    pub(super) fn stats(&mut self, letter: char, bans: &[NetworkBan]) {
        if letter == 'u' {
            let seconds = (Timestamp::now().as_micros() - self.since.as_micros()).max(0) / 1_000_000;
            let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
            let text = format!("Server Up {days} days {hours}:{minutes:02}:{:02}", seconds % 60);
            self.numeric(242).trailing(&text);
        }
        let is_address = |ban: &&NetworkBan| !ban.target.contains(['!', '~']);
        for ban in bans.iter().filter(|ban| is_address(ban) == matches!(letter, 'd' | 'D')) {
            let until = ban.expires_at.map_or_else(|| NOBODY.to_owned(), |at| at.to_string());
            let (code, kind) = if is_address(&ban) { (225, "D") } else { (216, "K") };
            self.numeric(code).param(kind).param(&ban.target).param(&until).trailing(&ban.reason);
        }
        self.numeric(219).param(&letter.to_string()).trailing("End of /STATS report");
    }

    /// 704, 705 for each line, 706; or 524.
    pub(super) fn help(&mut self, subject: Option<&str>) {
        let Some(subject) = subject else {
            self.numeric(704).param(INDEX).trailing("These commands are known; HELP <command> says more");
            let mut names = verbs::names().peekable();
            while names.peek().is_some() {
                let mut text = self.numeric(705).param(INDEX).text();
                while let Some(name) = names.peek() {
                    if !text.word(&[name]) && !text.is_empty() {
                        break;
                    }
                    names.next();
                }
            }
            self.numeric(706).param(INDEX).trailing("End of /HELP");
            return;
        };
        let Some(verb) = verbs::find(&subject.to_ascii_uppercase()) else {
            self.numeric(524).param(subject).trailing("there is no help about that");
            return;
        };
        let (usage, does) = help::text(verb.name).unwrap_or(("", ""));
        self.numeric(704).param(verb.name).trailing(&format!("{} {usage}", verb.name));
        if !does.is_empty() {
            self.numeric(705).param(verb.name).trailing(does);
        }
        self.numeric(706).param(verb.name).trailing("End of /HELP");
    }
}
