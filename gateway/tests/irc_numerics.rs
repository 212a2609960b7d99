//! Numerics that no other test is about: what is asked, and the line that answers it (<https://modern.ircdocs.horse/#numerics>).

mod town;

use self::town::{Person, Town, irc::SERVER};

/// Types a line, and finds these in this order among what answers it: the numeric with the first parameters after the nick.
async fn answers(person: &mut Person, nick: &str, line: &str, expected: &[&str]) {
    person.says(line).await;
    let heard = person.hears().await;
    let mut rest = heard.iter();
    for answer in expected {
        let (code, parameters) = answer.split_once(' ').unwrap_or((answer, ""));
        let start = format!("{SERVER} {code} {nick} {parameters}");
        assert!(
            rest.any(|line| line.starts_with(start.trim_end())),
            "{line}: no {start:?} in its place: {heard:#?}"
        );
    }
}

#[tokio::test]
async fn the_server_says_what_it_is() {
    let town = Town::new().await;
    let mut alice = town.enters("alice").await;
    for (line, expected) in [
        ("ADMIN", &["256 irc.causerie.localhost :", "257 :", "258 :", "259 :"][..]),
        ("INFO", &["371 :causerie", "371 :started ", "374 :"]),
        ("LINKS", &["365 * :"]),
        ("LUSERS", &["251 :", "252 0 :", "253 0 :", "254 0 :", "255 :", "265 1 ", "266 1 "]),
        ("MOTD", &["422 :"]),
        ("TIME", &["391 irc.causerie.localhost "]),
        ("VERSION", &["351 causerie-"]),
        ("STATS u", &["242 :", "219 u :"]),
    ] {
        answers(&mut alice, "alice", line, expected).await;
    }
}

#[tokio::test]
async fn people_are_told_of_by_whoever_asks() {
    let town = Town::new().await;
    let mut alice = town.enters("alice").await;
    let mut bob = town.enters("bob").await;
    bob.joins("#x").await;
    alice.joins("#x").await;
    for (line, expected) in [
        ("USERHOST bob nobody", &["302 :bob=+~bob@"][..]),
        ("ISON bob nobody alice", &["303 :bob alice"]),
        (
            "WHOIS bob",
            &["311 bob ~bob ", "319 bob :@#x", "312 bob irc.causerie.localhost :", "317 bob 0 ", "318 bob :"],
        ),
        ("WHO #x %tcnuaf,42", &["354 42 #x ", "354 42 #x ", "315 #x :"]),
        ("WHO bob", &["352 ", "315 bob :"]),
        ("WHOWAS nobody", &["406 nobody :", "369 nobody :"]),
    ] {
        answers(&mut alice, "alice", line, expected).await;
    }
    bob.says("NICK robert").await;
    alice.sees(":bob!").await;
    answers(&mut alice, "alice", "WHOWAS bob", &["314 bob ~bob ", "312 bob ", "369 bob :"]).await;
}

#[tokio::test]
async fn channels_are_told_of_by_whoever_asks() {
    let town = Town::new().await;
    let mut alice = town.enters("alice").await;
    alice.joins("#x").await;
    for (line, expected) in [
        ("TOPIC #x", &["331 #x :"][..]),
        ("TOPIC #x :what it is about", &[]),
        ("TOPIC #x", &["332 #x :what it is about", "333 #x alice"]),
        ("MODE #x", &["324 #x +", "329 #x "]),
        ("MODE #x +eIb *!*@e *!*@i *!*@b", &[]),
        ("MODE #x b", &["367 #x *!*@b alice", "368 #x :"]),
        ("MODE #x e", &["348 #x *!*@e alice", "349 #x :"]),
        ("MODE #x I", &["346 #x *!*@i alice", "347 #x :"]),
        ("NAMES #x", &["353 = #x :@alice", "366 #x :"]),
        ("LIST", &["322 #x 1 :", "323 :"]),
        ("INVITE", &["337 :"]),
    ] {
        answers(&mut alice, "alice", line, expected).await;
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_told_by_its_number() {
    let town = Town::new().await;
    let mut alice = town.enters_with("alice", "draft/metadata-3").await;
    alice.joins("#x").await;
    let eleven = (0..11).map(|n| format!("a{n}")).collect::<Vec<_>>().join(",");
    let piece = format!("AUTHENTICATE {}", "A".repeat(401));
    for (line, expected) in [
        ("CAP WHAT", &["410 WHAT :"][..]),
        ("NICK", &["431 :"]),
        ("PING", &["409 :"]),
        ("PRIVMSG", &["411 :"]),
        ("PRIVMSG alice", &["412 :"]),
        (&format!("PRIVMSG {eleven} :x"), &["407 "]),
        (&format!("NAMES {eleven}"), &["407 "]),
        ("MODE #x +y", &["472 y :"]),
        ("MODE #x +l many", &["696 #x l many :"]),
        ("MODE #x +b ~x:y", &["696 #x b ~x:y :"]),
        ("MODE #x +e ~x:y", &["696 #x e ~x:y :"]),
        ("MODE #x -I ~x:y", &["696 #x I ~x:y :"]),
        ("KICK #x nobody", &["401 nobody :"]),
        ("PART #nowhere", &["403 #nowhere :"]),
        ("METADATA * SUB avatar", &["770 avatar", "774 #x 2"]),
        ("AUTHENTICATE PLAIN", &[]),
        (&piece, &["905 :"]),
    ] {
        answers(&mut alice, "alice", line, expected).await;
    }
}

/// Nobody comes by telnet: the bytes of its commands are no text, and nothing is taken out in silence.
#[tokio::test]
async fn what_telnet_would_say_is_not_utf8() {
    let town = Town::new().await;
    let mut alice = town.enters("alice").await;
    alice.raw(b"PRIVMSG alice :\xff\xfe!\r\n").await;
    alice.sees_next(&format!("{SERVER} FAIL PRIVMSG INVALID_UTF8 ")).await;
    alice.raw(b"PRIVMSG alice :\xff\xf1\r\n").await;
    alice.sees_next(&format!("{SERVER} FAIL PRIVMSG INVALID_UTF8 ")).await;
    assert_eq!(alice.hears().await, Vec::<String>::new());
}
