//! Coming in by IRC.

use std::net::SocketAddr;

use kit::config::Settings;

use super::{Person, Town};

pub(crate) const SERVER: &str = ":irc.causerie.localhost";

impl Town {
    /// The same by another gateway, with capabilities.
    pub(crate) async fn enters_at(address: SocketAddr, nick: &str, caps: &str) -> Person {
        let mut person = Person::connect(address).await;
        person.says(&format!("CAP REQ :{caps}")).await;
        person.sees(&format!("{SERVER} CAP * ACK :{caps}")).await;
        person.raw(format!("NICK {nick}\r\nUSER {nick} 0 * :{nick} L\r\nCAP END\r\n").as_bytes()).await;
        person.sees(&format!("{SERVER} 422 {nick} :")).await;
        person
    }

    /// Somebody who says who they are as clients do, and has read what they are told then.
    pub(crate) async fn enters(&self, nick: &str) -> Person {
        let mut person = Person::connect(self.irc).await;
        person.raw(format!("NICK {nick}\r\nUSER {nick} 0 * :{nick} L\r\n").as_bytes()).await;
        person.sees(&format!("{SERVER} 422 {nick} :")).await;
        person
    }

    /// An account that operates the network, with the password `correct-horse`.
    pub(crate) async fn has_operator(&self, name: &str) {
        let mut person = self.connect().await;
        person.asks(&format!("/register {name} correct-horse"), "201 registered").await;
        let settings = Settings { common: self.common.clone(), service: user_service::Config::default() };
        let account = name.try_into().expect("a name");
        user_service::operator::add(&settings, &account).await.expect("the account is there");
    }

    /// With capabilities.
    pub(crate) async fn enters_with(&self, nick: &str, caps: &str) -> Person {
        Self::enters_at(self.irc, nick, caps).await
    }

    /// The same with an account: SASL PLAIN.
    pub(crate) async fn enters_as(&self, name: &str, caps: &str) -> Person {
        Self::enters_at_as(self.irc, name, caps).await
    }

    pub(crate) async fn enters_at_as(address: SocketAddr, name: &str, caps: &str) -> Person {
        use base64::{Engine, prelude::BASE64_STANDARD};
        let mut person = Person::connect(address).await;
        person.says(&format!("CAP REQ :sasl {caps}")).await;
        person.sees(&format!("{SERVER} CAP * ACK :")).await;
        person.asks("AUTHENTICATE PLAIN", "AUTHENTICATE +").await;
        let login = BASE64_STANDARD.encode(format!("\0{name}\0{}", super::rest::PASSWORD));
        person.asks(&format!("AUTHENTICATE {login}"), &format!("{SERVER} 903 ")).await;
        person.raw(format!("NICK {name}\r\nUSER {name} 0 * :{name} L\r\nCAP END\r\n").as_bytes()).await;
        person.sees(&format!("{SERVER} 422 {name} :")).await;
        person
    }
}

impl Person {
    pub(crate) async fn joins(&mut self, channel: &str) {
        self.asks(&format!("JOIN {channel}"), &format!("{SERVER} 366 ")).await;
    }

    /// What came before the answer to a question that is asked now.
    pub(crate) async fn hears(&mut self) -> Vec<String> {
        self.says("PING what-came").await;
        let mut heard = Vec::new();
        loop {
            let line = self.line().await.expect("the connection lives");
            if line.starts_with(&format!("{SERVER} PONG ")) {
                return heard;
            }
            heard.push(line.trim_end_matches('\r').to_owned());
        }
    }
}

/// The value of a line's tag.
pub(crate) fn tag<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let tags = line.strip_prefix('@')?.split(' ').next()?;
    tags.split(';').find_map(|tag| {
        let (name, value) = tag.split_once('=').unwrap_or((tag, ""));
        (name == key).then_some(value)
    })
}
