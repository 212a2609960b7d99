//! `NickServ` and `ChanServ`, as clients that know no better use them.

mod town;

use self::town::{Person, Town, irc::SERVER};

/// What a service answers.
async fn answers(person: &mut Person, line: &str, expected: &str) {
    person.says(line).await;
    let service = if line.to_ascii_uppercase().contains("CHANSERV") || line.starts_with("CS") {
        "ChanServ"
    } else {
        "NickServ"
    };
    let notice = person.sees(&format!(":{service}!{service}@irc.causerie.localhost NOTICE ")).await;
    let said = notice.split_once(" :").expect("a text").1;
    assert!(said.starts_with(expected), "{line}: {said}");
}

#[tokio::test]
async fn who_tells_nickserv_a_password_is_logged_in_and_it_is_kept_nowhere() {
    let town = Town::new().await;
    let mut alice = town.enters_with("alice", "echo-message").await;
    answers(&mut alice, "PRIVMSG NickServ :REGISTER short", "a password has at least").await;
    answers(&mut alice, "PRIVMSG NickServ :REGISTER of several words", "").await;
    answers(&mut alice, "PRIVMSG NickServ :REGISTER unheard-of-1", "alice is your account now").await;
    assert!(alice.has_seen(&format!("{SERVER} 900 alice alice!~alice@")));
    answers(&mut alice, "ns info", "alice is your account since 20").await;
    answers(&mut alice, "NICKSERV CERT LIST", "No certificate").await;
    let fingerprint = "ab".repeat(32);
    answers(&mut alice, "NS CERT ADD", "you show no certificate").await;
    answers(&mut alice, &format!("NS CERT ADD {fingerprint}"), &format!("{fingerprint} logs in")).await;
    answers(&mut alice, "NS CERT LIST", &format!("{fingerprint} since 20")).await;
    answers(&mut alice, &format!("NS CERT DEL {fingerprint}"), &format!("{fingerprint} logs in no more"))
        .await;
    answers(&mut alice, "NS IDENTIFY", "it goes: IDENTIFY [account] <password>").await;
    answers(&mut alice, "NS FLY", "there is no such command").await;
    answers(&mut alice, "NS HELP", "REGISTER <password>").await;

    // A notice is answered by nobody, and there is nobody to be asked or named.
    alice.says("NOTICE NickServ :IDENTIFY unheard-of-2").await;
    alice.asks("WHOIS NickServ", &format!("{SERVER} 401 alice NickServ :")).await;
    let mut line = town.person("bob").await;
    line.asks("/msg NickServ IDENTIFY unheard-of-3", "404 no-such-nick NickServ").await;
    line.asks("/nick ChanServ", "409 nick-in-use ChanServ").await;
    line.asks("/nick nickserv", "409 nick-in-use nickserv").await;

    let mut other = town.enters("other").await;
    answers(&mut other, "PRIVMSG nickserv :IDENTIFY alice wrong", "name or secret is wrong").await;
    answers(&mut other, "PRIVMSG nickserv :IDENTIFY alice unheard-of-1", "You are logged in as alice").await;
    answers(&mut other, "NS INFO alice", "alice is logged in as alice").await;
    answers(&mut other, "NS INFO bob", "bob has not logged in").await;
    answers(&mut other, "NS GHOST bob", "bob is not your nick").await;
    answers(&mut other, "NS GHOST alice", "1 other connections are closed").await;
    alice.sees("ERROR :").await;
    answers(&mut other, "NS SET PASSWORD wrong unheard-of-4", "name or secret is wrong").await;
    answers(&mut other, "NS SET PASSWORD unheard-of-1 unheard-of-4", "The password is changed").await;
    other.sees("ERROR :").await;
    let mut again = town.enters("again").await;
    answers(&mut again, "NS GHOST alice unheard-of-4", "0 other connections").await;
    answers(&mut again, "NS DROP again", "again is not your account").await;
    answers(&mut again, "NS DROP alice", "alice is erased").await;
    again.sees("ERROR :").await;
    assert_eq!(town.files_with("unheard-of"), Vec::<String>::new());
}

#[tokio::test]
async fn chanserv_does_what_the_commands_do_and_refuses_what_they_refuse() {
    let town = Town::new().await;
    town.registers("alice").await;
    let mut alice = town.enters_as("alice", "").await;
    let mut bob = town.enters("bob").await;
    alice.joins("#x").await;
    bob.joins("#x").await;
    answers(&mut bob, "PRIVMSG ChanServ :REGISTER #x", "").await;
    answers(&mut alice, "PRIVMSG ChanServ :REGISTER #x", "#x is registered").await;
    answers(&mut alice, "CS INFO #x", "#x is there since 20").await;
    answers(&mut bob, "CS OP #x", "only an operator may do this").await;
    answers(&mut alice, "CHANSERV op #x bob", "bob is op in #x").await;
    assert!(bob.sees(":alice!~alice@").await.ends_with(" MODE #x +o bob\r"));
    answers(&mut bob, "CS DEOP #x", "bob is no op in #x").await;
    answers(&mut alice, "CS VOICE #x bob", "bob is voice in #x").await;
    answers(&mut alice, "CS TOPIC #x about  this", "#x has a new topic").await;
    bob.sees(":alice!~alice@").await;
    answers(&mut alice, "CS BAN #x eve!*@*", "eve!*@* is banned from #x").await;
    answers(&mut alice, "CS UNBAN #x eve!*@*", "eve!*@* is banned from #x no more").await;
    answers(&mut alice, "CS KICK #x bob go on", "bob is out of #x").await;
    let mut kick = bob.sees(":alice!~alice@").await;
    while !kick.contains(" KICK ") {
        kick = bob.sees(":alice!~alice@").await;
    }
    assert!(kick.ends_with(" KICK #x bob :go on\r"), "{kick}");
    answers(&mut alice, "CS INVITE #x bob", "bob is invited to #x").await;
    answers(&mut alice, "CS DROP #x", "#x is registered no more").await;
    answers(&mut alice, "CS INFO #nowhere", "there is no channel #nowhere").await;
}
