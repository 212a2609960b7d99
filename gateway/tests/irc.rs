//! IRC over real sockets, in the same town as the line protocol.

mod town;

use kit::config::Period;

use self::town::{Person, Town};

/// Somebody who says who they are as clients do, and has read what they are told then.
async fn enters(town: &Town, nick: &str) -> Person {
    town.enters(nick).await
}

/// With capabilities.
async fn enters_with(town: &Town, nick: &str, caps: &str) -> Person {
    town.enters_with(nick, caps).await
}

#[tokio::test]
async fn who_comes_in_is_welcomed_in_the_order_that_clients_know() {
    let town = Town::new().await;
    let mut alice = Person::connect(town.irc).await;
    alice.says("CAP LS 302").await;
    alice.sees_next(":irc.causerie.localhost CAP * LS * :").await;
    let offered = alice.sees_next(":irc.causerie.localhost CAP * LS :").await;
    assert!(offered.contains(" server-time"), "{offered}");
    alice.raw(b"NICK alice\r\nUSER alice 0 * :Alice\r\nPING early\r\n").await;
    alice.sees_next(":irc.causerie.localhost PONG irc.causerie.localhost :early").await;
    alice.raw(b"CAP END\r\n").await;
    for code in ["001", "002", "003", "004", "005"] {
        alice.sees_next(&format!(":irc.causerie.localhost {code} alice ")).await;
    }
    // As many lines of 005 as it takes.
    alice.sees(":irc.causerie.localhost 251 alice ").await;
    for code in ["252", "253", "254", "255", "265", "266", "422"] {
        alice.sees_next(&format!(":irc.causerie.localhost {code} alice ")).await;
    }
    alice.asks("USER again 0 * :x", ":irc.causerie.localhost 462 alice :").await;
    alice.asks("FOO", ":irc.causerie.localhost 421 alice FOO :").await;
    alice.asks("JOIN", ":irc.causerie.localhost 461 alice JOIN :").await;
}

#[tokio::test]
async fn a_nick_that_is_taken_can_be_chosen_again() {
    let town = Town::new().await;
    let _alice = enters(&town, "alice").await;
    let mut other = Person::connect(town.irc).await;
    other.asks("JOIN #x", ":irc.causerie.localhost 451 * :").await;
    other.raw(b"NICK Alice\r\nUSER a 0 * :A\r\n").await;
    other.sees_next(":irc.causerie.localhost 433 * Alice :").await;
    other.asks("NICK 1x", ":irc.causerie.localhost 432 * 1x :").await;
    other.says("NICK alicia").await;
    other.sees_next(":irc.causerie.localhost 001 alicia :Welcome to Causerie, alicia!~a@").await;
}

#[tokio::test]
async fn people_of_both_protocols_talk_with_each_other() {
    let town = Town::new().await;
    let mut alice = enters(&town, "alice").await;
    let mut bob = town.person("bob").await;
    alice.says("JOIN #x").await;
    let join = alice.sees_next(":alice!~alice@").await;
    assert!(join.ends_with(" JOIN #x\r"), "{join}");
    alice.sees_next(":irc.causerie.localhost 353 alice = #x :@alice").await;
    alice.sees_next(":irc.causerie.localhost 366 alice #x :").await;
    bob.asks("/join #x", "200 joined #x 2 0").await;
    let join = alice.sees_next(":bob!~u@").await;
    assert!(join.ends_with(" JOIN #x\r"), "{join}");
    bob.asks("salut", "201 sent #x 1").await;
    let said = alice.sees_next(":bob!~u@").await;
    assert!(said.ends_with(" PRIVMSG #x :salut\r"), "{said}");
    alice.says("PRIVMSG #x :\u{1}ACTION waves\u{1}").await;
    bob.sees("100 action #x 2 ").await;
    alice.says("PRIVMSG bob :psst").await;
    let said = bob.sees("100 msg bob ").await;
    assert!(said.ends_with(":psst"), "{said}");
    bob.asks("/msg alice two words", "201 sent alice 2").await;
    let said = alice.sees_next(":bob!~u@").await;
    assert!(said.ends_with(" PRIVMSG alice :two words\r"), "{said}");
    alice.says("TOPIC #x :the weather").await;
    let topic = alice.sees_next(":alice!~alice@").await;
    assert!(topic.ends_with(" TOPIC #x :the weather\r"), "{topic}");
    bob.sees("100 topic #x alice :the weather").await;
    alice.says("NICK alicia").await;
    let nick = alice.sees_next(":alice!~alice@").await;
    assert!(nick.ends_with(" NICK alicia\r"), "{nick}");
    bob.sees("100 nick alice alicia").await;
    alice.says("PART #x :off").await;
    let part = alice.sees_next(":alicia!~alice@").await;
    assert!(part.ends_with(" PART #x :off\r"), "{part}");
    bob.sees("100 part #x alicia :off").await;
}

#[tokio::test]
async fn a_label_is_on_whatever_answers_it() {
    let town = Town::new().await;
    let caps = "batch labeled-response echo-message";
    let mut alice = enters_with(&town, "alice", caps).await;
    let mut bob = enters(&town, "bob").await;
    alice.says("@label=1 JOIN #x,#y").await;
    alice.sees_next("@label=1 :irc.causerie.localhost BATCH +labeled labeled-response").await;
    for channel in ["#x", "#y"] {
        let join = alice.sees_next("@batch=labeled :alice!~alice@").await;
        assert!(join.ends_with(&format!(" JOIN {channel}\r")), "{join}");
        alice.sees_next(&format!("@batch=labeled :irc.causerie.localhost 353 alice = {channel} :")).await;
        alice.sees_next(&format!("@batch=labeled :irc.causerie.localhost 366 alice {channel} :")).await;
    }
    alice.sees_next(":irc.causerie.localhost BATCH -labeled").await;
    alice.says("@label=2 PRIVMSG #x :hello").await;
    let echo = alice.sees_next("@label=2 :alice!~alice@").await;
    assert!(echo.ends_with(" PRIVMSG #x :hello\r"), "{echo}");
    alice.says("@label=3 NOTICE nobody :hello").await;
    alice.sees_next("@label=3 :irc.causerie.localhost ACK").await;
    alice.says("@label=4 MODE #x +m").await;
    let mode = alice.sees_next("@label=4 :alice!~alice@").await;
    assert!(mode.ends_with(" MODE #x +m\r"), "{mode}");
    alice.says("@label=5 PRIVMSG #x,bob :both").await;
    alice.sees_next("@label=5 :irc.causerie.localhost BATCH +labeled labeled-response").await;
    alice.sees_next("@batch=labeled :alice!").await;
    alice.sees_next("@batch=labeled :alice!").await;
    alice.sees_next(":irc.causerie.localhost BATCH -labeled").await;
    let said = bob.sees_next(":alice!~alice@").await;
    assert!(said.ends_with(" PRIVMSG bob :both\r"), "{said}");
    alice.says("@label=6 PRIVMSG alice :to me").await;
    let lines = [alice.line().await.expect("a line"), alice.line().await.expect("a line")];
    assert_eq!(lines.iter().filter(|line| line.starts_with("@label=6 ")).count(), 1, "{lines:?}");
    assert!(lines.iter().all(|line| line.ends_with(" PRIVMSG alice :to me\r")), "{lines:?}");
}

#[tokio::test]
async fn one_line_changes_modes_of_all_kinds() {
    let town = Town::new().await;
    let mut alice = enters(&town, "alice").await;
    let mut bob = enters(&town, "bob").await;
    alice.asks("JOIN #x", ":irc.causerie.localhost 366 ").await;
    bob.asks("JOIN #x", ":irc.causerie.localhost 366 ").await;
    alice.sees_next(":bob!").await;
    alice.says("MODE #x +mk-b+ovl secret eve bob bob 10").await;
    for change in ["+mk *", "+o bob", "+v bob", "+l 10"] {
        let mode = alice.sees_next(":alice!~alice@").await;
        assert!(mode.ends_with(&format!(" MODE #x {change}\r")), "{mode}");
    }
    alice.says("MODE #x").await;
    alice.sees_next(":irc.causerie.localhost 324 alice #x +mntkl secret 10").await;
    alice.sees_next(":irc.causerie.localhost 329 alice #x ").await;
    alice.asks("MODE #x +b eve", ":alice!~alice@").await;
    alice.says("MODE #x b").await;
    alice.sees_next(":irc.causerie.localhost 367 alice #x eve!*@* alice ").await;
    alice.sees_next(":irc.causerie.localhost 368 alice #x :").await;
    alice.asks("MODE #x +l many", ":irc.causerie.localhost 696 alice #x l many :").await;
    alice.asks("MODE #x +Z", ":irc.causerie.localhost 472 alice Z :").await;
    alice.asks("KICK #x bob", ":alice!~alice@").await;
    let kick = bob.sees(":alice!").await;
    assert!(kick.contains(" MODE "), "{kick}");
}

#[tokio::test]
async fn who_quits_is_told_the_end_after_everybody_else() {
    let town = Town::new().await;
    let mut alice = enters(&town, "alice").await;
    let mut bob = town.person("bob").await;
    alice.asks("JOIN #x", ":irc.causerie.localhost 366 ").await;
    bob.asks("/join #x", "200 joined #x 2 0").await;
    alice.says("QUIT :so long").await;
    alice.sees("ERROR :Closing link: so long").await;
    assert_eq!(alice.sees_the_end().await, [""; 0]);
    bob.sees("100 quit alice :so long").await;
    let mut again = enters(&town, "alice").await;
    again.asks("PING x", ":irc.causerie.localhost PONG ").await;
}

#[tokio::test]
async fn who_says_nothing_is_asked_and_then_gone() {
    let town = Town::with(|config| config.limits.irc_silence = Period::millis(500)).await;
    let mut bob = town.person("bob").await;
    let mut alice = enters(&town, "alice").await;
    alice.asks("JOIN #x", ":irc.causerie.localhost 366 ").await;
    bob.asks("/join #x", "200 joined #x ").await;
    alice.sees(":irc.causerie.localhost PING :irc.causerie.localhost").await;
    alice.says("PONG irc.causerie.localhost").await;
    alice.sees(":irc.causerie.localhost PING :").await;
    alice.sees("ERROR :Closing link: ping timeout").await;
    bob.sees("100 quit alice :ping timeout").await;
    bob.asks("/ping still here", "200 pong :").await;
}

#[tokio::test]
async fn a_text_that_is_taken_back_is_taken_from_those_who_can() {
    let town = Town::new().await;
    let caps = "message-tags echo-message draft/message-redaction";
    let mut alice = enters_with(&town, "alice", caps).await;
    let mut bob = enters(&town, "bob").await;
    for person in [&mut alice, &mut bob] {
        person.asks("JOIN #x", ":irc.causerie.localhost 366 ").await;
    }
    alice.hears().await;
    alice.says("PRIVMSG #x :oops").await;
    let echo = alice.sees("@msgid=").await;
    let id = echo["@msgid=".len()..].split(' ').next().expect("an id").to_owned();
    alice.says(&format!("REDACT #x {id} :wrong window")).await;
    let redact = alice.sees_next(":alice!~alice@").await;
    assert!(redact.ends_with(&format!(" REDACT #x {id} :wrong window\r")), "{redact}");
    bob.sees(":alice!~alice@").await;
    bob.asks("PING still", ":irc.causerie.localhost PONG ").await;
    assert!(!bob.has_seen(":alice!"), "no REDACT for those who do not know it");
    alice
        .asks("REDACT #x 9nowhere-1", ":irc.causerie.localhost FAIL REDACT UNKNOWN_MSGID #x 9nowhere-1 :")
        .await;
    alice.says("PRIVMSG bob :psst").await;
    let echo = alice.sees("@msgid=").await;
    let id = echo["@msgid=".len()..].split(' ').next().expect("an id").to_owned();
    alice.says(&format!("REDACT bob {id}")).await;
    let redact = alice.sees_next(":alice!~alice@").await;
    assert!(redact.ends_with(&format!(" REDACT bob {id}\r")), "{redact}");
}

#[tokio::test]
async fn who_is_away_is_seen_to_be_by_those_who_asked() {
    let town = Town::new().await;
    let mut alice = enters_with(&town, "alice", "away-notify invite-notify").await;
    let mut bob = enters(&town, "bob").await;
    alice.asks("JOIN #x", ":irc.causerie.localhost 366 ").await;
    bob.asks("AWAY :tea", ":irc.causerie.localhost 306 bob :").await;
    bob.asks("JOIN #x", ":irc.causerie.localhost 366 ").await;
    alice.sees(":bob!~bob@").await;
    let away = alice.sees_next(":bob!~bob@").await;
    assert!(away.ends_with(" AWAY :tea\r"), "{away}");
    alice.says("PRIVMSG bob :there?").await;
    alice.sees_next(":irc.causerie.localhost 301 alice bob :tea").await;
    bob.asks("AWAY", ":irc.causerie.localhost 305 bob :").await;
    let back = alice.sees_next(":bob!~bob@").await;
    assert!(back.ends_with(" AWAY\r"), "{back}");
    let _carol = enters(&town, "carol").await;
    alice.asks("MODE #x +o bob", ":alice!").await;
    bob.asks("INVITE carol #x", ":irc.causerie.localhost 341 bob carol #x").await;
    let invite = alice.sees_next(":bob!~bob@").await;
    assert!(invite.ends_with(" INVITE carol #x\r"), "{invite}");
}

#[tokio::test]
async fn a_pong_stands_behind_what_was_said_before_and_holds_nothing_up() {
    let town = Town::new().await;
    let mut alice = town.enters_with("alice", "echo-message").await;
    alice.asks("JOIN #x", ":irc.causerie.localhost 366 ").await;
    town.slows_the_next("/v1/messages:batch").await;
    alice.raw(b"PRIVMSG #x :one\r\nPING a\r\nPRIVMSG #x :two\r\nPING b\r\n").await;
    for expected in [
        "PRIVMSG #x :one",
        "PONG irc.causerie.localhost :a",
        "PRIVMSG #x :two",
        "PONG irc.causerie.localhost :b",
    ] {
        let line = alice.line().await.expect("an answer");
        assert!(line.trim_end().ends_with(expected), "{line} instead of {expected}");
    }
}
