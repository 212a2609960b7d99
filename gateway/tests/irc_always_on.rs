//! Accounts that stay in their channels when their last connection ends.

mod town;

use self::town::{PASSWORD, Person, Town, irc::SERVER};

const ALICE: &str = ":alice!~alice@";

impl Town {
    /// An account that stays, by the setting at REST.
    async fn has_stayer(&self, name: &str) {
        let token = self.registers(name).await;
        let answer = self.people(&token, "PATCH", "/v1/accounts/me", r#"{"always_on":true}"#).await;
        assert!(answer.contains(r#""always_on":true"#), "{answer}");
    }
}

/// Others have been shown it then.
async fn quits(mut person: Person) {
    person.says("QUIT :bye").await;
    person.sees("ERROR :").await;
}

/// What somebody who has just been welcomed is shown besides.
async fn finds(person: &mut Person) -> Vec<String> {
    let heard = person.hears().await;
    heard.into_iter().map(|line| line.replace(SERVER, ":srv").replace(".cloak", "")).collect()
}

fn holds(lines: &[String], start: &str, end: &str) -> usize {
    let is_it = |line: &&String| line.starts_with(start) && line.ends_with(end);
    lines.iter().filter(is_it).count()
}

#[tokio::test]
async fn who_stays_is_away_and_finds_the_channels_and_what_was_said_meanwhile() {
    let town = Town::new().await;
    town.has_stayer("alice").await;
    let mut alice = town.enters_as("alice", "").await;
    alice.joins("#x").await;
    alice.asks("TOPIC #x :of this", ALICE).await;
    let mut bob = town.enters_with("bob", "away-notify").await;
    bob.joins("#x").await;
    alice.sees(":bob!~bob@").await;
    bob.says("PRIVMSG #x :early").await;
    alice.sees(":bob!~bob@").await;
    quits(alice).await;
    let away = bob.sees(ALICE).await;
    assert!(away.ends_with(" AWAY :not connected\r"), "{away}");
    bob.asks("NAMES #x", &format!("{SERVER} 353 bob = #x :@alice bob")).await;
    bob.asks("WHOIS alice", &format!("{SERVER} 301 bob alice :not connected")).await;
    bob.asks("WHO #x", &format!("{SERVER} 352 bob #x ~alice ")).await;
    bob.says("PRIVMSG #x :while you were out").await;
    bob.asks("PRIVMSG alice :psst", &format!("{SERVER} 301 bob alice :not connected")).await;
    assert_eq!(holds(&finds(&mut bob).await, ALICE, ""), 0, "nobody has seen her go");

    let mut alice = town.enters_as("alice", "draft/read-marker").await;
    assert!(alice.sees_next(ALICE).await.ends_with(" JOIN #x\r"));
    let shown = finds(&mut alice).await;
    assert!(shown[0].starts_with(":srv 332 alice #x :of this"), "{shown:#?}");
    assert_eq!(holds(&shown, ":srv MARKREAD #x *", ""), 1, "{shown:#?}");
    assert_eq!(holds(&shown, ":srv 353 alice = #x :@alice bob", ""), 1, "{shown:#?}");
    assert_eq!(holds(&shown, ":bob!~bob@", " PRIVMSG #x :while you were out"), 1, "{shown:#?}");
    assert_eq!(holds(&shown, ":bob!~bob@", " PRIVMSG alice :psst"), 1, "{shown:#?}");
    assert_eq!(holds(&shown, ":bob!~bob@", ""), 2, "nothing else is new to her: {shown:#?}");
    let back = bob.sees(ALICE).await;
    assert!(back.ends_with(" AWAY\r"), "{back}");
    bob.says("PRIVMSG #x :welcome").await;
    assert!(alice.sees(":bob!~bob@").await.ends_with(" PRIVMSG #x :welcome\r"));

    // Another client is in the same channels, and asks for what it wants to read.
    let mut phone = town.enters_as("alice", "draft/chathistory").await;
    let shown = finds(&mut phone).await;
    assert_eq!((holds(&shown, ALICE, " JOIN #x"), holds(&shown, ":bob!", "")), (1, 0), "{shown:#?}");
    quits(phone).await;
    alice.says("PART #x :enough").await;
    alice.sees(ALICE).await;
    assert!(bob.sees(ALICE).await.ends_with(" PART #x :enough\r"));
    quits(alice).await;
    let mut alice = town.enters_as("alice", "").await;
    assert_eq!(finds(&mut alice).await, [""; 0], "what she has left she is not in");
}

#[tokio::test]
async fn nickserv_turns_it_on_and_off_and_who_stays_no_more_quits() {
    let town = Town::new().await;
    town.registers("alice").await;
    let notice = ":NickServ!NickServ@irc.causerie.localhost NOTICE alice :";
    let mut alice = town.enters_as("alice", "").await;
    alice.asks("NS SET ALWAYS-ON maybe", &format!("{notice}it goes: SET ALWAYS-ON <on|off>")).await;
    alice.asks("PRIVMSG NickServ :set always-on true", &format!("{notice}You stay in your channels")).await;
    alice.joins("#x").await;
    let mut bob = town.enters("bob").await;
    bob.asks("NS SET ALWAYS-ON on", ":NickServ!NickServ@").await;
    bob.joins("#x").await;
    quits(alice).await;
    let mut alice = town.enters_as("alice", "").await;
    alice.sees(&format!("{SERVER} 366 alice #x")).await;
    assert_eq!(holds(&finds(&mut bob).await, ALICE, ""), 0);
    alice.asks("NS SET ALWAYS-ON off", &format!("{notice}You leave with your last connection")).await;
    quits(alice).await;
    let quit = bob.sees(ALICE).await;
    assert!(quit.ends_with(" QUIT bye\r") || quit.ends_with(" QUIT :bye\r"), "{quit}");
    bob.asks("NAMES #x", &format!("{SERVER} 353 bob = #x :bob")).await;
}

/// Nobody is connected, so that it is REST which ends it.
#[tokio::test]
async fn turned_off_from_elsewhere_it_ends_at_once_and_an_operator_ends_it_too() {
    let town = Town::new().await;
    town.has_operator("olga").await;
    let token = town.registers("alice").await;
    let set = |on: bool| format!(r#"{{"always_on":{on}}}"#);
    town.people(&token, "PATCH", "/v1/accounts/me", &set(true)).await;
    let mut bob = town.enters("bob").await;
    bob.joins("#x").await;
    bob.asks("MONITOR + alice", &format!("{SERVER} 731 bob :alice")).await;
    let mut alice = town.enters_as("alice", "").await;
    bob.sees(&format!("{SERVER} 730 bob :alice")).await;
    alice.joins("#x").await;
    quits(alice).await;
    assert_eq!(holds(&finds(&mut bob).await, ":srv 731", ""), 0, "she is there");
    town.people(&token, "PATCH", "/v1/accounts/me", &set(false)).await;
    let mut told = Vec::new();
    while told.len() < 2 {
        let line = bob.line().await.expect("the connection lives");
        if line.contains(" QUIT ") || line.contains(" 731 ") {
            told.push(line);
        }
    }
    town.people(&token, "PATCH", "/v1/accounts/me", &set(true)).await;
    let mut alice = town.enters_as("alice", "").await;
    alice.joins("#x").await;
    let mut olga = town.enters("oo").await;
    olga.asks("OPER olga correct-horse", &format!("{SERVER} 381 ")).await;
    olga.says("KILL alice :enough").await;
    alice.sees("ERROR :").await;
    while !bob.line().await.expect("the connection lives").contains(" QUIT ") {}
}

#[tokio::test]
async fn by_the_line_protocol_it_is_the_same() {
    let town = Town::new().await;
    town.has_stayer("alice").await;
    let mut alice = town.connect().await;
    alice.asks(&format!("/login alice {PASSWORD}"), "200 login alice").await;
    alice.asks("/join #x", "200 joined #x 1 0").await;
    let mut bob = town.person("bob").await;
    bob.asks("/join #x", "200 joined #x 2 0").await;
    alice.asks("/quit", "200 bye").await;
    alice.sees_the_end().await;
    town::within("alice is away", async {
        loop {
            bob.says("/whois alice").await;
            if bob.sees("200 whois alice").await.ends_with(" away :not connected") {
                return;
            }
        }
    })
    .await;
    bob.asks("hello", "201 sent #x 1").await;
    bob.asks("/msg alice psst", "201 sent alice 1").await;
    let mut alice = town.connect().await;
    alice.asks(&format!("/login alice {PASSWORD}"), "200 login alice").await;
    alice.sees_next("100 join #x alice").await;
    assert!(alice.sees_next("100 msg #x 1 ").await.ends_with(" bob :hello"));
    assert!(alice.sees_next("100 msg alice 1 ").await.ends_with(" bob :psst"));
    bob.asks("again", "201 sent #x 2").await;
    alice.sees_next("100 msg #x 2 ").await;
    assert!(!bob.has_seen("100 quit") && !bob.has_seen("100 join"));
}

#[tokio::test]
async fn so_many_lines_of_what_was_missed_are_shown_and_no_more() {
    let town = Town::with(|config| config.limits.command_burst = 1000).await;
    town.has_stayer("alice").await;
    let mut alice = town.enters_as("alice", "").await;
    alice.joins("#x").await;
    let mut bob = town.person("bob").await;
    bob.asks("/join #x", "200 joined #x 2 0").await;
    quits(alice).await;
    for number in 1..=101 {
        bob.asks(&format!("line {number}"), &format!("201 sent #x {number} ")).await;
    }
    let mut alice = town.enters_as("alice", "").await;
    let shown = finds(&mut alice).await;
    assert_eq!((holds(&shown, ":bob!", ""), holds(&shown, ":bob!", " :line 1")), (100, 0), "{shown:#?}");
}
