//! Operators of the network over IRC, and whom they meet at the other doors.

mod town;

use self::town::Town;

const SERVER: &str = ":irc.causerie.localhost";

#[tokio::test]
async fn who_knows_an_operators_password_operates_by_that_connection() {
    let town = Town::new().await;
    town.has_operator("root").await;
    let mut alice = town.enters("alice").await;
    alice.asks("OPER root wrong-horse", &format!("{SERVER} 464 alice :")).await;
    alice.asks("OPER nobody correct-horse", &format!("{SERVER} 464 alice :")).await;
    alice.asks("OPER root", &format!("{SERVER} 461 alice OPER :")).await;
    for line in ["KILL bob :no", "WALLOPS :hear", "KLINE *@host", "DLINE 192.0.2.1", "REHASH", "STATS k"] {
        alice.asks(line, &format!("{SERVER} 481 alice :")).await;
    }
    let mut bob = town.connect().await;
    bob.asks("/register ordinary correct-horse", "201 ").await;
    alice.asks("OPER ordinary correct-horse", &format!("{SERVER} 491 alice :")).await;

    alice.says("OPER root correct-horse").await;
    alice.sees_next(&format!("{SERVER} 381 alice :")).await;
    let mode = alice.sees_next(":alice!~alice@").await;
    assert!(mode.ends_with(" MODE alice +o\r"), "{mode}");
    alice.asks("MODE alice", &format!("{SERVER} 221 alice +o\r")).await;
    alice.asks("WHOIS alice", &format!("{SERVER} 313 alice alice :")).await;
    alice.sees(&format!("{SERVER} 318 ")).await;
    alice.says("REHASH").await;
    alice.sees_next(&format!("{SERVER} 382 alice ")).await;
    alice.says("MODE alice -o").await;
    let mode = alice.sees_next(":alice!~alice@").await;
    assert!(mode.ends_with(" MODE alice -o\r"), "{mode}");
    alice.asks("REHASH", &format!("{SERVER} 481 alice :")).await;
}

#[tokio::test]
async fn whom_an_operator_kills_is_gone_from_every_door() {
    let town = Town::new().await;
    town.has_operator("root").await;
    let mut alice = town.enters("alice").await;
    alice.asks("OPER root correct-horse", &format!("{SERVER} 381 ")).await;
    alice.sees_next(":alice!").await;
    let mut bob = town.person("bob").await;
    let mut carol = town.enters("carol").await;
    bob.asks("/join #x", "200 joined #x ").await;
    carol.asks("JOIN #x", &format!("{SERVER} 366 ")).await;
    alice.says("KILL bob :spam").await;
    alice.sees_next(&format!("{SERVER} NOTICE alice :bob is disconnected")).await;
    bob.sees("100 closing :ended by an operator: spam").await;
    let quit = carol.sees(":bob!~u@").await;
    assert!(quit.ends_with(" QUIT :ended by an operator: spam\r"), "{quit}");
    alice.says("KILL carol").await;
    alice.sees_next(&format!("{SERVER} NOTICE alice :carol is disconnected")).await;
    carol.sees("ERROR :Closing link: ended by an operator").await;
    alice.asks("KILL nobody", &format!("{SERVER} 401 alice nobody :")).await;
}

#[tokio::test]
async fn what_operators_tell_everybody_is_read_by_those_who_want_to() {
    let town = Town::new().await;
    town.has_operator("root").await;
    let mut alice = town.enters("alice").await;
    let mut bob = town.enters("bob").await;
    let mut carol = town.enters("carol").await;
    bob.asks("MODE bob +w", ":bob!").await;
    alice.asks("OPER root correct-horse", &format!("{SERVER} 381 ")).await;
    alice.sees_next(":alice!").await;
    alice.says("WALLOPS :the weather changes").await;
    let told = bob.sees_next(":alice!~alice@").await;
    assert!(told.ends_with(" WALLOPS :the weather changes\r"), "{told}");
    for person in [&mut alice, &mut carol] {
        person.says("PING x").await;
        person.sees_next(&format!("{SERVER} PONG ")).await;
    }
}

#[tokio::test]
async fn whom_operators_ban_does_not_come_in() {
    let town = Town::new().await;
    town.has_operator("root").await;
    let mut alice = town.enters("alice").await;
    alice.asks("OPER root correct-horse", &format!("{SERVER} 381 ")).await;
    alice.sees_next(":alice!").await;
    let mut bob = town.enters("bob").await;
    alice.says("KLINE 60 bob :not here").await;
    alice.sees_next(&format!("{SERVER} NOTICE alice :bob!*@* is banned from the network")).await;
    bob.sees("ERROR :Closing link: banned from this network: not here").await;
    let mut again = town.connect().await;
    again.asks("/nick bob", "403 network-banned").await;
    alice.says("STATS k").await;
    let listed = alice.sees_next(&format!("{SERVER} 216 alice K bob!*@* ")).await;
    assert!(listed.ends_with(" :not here\r"), "{listed}");
    alice.sees_next(&format!("{SERVER} 219 alice k :")).await;
    alice.says("UNKLINE bob!*@*").await;
    alice.sees_next(&format!("{SERVER} NOTICE alice :bob!*@* is banned no longer")).await;
    alice.asks("UNKLINE bob!*@*", &format!("{SERVER} 400 alice UNKLINE :")).await;
    again.asks("/nick bob", "200 nick bob").await;
    // Who would lift it then?
    for everybody in ["DLINE * :all", "KLINE *!*@* :all", "DLINE 0.0.0.0/0 :all"] {
        alice.asks(everybody, &format!("{SERVER} 400 alice {} :", &everybody[..5])).await;
    }
    alice.asks("DLINE 192.0.2.0/24 :a net", &format!("{SERVER} NOTICE alice :192.0.2.0/24 is banned")).await;
    alice.asks("STATS d", &format!("{SERVER} 225 alice D 192.0.2.0/24 * :a net")).await;
    alice.sees_next(&format!("{SERVER} 219 alice d :")).await;
    alice.asks("UNDLINE 192.0.2.0/24", &format!("{SERVER} NOTICE alice :192.0.2.0/24 is banned no")).await;
    alice.asks("DLINE 192.0.2.0/99", &format!("{SERVER} 400 alice DLINE :")).await;
}

#[tokio::test]
async fn help_is_about_what_there_is() {
    let town = Town::new().await;
    let mut alice = town.enters("alice").await;
    alice.says("HELP").await;
    alice.sees_next(&format!("{SERVER} 704 alice index :")).await;
    alice.sees(&format!("{SERVER} 706 alice index :")).await;
    for verb in ["HELP", "HELPOP"] {
        alice.says(&format!("{verb} privmsg")).await;
        alice.sees_next(&format!("{SERVER} 704 alice PRIVMSG :PRIVMSG <channel or nick>")).await;
        alice.sees_next(&format!("{SERVER} 705 alice PRIVMSG :say something")).await;
        alice.sees_next(&format!("{SERVER} 706 alice PRIVMSG :")).await;
        alice.says(&format!("{verb} NOTHING")).await;
        alice.sees_next(&format!("{SERVER} 524 alice NOTHING :")).await;
    }
    alice.says("STATS u").await;
    alice.sees_next(&format!("{SERVER} 242 alice :Server Up 0 days ")).await;
    alice.sees_next(&format!("{SERVER} 219 alice u :")).await;
}
