//! What is said in passing reaches those who are connected to another gateway, over either bus.

mod town;

use self::town::{
    PASSWORD, Town,
    irc::{SERVER, tag},
};

const CAPS: &str = "draft/read-marker echo-message message-tags";

/// One connection of an account at each gateway, and somebody at the other.
async fn what_is_not_kept_comes_to_another_gateway(town: Town) {
    let other = town.another_gateway().await;
    town.connect().await.asks(&format!("/register alice {PASSWORD}"), "201 registered").await;
    let mut alice = town.enters_as("alice", CAPS).await;
    let mut bob = Town::enters_at(other.irc, "bob", CAPS).await;
    alice.joins("#x").await;
    bob.joins("#x").await;
    while !alice.line().await.expect("the connection lives").contains(":bob!") {}

    alice.says("@+typing=active TAGMSG #x").await;
    let typing = bob.sees_next("@").await;
    assert_eq!(tag(&typing, "+typing"), Some("active"), "{typing}");
    assert!(typing.trim_end().ends_with(" TAGMSG #x"), "{typing}");
    // Before a message of the same sender, if it was said before.
    alice.says("@+typing=done TAGMSG #x").await;
    alice.says("PRIVMSG #x :done").await;
    let done = bob.sees_next("@").await;
    assert_eq!(tag(&done, "+typing"), Some("done"), "{done}");
    assert!(bob.sees_next("@").await.trim_end().ends_with(" PRIVMSG #x :done"));

    alice.says("@+typing=active TAGMSG bob").await;
    assert!(bob.sees_next("@").await.trim_end().ends_with(" TAGMSG bob"));

    let mut phone = Town::enters_at_as(other.irc, "alice", CAPS).await;
    phone.joins("#x").await;
    phone.hears().await;
    let marked = "MARKREAD #x timestamp=2026-01-01T00:00:00.000Z";
    alice.asks(marked, &format!("{SERVER} {marked}")).await;
    phone.sees_next(marked).await;
}

#[tokio::test]
async fn what_is_not_kept_comes_to_another_gateway_over_http() {
    what_is_not_kept_comes_to_another_gateway(Town::new().await).await;
}

#[tokio::test]
async fn what_is_not_kept_comes_to_another_gateway_on_nats() {
    what_is_not_kept_comes_to_another_gateway(Town::on_nats().await).await;
}
