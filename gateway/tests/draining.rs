//! A gateway goes, and its people go on at another one.

mod town;

use std::time::Duration;

use kit::config::Period;

use self::town::{PASSWORD, Person, Town};

/// From the SIGTERM on.
const DRAIN: Duration = Duration::from_secs(3);

async fn at(address: std::net::SocketAddr) -> Person {
    let mut person = Person::connect(address).await;
    person.sees("200 welcome causerie/1 Causerie :").await;
    person
}

#[tokio::test]
async fn who_can_come_back_keeps_nick_and_channels_and_nobody_sees_them_leave() {
    let mut town = Town::on_nats_with(|users| users.drain = Period(DRAIN)).await;
    let other = town.another_gateway().await;
    let mut carol = at(other.lines).await;
    carol.asks("/nick carol", "200 nick carol").await;
    carol.asks("/join #x", "200 joined #x 1 0").await;

    // With an account, with a guest's token, with an account and no wish to come back, and with nothing to show.
    let mut alice = town.connect().await;
    alice.asks(&format!("/register alice {PASSWORD}"), "201 registered").await;
    alice.asks(&format!("/login alice {PASSWORD}"), "200 login alice").await;
    let mut zoe = town.connect().await;
    zoe.asks(&format!("/register zoe {PASSWORD}"), "201 registered").await;
    zoe.asks(&format!("/login zoe {PASSWORD}"), "200 login zoe").await;
    let mut bob = town.person("bob").await;
    let token = bob.asks("/token", "201 token ").await;
    let token = token.trim_start_matches("201 token ").to_owned();
    let mut eve = town.person("eve").await;
    for (person, name) in [(&mut alice, "alice"), (&mut zoe, "zoe"), (&mut bob, "bob"), (&mut eve, "eve")] {
        person.asks("/join #x", "200 joined #x ").await;
        carol.sees_next(&format!("100 join #x {name}")).await;
    }
    alice.asks("here", "201 sent #x 1 ").await;
    carol.sees_next("100 msg #x 1 ").await;

    let (stopped, [to_alice, _, to_bob, to_eve]) = tokio::join!(town.stops(), async {
        [
            alice.sees_the_end().await,
            zoe.sees_the_end().await,
            bob.sees_the_end().await,
            eve.sees_the_end().await,
        ]
    });
    assert!(stopped, "in time");
    for told in [to_alice, to_bob, to_eve] {
        let last = told.last().expect("something is said");
        assert_eq!(last, "100 closing :the server is going down, connect again", "{told:?}");
    }
    carol.sees_next("100 quit eve :").await;
    carol.asks("and on", "201 sent #x 2 ").await;

    let mut alice = at(other.lines).await;
    alice.asks(&format!("/login alice {PASSWORD}"), "200 login alice").await;
    alice.asks("/resume #x=1", "100 msg #x 2 ").await;
    alice.sees_next("200 resumed #x 2").await;
    let mut bob = at(other.lines).await;
    bob.asks(&format!("/login token {token}"), "200 login bob").await;
    bob.asks("/resume #x=1", "100 msg #x 2 ").await;
    bob.sees_next("200 resumed #x 2").await;
    let mut eve = at(other.lines).await;
    eve.asks("/nick eve", "200 nick eve").await;
    bob.asks("back", "201 sent #x 3 ").await;
    carol.sees_next("100 msg #x 3 ").await;

    // Until the lease has lapsed, and with it those who have not come.
    carol.sees_next("100 quit zoe :").await;
    alice.asks("too", "201 sent #x 4 ").await;
    carol.sees_next("100 msg #x 4 ").await;
    bob.asks("too", "201 sent #x 5 ").await;
    carol.sees_next("100 msg #x 5 ").await;
}
