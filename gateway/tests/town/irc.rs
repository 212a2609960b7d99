//! Coming in by IRC.

use super::{Person, Town};

impl Town {
    /// Somebody who says who they are as clients do, and has read what they are told then.
    pub(crate) async fn enters(&self, nick: &str) -> Person {
        let mut person = Person::connect(self.irc).await;
        person.raw(format!("NICK {nick}\r\nUSER {nick} 0 * :{nick} L\r\n").as_bytes()).await;
        person.sees(&format!(":irc.causerie.localhost 422 {nick} :")).await;
        person
    }

    /// With capabilities.
    pub(crate) async fn enters_with(&self, nick: &str, caps: &str) -> Person {
        let mut person = Person::connect(self.irc).await;
        person.says(&format!("CAP REQ :{caps}")).await;
        person.sees(&format!(":irc.causerie.localhost CAP * ACK :{caps}")).await;
        person.raw(format!("NICK {nick}\r\nUSER {nick} 0 * :{nick} L\r\nCAP END\r\n").as_bytes()).await;
        person.sees(&format!(":irc.causerie.localhost 422 {nick} :")).await;
        person
    }
}
