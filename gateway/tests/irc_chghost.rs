//! <https://ircv3.net/specs/extensions/chghost>

mod town;

use self::town::{
    Person, Town,
    irc::{SERVER, tag},
};

impl Town {
    /// A client of an account, from an address and with a user name.
    async fn comes_as(&self, name: &str, from: &str, user: &str) -> Person {
        use base64::{Engine, prelude::BASE64_STANDARD};
        let mut person = Person::connect_from(from, self.irc).await;
        let login = BASE64_STANDARD.encode(format!("\0{name}\0{}", town::PASSWORD));
        person.says("CAP REQ sasl").await;
        person.asks("AUTHENTICATE PLAIN", "AUTHENTICATE +").await;
        person.asks(&format!("AUTHENTICATE {login}"), &format!("{SERVER} 903 ")).await;
        person.raw(format!("NICK {name}\r\nUSER {user} 0 * :L\r\nCAP END\r\n").as_bytes()).await;
        person.sees(&format!("{SERVER} 422 {name} :")).await;
        person
    }
}

#[tokio::test]
async fn who_is_connected_from_elsewhere_has_another_mask_at_once_for_all_who_see_them() {
    let town = Town::new().await;
    town.registers("alice").await;
    let mut alice = town.enters_as("alice", "chghost echo-message").await;
    alice.joins("#x").await;
    let mut bob = town.enters_with("bob", "chghost account-tag").await;
    bob.joins("#x").await;
    let mut carol = town.enters("carol").await;
    carol.joins("#x").await;
    let mut eve = town.enters_with("eve", "chghost extended-monitor").await;
    eve.asks("MONITOR + alice", &format!("{SERVER} 730 eve :alice!~alice@")).await;

    let mut phone = town.comes_as("alice", "127.0.0.2", "al").await;
    let told = bob.sees("@account=alice :alice!~alice@").await;
    assert_eq!(tag(&told, "account"), Some("alice"));
    let (_, new) = told.trim_end().split_once(" CHGHOST ~al ").expect("user and host");
    assert!(new.ends_with(".cloak") && !told.contains(&format!("~alice@{new} ")), "{told}");
    alice.sees(":alice!~alice@").await;
    eve.sees(":alice!~alice@").await;
    alice.asks("PRIVMSG #x :from the desk", &format!(":alice!~al@{new} PRIVMSG #x ")).await;
    bob.sees(&format!("@account=alice :alice!~al@{new} PRIVMSG #x ")).await;
    carol.sees(&format!(":alice!~al@{new} PRIVMSG #x ")).await;
    assert!(!carol.has_seen(":alice!~alice@"));
    // From there as well: nothing has changed.
    town.comes_as("alice", "127.0.0.2", "al").await;
    phone.joins("#x").await;
    for person in [&mut alice, &mut bob, &mut eve] {
        assert!(person.hears().await.iter().all(|line| !line.contains(" CHGHOST ")));
    }
}
