//! How a connection becomes somebody: NICK and USER, in any order, and no `CAP` negotiation left open (RFC 2812 §3.1, IRCv3
//! capability-negotiation "Capability negotiation"). Pure: who carries it out is `commands::enter`.

use api::Nick;
use kit::config::Secret;

/// What is known of somebody who registers.
#[derive(Default)]
pub(crate) struct Registration {
    nick: Option<Nick>,
    realname: Option<String>,
    password: Option<Secret<String>>,
    negotiates: bool,
}

/// Who somebody wants to be, when all is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) nick: Nick,
    pub(crate) realname: String,
}

impl Registration {
    /// `NICK`: the last one counts.
    pub(crate) fn nick(&mut self, nick: Nick) {
        self.nick = Some(nick);
    }

    pub(crate) fn wanted_nick(&self) -> Option<&Nick> {
        self.nick.as_ref()
    }

    /// The nick cannot be had: another one is waited for.
    pub(crate) fn nick_refused(&mut self) {
        self.nick = None;
    }

    /// `USER`: once. False: it was given before.
    pub(crate) fn user(&mut self, realname: String) -> bool {
        if self.realname.is_some() {
            return false;
        }
        self.realname = Some(realname);
        true
    }

    pub(crate) fn password(&mut self, password: Secret<String>) {
        self.password = Some(password);
    }

    /// Whether the password is that of the server.
    pub(crate) fn knows(&self, password: &Secret<String>) -> bool {
        self.password.as_ref().is_some_and(|given| are_equal(given, password))
    }

    /// `CAP LS` or `CAP REQ`: nobody is welcomed before `CAP END`.
    pub(crate) fn negotiates(&mut self) {
        self.negotiates = true;
    }

    pub(crate) fn has_negotiated(&mut self) {
        self.negotiates = false;
    }

    /// Who is to be welcomed now.
    pub(crate) fn complete(&self) -> Option<Wanted> {
        if self.negotiates {
            return None;
        }
        Some(Wanted { nick: self.nick.clone()?, realname: self.realname.clone()? })
    }
}

/// Takes as long whatever is wrong: nobody finds a password out byte by byte.
pub(crate) fn are_equal(given: &Secret<String>, password: &Secret<String>) -> bool {
    let (given, password) = (given.expose().as_bytes(), password.expose().as_bytes());
    let differ = given.iter().zip(password).fold(0, |differ, (a, b)| differ | (a ^ b));
    given.len() == password.len() && differ == 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone, Copy)]
    enum Step {
        Nick(&'static str),
        NickRefused,
        User,
        Negotiates,
        HasNegotiated,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            Just(Step::Nick("alice")),
            Just(Step::Nick("bob")),
            Just(Step::NickRefused),
            Just(Step::User),
            Just(Step::Negotiates),
            Just(Step::HasNegotiated),
        ]
    }

    proptest! {
        #[test]
        fn it_is_complete_with_nick_and_user_and_without_negotiation(steps in prop::collection::vec(step(), 0..12)) {
            let mut registration = Registration::default();
            let (mut nick, mut user, mut open) = (None, false, false);
            for step in steps {
                match step {
                    Step::Nick(name) => {
                        registration.nick(name.try_into().unwrap());
                        nick = Some(name);
                    }
                    Step::NickRefused => {
                        registration.nick_refused();
                        nick = None;
                    }
                    Step::User => {
                        prop_assert_eq!(registration.user("Alice L".into()), !user);
                        user = true;
                    }
                    Step::Negotiates => {
                        registration.negotiates();
                        open = true;
                    }
                    Step::HasNegotiated => {
                        registration.has_negotiated();
                        open = false;
                    }
                }
                let wanted = registration.complete();
                prop_assert_eq!(wanted.map(|wanted| wanted.nick.to_string()), nick.filter(|_| user && !open).map(str::to_owned));
            }
        }
    }
}
