//! `NickServ` and `ChanServ`, whom clients of IRC ask about accounts and channels: what is said to them, read. They are front ends of
//! commands that there are otherwise, and nobody: what is said to them goes no further.

use api::mode::Role;
use kit::config::Secret;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    NickServ,
    ChanServ,
}

/// What one of them is asked for. Names are as typed.
pub(crate) enum Request {
    Nick(NickServ),
    Chan(ChanServ),
    /// What can be asked for.
    Help(Service),
    /// That is no command of its, or not all of one: how it is used, if it is known.
    Unclear(Service, Option<&'static Usage>),
}

pub(crate) enum NickServ {
    Register { password: Secret<String> },
    Identify { account: Option<String>, password: Secret<String> },
    SetPassword { current: Secret<String>, new: Secret<String> },
    AlwaysOn(bool),
    Ghost { nick: String, password: Option<Secret<String>> },
    Info { nick: Option<String> },
    Drop { account: String },
    CertAdd { fingerprint: Option<String> },
    CertDel { fingerprint: String },
    CertList,
}

/// About a channel.
pub(crate) struct ChanServ {
    pub(crate) channel: String,
    pub(crate) deed: Deed,
}

pub(crate) enum Deed {
    Register,
    Drop,
    Info,
    Role { role: Role, set: bool, nick: Option<String> },
    Ban(String),
    Unban(String),
    Kick { nick: String, reason: Option<String> },
    Topic(String),
    Invite { nick: Option<String> },
}

/// A command of theirs: its words, its parameters, and what it does.
#[derive(Debug)]
pub(crate) struct Usage(pub(crate) &'static str, pub(crate) &'static str, pub(crate) &'static str);

#[rustfmt::skip] // a table
const NICK_SERV: &[Usage] = &[
    Usage("REGISTER", "<password>", "make your nick an account, and log in to it"),
    Usage("IDENTIFY", "[account] <password>", "log in"),
    Usage("SET PASSWORD", "<current> <new>", "another password; all connections of the account are closed"),
    Usage("SET ALWAYS-ON", "<on|off>", "stay in your channels when your last connection ends"),
    Usage("GHOST", "<nick> [password]", "close all other connections of your account"),
    Usage("INFO", "[nick]", "whether somebody has an account"),
    Usage("CERT ADD", "[fingerprint]", "log in by a TLS certificate from now on: the one that you show, or another"),
    Usage("CERT DEL", "<fingerprint>", "no more"),
    Usage("CERT LIST", "", "which certificates log in to your account"),
    Usage("DROP", "<account>", "erase your account, everywhere and for good"),
    Usage("HELP", "", "this"),
];

#[rustfmt::skip] // a table
const CHAN_SERV: &[Usage] = &[
    Usage("REGISTER", "<channel>", "keep a channel as its founder when everybody has left it"),
    Usage("DROP", "<channel>", "give it back"),
    Usage("INFO", "<channel>", "about a channel"),
    Usage("OP", "<channel> [nick]", "make somebody an operator, you if nobody is named"),
    Usage("DEOP", "<channel> [nick]", "no more"),
    Usage("HALFOP", "<channel> [nick]", "make somebody a half-operator"),
    Usage("DEHALFOP", "<channel> [nick]", "no more"),
    Usage("VOICE", "<channel> [nick]", "give somebody a voice"),
    Usage("DEVOICE", "<channel> [nick]", "no more"),
    Usage("ADMIN", "<channel> [nick]", "make somebody an admin"),
    Usage("DEADMIN", "<channel> [nick]", "no more"),
    Usage("BAN", "<channel> <mask>", "keep somebody out"),
    Usage("UNBAN", "<channel> <mask>", "let them in again"),
    Usage("KICK", "<channel> <nick> [reason]", "put somebody out"),
    Usage("TOPIC", "<channel> <text>", "set what it is about"),
    Usage("INVITE", "<channel> [nick]", "let somebody in, you if nobody is named"),
    Usage("HELP", "", "this"),
];

impl Service {
    pub(crate) const ALL: [Self; 2] = [Self::NickServ, Self::ChanServ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::NickServ => "NickServ",
            Self::ChanServ => "ChanServ",
        }
    }

    /// Whom a message is for, if it is for one of them.
    pub(super) fn of(target: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.name().eq_ignore_ascii_case(target))
    }

    pub(crate) const fn usages(self) -> &'static [Usage] {
        match self {
            Self::NickServ => NICK_SERV,
            Self::ChanServ => CHAN_SERV,
        }
    }

    pub(super) fn read(self, text: &str) -> Request {
        let mut words = Words(text.trim());
        let mut verb = words.next().unwrap_or_default().to_ascii_uppercase();
        if matches!(&*verb, "SET" | "CERT") {
            verb = format!("{verb} {}", words.next().unwrap_or_default().to_ascii_uppercase());
        }
        let usage = self.usages().iter().find(|usage| usage.0 == verb);
        let read = match self {
            _ if verb == "HELP" => Some(Request::Help(self)),
            Self::NickServ => nick_serv(&verb, words).map(Request::Nick),
            Self::ChanServ => chan_serv(&verb, words).map(Request::Chan),
        };
        read.unwrap_or(Request::Unclear(self, usage))
    }
}

/// The words of a text, and what is left of it.
struct Words<'a>(&'a str);

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let text = self.0.trim_start();
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        self.0 = rest;
        (!word.is_empty()).then_some(word)
    }

    fn word(&mut self) -> Option<String> {
        self.next().map(str::to_owned)
    }

    fn secret(&mut self) -> Option<Secret<String>> {
        self.word().map(Secret::new)
    }

    fn rest(self) -> Option<String> {
        let rest = self.0.trim();
        (!rest.is_empty()).then(|| rest.to_owned())
    }
}

fn nick_serv(verb: &str, mut words: Words<'_>) -> Option<NickServ> {
    let said = match verb {
        "REGISTER" => {
            let password = words.secret()?;
            // Old clients give an address of mail as well. It is not kept.
            if words.0.contains('@') {
                words.next();
            }
            NickServ::Register { password }
        }
        "IDENTIFY" => match (words.word()?, words.secret()) {
            (account, Some(password)) => NickServ::Identify { account: Some(account), password },
            (password, None) => NickServ::Identify { account: None, password: Secret::new(password) },
        },
        "SET PASSWORD" => NickServ::SetPassword { current: words.secret()?, new: words.secret()? },
        "SET ALWAYS-ON" => NickServ::AlwaysOn(switch(words.next()?)?),
        "GHOST" => NickServ::Ghost { nick: words.word()?, password: words.secret() },
        "INFO" => NickServ::Info { nick: words.word() },
        "DROP" => NickServ::Drop { account: words.word()? },
        "CERT ADD" => NickServ::CertAdd { fingerprint: words.word() },
        "CERT DEL" => NickServ::CertDel { fingerprint: words.word()? },
        "CERT LIST" => NickServ::CertList,
        _ => return None,
    };
    // A password of several words would otherwise be its first.
    words.next().is_none().then_some(said)
}

/// Clients know both pairs of words.
fn switch(word: &str) -> Option<bool> {
    match &*word.to_ascii_lowercase() {
        "on" | "true" => Some(true),
        "off" | "false" => Some(false),
        _ => None,
    }
}

fn chan_serv(verb: &str, mut words: Words<'_>) -> Option<ChanServ> {
    let channel = words.word()?;
    let mut of_role = |role, set| Deed::Role { role, set, nick: words.word() };
    let deed = match verb {
        "OP" => of_role(Role::Op, true),
        "DEOP" => of_role(Role::Op, false),
        "HALFOP" => of_role(Role::HalfOp, true),
        "DEHALFOP" => of_role(Role::HalfOp, false),
        "VOICE" => of_role(Role::Voice, true),
        "DEVOICE" => of_role(Role::Voice, false),
        "ADMIN" => of_role(Role::Admin, true),
        "DEADMIN" => of_role(Role::Admin, false),
        "REGISTER" => Deed::Register,
        "DROP" => Deed::Drop,
        "INFO" => Deed::Info,
        "BAN" => Deed::Ban(words.word()?),
        "UNBAN" => Deed::Unban(words.word()?),
        "KICK" => Deed::Kick { nick: words.word()?, reason: words.rest() },
        "TOPIC" => Deed::Topic(words.rest()?),
        "INVITE" => Deed::Invite { nick: words.word() },
        _ => return None,
    };
    Some(ChanServ { channel, deed })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_command_is_read_with_all_of_its_parameters_and_not_with_less() {
        for service in Service::ALL {
            for usage in service.usages() {
                let whole = format!(
                    "{} {}",
                    usage.0.to_lowercase(),
                    usage.1.replace("on|off", "on").replace(['[', ']', '<', '>'], "")
                );
                assert!(!matches!(service.read(&whole), Request::Unclear(..)), "{whole}");
                let needs = usage.1.contains('<');
                let is_unclear = matches!(service.read(usage.0), Request::Unclear(_, Some(_)));
                assert_eq!(is_unclear, needs, "{}", usage.0);
            }
            assert!(matches!(service.read("DANCE now"), Request::Unclear(_, None)));
        }
        assert_eq!(Service::of("nickSERV"), Some(Service::NickServ));
        assert_eq!(Service::of("nickserver"), None);
    }

    #[test]
    fn one_word_after_identify_is_the_password_and_two_are_name_and_password() {
        let read = |text| match Service::NickServ.read(text) {
            Request::Nick(NickServ::Identify { account, password }) => (account, password.into_inner()),
            _ => panic!("{text}"),
        };
        assert_eq!(read("IDENTIFY sesame"), (None, "sesame".to_owned()));
        assert_eq!(read("  identify  alice   sesame "), (Some("alice".to_owned()), "sesame".to_owned()));
        let Request::Chan(ChanServ { channel, deed: Deed::Topic(text) }) =
            Service::ChanServ.read("TOPIC #x  a  topic ")
        else {
            panic!("no topic")
        };
        assert_eq!((&*channel, &*text), ("#x", "a  topic"));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in any::<String>(), verb in "(SET|CERT|KICK|GHOST)? ?") {
            for service in Service::ALL {
                let _ = service.read(&text);
                let _ = service.read(&format!("{verb}{text}"));
            }
        }
    }
}
