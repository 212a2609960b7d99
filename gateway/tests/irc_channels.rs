//! Channels over IRC: who may say what in them, and which there are.

mod town;

use self::town::Town;

const SERVER: &str = ":irc.causerie.localhost";

#[tokio::test]
async fn who_is_muted_comes_in_and_is_not_heard() {
    let town = Town::new().await;
    let mut alice = town.enters("alice").await;
    alice.asks("JOIN #x", &format!("{SERVER} 366 ")).await;
    alice.says("MODE #x +b ~m:bob").await;
    let mode = alice.sees_next(":alice!").await;
    assert!(mode.ends_with(" MODE #x +b ~m:bob!*@*\r"), "{mode}");
    let mut bob = town.enters_with("bob", "echo-message").await;
    bob.asks("JOIN #x", &format!("{SERVER} 366 ")).await;
    alice.sees_next(":bob!").await;
    bob.asks("MODE #x b", &format!("{SERVER} 367 bob #x ~m:bob!*@* alice ")).await;
    bob.sees_next(&format!("{SERVER} 368 ")).await;
    bob.asks("PRIVMSG #x :hello?", &format!("{SERVER} 404 bob #x :")).await;
    for (change, undo) in
        [("+v bob", "-v bob"), ("+e ~m:*!~bob@*", "-e ~m:*!~bob@*"), ("-b ~m:bob", "+b ~m:bob")]
    {
        alice.asks(&format!("MODE #x {change}"), ":alice!").await;
        bob.says("PRIVMSG #x :now").await;
        let said = alice.sees_next(":bob!").await;
        assert!(said.ends_with(" PRIVMSG #x :now\r"), "{said}");
        alice.asks(&format!("MODE #x {undo}"), ":alice!").await;
        bob.asks("PRIVMSG #x :and now", &format!("{SERVER} 404 bob #x :")).await;
    }
    // At the other doors, too.
    let mut plain = town.person("carol").await;
    alice.asks("MODE #x +b ~m:carol!*@*", ":alice!").await;
    plain.asks("/join #x", "200 joined #x ").await;
    plain.asks("hello", "403 banned #x").await;
}

#[tokio::test]
async fn where_no_ctcp_is_wanted_actions_are_heard() {
    let town = Town::new().await;
    let mut alice = town.enters("alice").await;
    let mut bob = town.enters("bob").await;
    for person in [&mut alice, &mut bob] {
        person.asks("JOIN #x", &format!("{SERVER} 366 ")).await;
    }
    alice.sees_next(":bob!").await;
    alice.asks("MODE #x +C", ":alice!").await;
    bob.says("PRIVMSG #x :\u{1}ACTION waves\u{1}").await;
    let said = alice.sees_next(":bob!").await;
    assert!(said.ends_with(" PRIVMSG #x :\u{1}ACTION waves\u{1}\r"), "{said}");
    for target in ["#x", "@#x"] {
        bob.asks(&format!("PRIVMSG {target} :\u{1}VERSION\u{1}"), &format!("{SERVER} 404 bob #x :")).await;
    }
    alice.asks("MODE #x -C", ":alice!").await;
    bob.says("PRIVMSG #x :\u{1}PING 1\u{1}").await;
    let said = alice.sees_next(":bob!").await;
    assert!(said.ends_with(" PRIVMSG #x :\u{1}PING 1\u{1}\r"), "{said}");
    let mut carol = town.person("carol").await;
    carol.asks("/mode #x +C", "403 not-a-member").await;
}

#[tokio::test]
async fn who_is_in_already_needs_no_invitation() {
    let town = Town::new().await;
    let mut alice = town.enters("alice").await;
    let mut bob = town.enters("bob").await;
    alice.asks("JOIN #x", &format!("{SERVER} 366 ")).await;
    alice.asks("INVITE bob #x", &format!("{SERVER} 341 alice bob #x")).await;
    bob.sees(":alice!").await;
    bob.says("INVITE").await;
    bob.sees_next(&format!("{SERVER} 336 bob #x\r")).await;
    bob.sees_next(&format!("{SERVER} 337 bob :")).await;
    bob.asks("JOIN #x", &format!("{SERVER} 366 ")).await;
    bob.says("INVITE").await;
    bob.sees_next(&format!("{SERVER} 337 bob :")).await;
    bob.asks("INVITE alice", &format!("{SERVER} 461 bob INVITE :")).await;
    alice.asks("INVITE bob #x", &format!("{SERVER} 443 alice bob #x :")).await;
}

#[tokio::test]
async fn channels_are_listed_under_conditions() {
    let town = Town::new().await;
    let mut alice = town.enters("alice").await;
    let mut bob = town.enters("bob").await;
    alice.asks("JOIN #chan1,#chan2", &format!("{SERVER} 366 alice #chan2 ")).await;
    alice.asks("TOPIC #chan1 :first", ":alice!").await;
    bob.asks("JOIN #chan2", &format!("{SERVER} 366 ")).await;
    for (asked, found) in [
        ("", &["#chan1", "#chan2"][..]),
        ("*AN1", &["#chan1"]),
        ("#c*n2", &["#chan2"]),
        ("!*an1", &["#chan2"]),
        ("!#ch*", &[]),
        (">1", &["#chan2"]),
        ("<2", &["#chan1"]),
        (">0,<9,*1", &["#chan1"]),
        ("C<1", &["#chan1", "#chan2"]),
        ("C>1", &[]),
        ("T<1", &["#chan1"]),
        ("#chan2,#nowhere", &["#chan2"]),
    ] {
        bob.says(&format!("LIST {asked}")).await;
        for channel in found {
            bob.sees_next(&format!("{SERVER} 322 bob {channel} ")).await;
        }
        bob.sees_next(&format!("{SERVER} 323 bob :")).await;
    }
}

#[tokio::test]
async fn members_are_listed_as_each_client_wants() {
    let town = Town::new().await;
    let mut alice = town.enters("alice").await;
    alice.joins("#x").await;
    alice.says("MODE #x +v alice").await;
    alice.sees(":alice!~alice@").await;
    let mut bob = town.enters_with("bob", "multi-prefix userhost-in-names").await;
    bob.says("JOIN #x").await;
    let names = bob.sees(&format!("{SERVER} 353 bob = #x :")).await;
    assert!(names.contains("@+alice!~alice@") && names.contains("bob!~bob@"), "{names}");
    let mut carol = town.enters_with("carol", "draft/no-implicit-names").await;
    carol.says("JOIN #x").await;
    assert!(!carol.hears().await.iter().any(|line| line.contains(" 353 ")), "nobody asked");
    let names = carol.asks("NAMES #x", &format!("{SERVER} 353 carol = #x :")).await;
    assert!(names.contains("@alice ") && !names.contains("+alice"), "{names}");

    alice.says("KICK #x carol :too loud").await;
    let kick = carol.sees(":alice!~alice@").await;
    assert!(kick.ends_with(" KICK #x carol :too loud\r"), "{kick}");
    alice.says("PART #x :enough").await;
    let part = bob.sees(":alice!~alice@").await;
    assert!(part.contains(" KICK #x carol "), "{part}");
    let part = bob.sees_next(":alice!~alice@").await;
    assert!(part.ends_with(" PART #x :enough\r"), "{part}");
}
