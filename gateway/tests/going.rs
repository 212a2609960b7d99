//! How connections, sessions and the gateway itself end, and what goes on.

mod town;

use self::town::Town;

#[tokio::test]
async fn everything_typed_before_a_half_close_is_answered() {
    let town = Town::new().await;
    let mut bot = town.connect().await;
    bot.raw(b"/nick bot\n/join #x\nhello\n/history").await;
    bot.closes_its_half().await;
    let lines = bot.sees_the_end().await;
    assert_eq!(lines.len(), 5, "{lines:#?}");
    assert!(lines[1].starts_with("200 joined #x") && lines[4] == "200 history #x 1", "{lines:#?}");
}

#[tokio::test]
async fn a_stopping_gateway_says_so_and_ends_its_sessions() {
    let mut town = Town::new().await;
    let mut alice = town.person("alice").await;
    alice.asks("/join #x", "200 joined #x 1 0").await;
    let stopped = town.stops();
    let (stopped, lines) = tokio::join!(stopped, alice.sees_the_end());
    assert!(stopped, "in time");
    assert_eq!(lines, ["100 closing :the server is going down"]);
    let nick = "alice".try_into().expect("a nick");
    let users = town.users();
    town::within("the nick to be free", async {
        while users.by_nick(client::Caller::Service, &nick).await.is_ok_and(|user| user.online) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// The lease is ended behind the gateway's back, as if it had been out of contact: the connections live, and so go on.
#[tokio::test]
async fn sessions_that_ended_without_their_connections_are_opened_again() {
    let town = Town::new().await;
    let (mut alice, mut bob) = (town.person("alice").await, town.person("bob").await);
    alice.asks("/join #x", "200 joined #x 1 0").await;
    bob.asks("/join #x", "200 joined #x 2 0").await;
    let whoami = alice.asks("/whoami", "200 whoami alice - ").await;
    let gateway = whoami.rsplit(' ').next().expect("it names the gateway").parse().expect("an id");
    // Whenever it happens between two renewals.
    for _ in 0..3 {
        town.users().end_lease(&gateway).await.expect("user-service answers");
        town::within("chat to go on", async {
            loop {
                alice.says("still here?").await;
                let line = alice.sees("").await;
                if line.starts_with("201 sent #x") {
                    return;
                }
            }
        })
        .await;
        bob.sees("100 msg #x ").await;
    }
    bob.asks("/whoami", "200 whoami bob - ").await;
}

#[tokio::test]
async fn what_was_said_while_one_logged_in_is_not_missed() {
    let town = Town::new().await;
    let (mut alice, mut bob) = (town.person("alice").await, town.person("bob").await);
    alice.asks("/join #x", "200 joined #x 1 0").await;
    bob.asks("/join #x", "200 joined #x 2 0").await;
    alice.asks("/register alicia correct horse battery", "201 registered alicia").await;
    alice.says("/login alicia correct horse battery").await;
    for number in 1..=50 {
        bob.asks(&format!("line {number}"), "201 sent #x").await;
    }
    let mut expected = 1;
    while expected <= 50 {
        let line = alice.sees("100 msg #x ").await;
        assert!(line.ends_with(&format!(":line {expected}")), "{line} instead of line {expected}");
        expected += 1;
    }
    alice.asks("/whoami", "200 whoami alicia alicia ").await;
}

#[tokio::test]
async fn secrets_in_clear_are_taken_on_this_machine() {
    let town = Town::new().await;
    let mut alice = town.connect().await;
    alice.asks("/register alice correct horse battery", "201 registered alice").await;
    alice.asks("/login alice correct horse battery", "200 login alice").await;
    alice.asks("/login alice correct horse battery", "409 already-logged-in alice").await;
}

#[tokio::test]
async fn who_comes_back_at_once_meets_no_ghost_and_is_op_again() {
    let town = Town::new().await;
    let mut alice = town.person("alice").await;
    for _ in 0..20 {
        alice.asks("/join #x", "200 joined #x 1 0").await;
        alice.asks("/names", "200-name alice op").await;
        alice.sees_next("200 names #x 1").await;
        drop(alice);
        alice = town.connect().await;
        town::within("the nick", async {
            loop {
                alice.says("/nick alice").await;
                // The gateway may read this before it sees the other connection's end.
                if !alice.sees("").await.starts_with("409 nick-in-use") {
                    return;
                }
            }
        })
        .await;
    }
}
