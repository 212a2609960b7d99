//! What comes of logins.

use base64::{Engine, engine::general_purpose::STANDARD};
use proto::irc::{Line, sasl::pieces};

use super::Reply;
use crate::dialect::irc::{
    Fault, LoggedIn, NOBODY,
    events::{By, source},
    services::Service,
};

impl Reply<'_> {
    pub(super) fn challenge(&mut self, text: &str) {
        for piece in pieces(&STANDARD.encode(text)) {
            Line::command(self.out, None, "AUTHENTICATE").param(piece).end();
        }
    }

    pub(super) fn sasl(&mut self, fault: Fault) {
        if let Fault::NoSuchMechanism(mechanisms) = fault {
            self.numeric(908).param(mechanisms).trailing("are the mechanisms that there are");
        }
        let (code, text) = match fault {
            Fault::Failed | Fault::NoSuchMechanism(_) => (904, "SASL authentication failed"),
            Fault::TooLong => (905, "the SASL message is too long"),
            Fault::Aborted => (906, "SASL authentication was aborted"),
        };
        self.numeric(code).trailing(text);
    }

    /// Notices of a service, which is nobody but looks like somebody.
    pub(super) fn service(&mut self, service: Service, lines: &[String], logged_in: Option<&LoggedIn>) {
        if let Some(logged_in) = logged_in {
            self.logged_in(logged_in, false);
        }
        let nick = self.me.as_ref().map_or(NOBODY.to_owned(), |me| me.person.nick.to_string());
        let (name, server) = (service.name(), self.server);
        let source = format!("{name}!{name}@{server}");
        for line in lines {
            Line::command(self.out, Some(&source), "NOTICE").param(&nick).trailing(line);
        }
    }

    pub(super) fn logged_in(&mut self, logged_in: &LoggedIn, by_sasl: bool) {
        let LoggedIn { account, me, former } = logged_in;
        let line = self.numeric(900).param(&source(me.who())).param(account.as_str());
        line.trailing(&format!("You are logged in as {account}"));
        if by_sasl {
            self.numeric(903).trailing("SASL authentication was successful");
        }
        if let Some(former) = former {
            let by = By::new(Some(former.who()));
            by.line(self.caps, api::Timestamp::now(), "NICK", self.out).param(me.nick.as_str()).end();
        }
    }
}
