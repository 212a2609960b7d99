//! Accounts over IRC: made, and logged in to.

mod town;

use self::town::{Person, Town};

/// What there is for whoever has just connected.
async fn offered(person: &mut Person) -> String {
    person.says("CAP LS 302").await;
    let mut all = String::new();
    loop {
        let line = person.sees_next(":irc.causerie.localhost CAP * LS ").await;
        all.push(' ');
        all.push_str(line.rsplit_once(" :").expect("a list").1.trim_end());
        if !line.contains(" LS * :") {
            return all;
        }
    }
}

#[tokio::test]
async fn who_logs_in_has_the_nick_that_they_ask_for_and_their_account() {
    let town = Town::new().await;
    let mut alice = town.person("alice").await;
    alice.asks("/register alice correct-horse", "201 registered alice").await;
    alice.asks("/quit", "200 bye").await;
    let mut bob = town.enters_with("bob", "extended-join account-tag").await;
    bob.asks("JOIN #x", ":irc.causerie.localhost 366 ").await;
    let mut alice = Person::connect(town.irc).await;
    let offered = offered(&mut alice).await;
    assert!(offered.contains(" sasl=PLAIN"), "{offered}");
    alice.asks("CAP REQ sasl", ":irc.causerie.localhost CAP * ACK :sasl").await;
    alice.raw(b"NICK al\r\nUSER al 0 * :Alice L\r\n").await;
    alice.asks("AUTHENTICATE PLAIN", "AUTHENTICATE +").await;
    // \0alice\0wrong
    alice.asks("AUTHENTICATE AGFsaWNlAHdyb25n", ":irc.causerie.localhost 904 * :").await;
    alice.asks("AUTHENTICATE PLAIN", "AUTHENTICATE +").await;
    // \0alice\0correct-horse
    alice.says("AUTHENTICATE AGFsaWNlAGNvcnJlY3QtaG9yc2U=").await;
    alice.sees_next(":irc.causerie.localhost 900 * al!~al@").await;
    alice.sees_next(":irc.causerie.localhost 903 * :").await;
    alice.asks("CAP END", ":irc.causerie.localhost 001 al :").await;
    alice.asks("JOIN #x", ":irc.causerie.localhost 366 ").await;
    let join = bob.sees("@account=alice :al!~al@").await;
    assert!(join.ends_with(" JOIN #x alice :Alice L\r"), "{join}");
    alice.asks("WHOIS al", ":irc.causerie.localhost 330 al al alice :").await;
}

/// <https://ircv3.net/specs/extensions/account-registration>
#[tokio::test]
async fn who_registers_is_logged_in_before_or_after_coming_in() {
    let town = Town::new().await;
    let mut bob = town.enters_with("bob", "account-notify extended-join").await;
    bob.asks("JOIN #x", ":irc.causerie.localhost 366 ").await;
    let mut alice = town.enters_with("alice", "standard-replies").await;
    alice.asks("JOIN #x", ":irc.causerie.localhost 366 ").await;
    alice.asks("REGISTER * *", ":irc.causerie.localhost 461 alice REGISTER :").await;
    alice.asks("REGISTER * * short", ":irc.causerie.localhost FAIL REGISTER WEAK_PASSWORD alice :").await;
    alice
        .asks("REGISTER b@d * good-enough-1", ":irc.causerie.localhost FAIL REGISTER BAD_ACCOUNT_NAME b@d :")
        .await;
    alice
        .asks("REGISTER bob * good-enough-1", ":irc.causerie.localhost FAIL REGISTER ACCOUNT_EXISTS bob :")
        .await;
    alice.asks("REGISTER * * good-enough-1", ":irc.causerie.localhost REGISTER SUCCESS alice :").await;
    alice.sees(":irc.causerie.localhost 900 alice alice!~alice@").await;
    bob.sees(":alice!~alice@").await;
    assert!(bob.sees(":alice!~alice@").await.ends_with(" ACCOUNT alice\r"));
    alice
        .asks(
            "REGISTER * * good-enough-2",
            ":irc.causerie.localhost FAIL REGISTER ALREADY_AUTHENTICATED alice :",
        )
        .await;
    alice.asks("VERIFY alice 1234", ":irc.causerie.localhost FAIL VERIFY INVALID_CODE alice :").await;

    let mut carol = Person::connect(town.irc).await;
    let offered = offered(&mut carol).await;
    assert!(offered.contains(" draft/account-registration=before-connect,custom-account-name"), "{offered}");
    carol.asks("REGISTER * * good-enough-1", ":irc.causerie.localhost FAIL REGISTER NEED_NICK * :").await;
    // Not out from under who is called so.
    carol.says("NICK bob").await;
    carol
        .asks("REGISTER * * good-enough-1", ":irc.causerie.localhost FAIL REGISTER ACCOUNT_EXISTS bob :")
        .await;
    carol.raw(b"NICK cc\r\nUSER carol 0 * :Carol\r\n").await;
    carol.asks("REGISTER carol * good-enough-1", ":irc.causerie.localhost REGISTER SUCCESS carol :").await;
    carol.sees_next(":irc.causerie.localhost 900 * cc!~carol@").await;
    carol.asks("CAP END", ":irc.causerie.localhost 001 cc :").await;
    carol.asks("WHOIS cc", ":irc.causerie.localhost 330 cc cc carol :").await;
    // At another door it is the same account.
    let mut elsewhere = Person::connect(town.lines).await;
    elsewhere.asks("/login carol good-enough-1", "200 welcome ").await;
}

#[tokio::test]
async fn where_the_operator_wants_it_nobody_registers_before_coming_in() {
    let town = Town::with(|config| config.irc_register_before_connect = false).await;
    let mut alice = Person::connect(town.irc).await;
    let offered = offered(&mut alice).await;
    assert!(offered.contains(" draft/account-registration=custom-account-name"), "{offered}");
    alice.says("NICK alice").await;
    let refused = ":irc.causerie.localhost FAIL REGISTER COMPLETE_CONNECTION_REQUIRED alice :";
    alice.asks("REGISTER * * good-enough-1", refused).await;
}

/// QUIT says that somebody has left the network (RFC 2812 §3.1.7): clients take them out of every channel.
#[tokio::test]
async fn one_connection_of_several_that_quits_parts_where_it_was_alone() {
    let town = Town::new().await;
    town.registers("alice").await;
    let mut desk = town.enters_as("alice", "").await;
    let mut phone = town.enters_as("alice", "").await;
    desk.joins("#desk").await;
    desk.joins("#both").await;
    phone.joins("#both").await;
    let mut bob = town.enters("bob").await;
    bob.joins("#desk").await;
    bob.joins("#both").await;
    desk.says("QUIT :one goes").await;
    let gone = bob.sees(":alice!").await;
    assert!(gone.contains(" PART #desk :one goes"), "{gone}");
    phone.says("PRIVMSG #both :still here").await;
    let said = bob.sees_next(":alice!").await;
    assert!(said.ends_with(" PRIVMSG #both :still here\r"), "{said}");
    phone.says("QUIT :both are gone").await;
    let gone = bob.sees(":alice!").await;
    assert!(gone.contains(" QUIT :both are gone"), "{gone}");
}
