use api::{ErrorCode, auth::ServiceName};
use serde_json::{Value, json};

use crate::{
    events::Events,
    town::{Town, soon},
};

const RUST: &str = "/v1/channels/rust/messages/stream";

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_tells_what_is_said_and_goes_on_where_it_was_left() {
    let town = Town::new().await;
    let (alice, bob) = (town.guest("alice").await, town.guest("bob").await);
    town.joins(&alice, "rust").await;
    town.joins(&bob, "rust").await;
    let first = town.says(&bob, "rust", "before").await.ok();
    let mut events = Events::open(town.stream(&alice, RUST)).await;
    for i in 0..20 {
        town.says(&bob, "rust", &i.to_string()).await.ok();
    }
    let one = events.next().await.unwrap();
    assert_eq!((one.id.as_str(), one.kind.as_str(), &one.data["text"]), ("2", "message", &json!("0")));
    assert_eq!(events.texts(19).await, (1..20).map(|i| i.to_string()).collect::<Vec<_>>());
    town.ask(&bob, "DELETE", &format!("/v1/messages/{}", first["id"].as_str().unwrap()), Value::Null)
        .await
        .ok();
    let redact = events.next().await.unwrap();
    assert_eq!((redact.kind.as_str(), &redact.data["of"]), ("redact", &json!(1)));
    drop(events);
    let mut resumed = Events::open(town.stream(&alice, RUST).header("last-event-id", "19")).await;
    assert_eq!(resumed.texts(3).await, ["18", "19", ""]);
    town.says(&bob, "rust", "new").await.ok();
    assert_eq!(resumed.texts(1).await, ["new"]);
    // Of a cursor beyond the end nothing would be told until the numbers have come so far.
    for (path, wrong) in [(RUST, "x"), (RUST, "24"), ("/v1/users/bob/messages/stream", "1")] {
        let stream = town.stream(&alice, path).header("last-event-id", wrong);
        town.send(stream).await.refused(ErrorCode::InvalidParameter);
    }
    Events::open(town.stream(&alice, RUST).header("last-event-id", "23")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_when_its_reader_may_not_read_on() {
    let town = Town::new().await;
    let (alice, bob) = (town.guest("alice").await, town.guest("bob").await);
    town.joins(&alice, "rust").await;
    town.send(town.stream(&bob, RUST)).await.refused(ErrorCode::NotAMember);
    town.joins(&bob, "rust").await;
    let mut events = Events::open(town.stream(&bob, RUST)).await;
    town.says(&alice, "rust", "hi").await.ok();
    assert_eq!(events.texts(1).await, ["hi"]);
    town.kicks(&alice, "rust", &bob).await;
    // What was on its way may still arrive.
    let closed = loop {
        let event = events.next().await.unwrap();
        if event.kind == "closed" {
            break event;
        }
    };
    assert_eq!((closed.kind.as_str(), &closed.data["code"]), ("closed", &json!("not-a-member")));
    assert_eq!(closed.data["trace_id"].as_str().map(str::len), Some(32));
    assert_eq!(events.next().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_ends_its_streams() {
    let town = Town::new().await;
    let (alice, bob) = (town.guest("alice").await, town.guest("bob").await);
    let mut direct = Events::open(town.stream(&alice, "/v1/users/bob/messages/stream")).await;
    let mut everything = Events::open(town.stream(&alice, "/v1/users/me/stream")).await;
    town.ask(&bob, "POST", "/v1/users/alice/messages", json!({ "text": "hi" })).await.ok();
    assert_eq!(direct.texts(1).await, ["hi"]);
    assert_eq!(everything.texts(1).await, ["hi"]);
    let revoke = town.request(ServiceName::Users, Some(&alice), "POST", "/v1/tokens/revoke");
    town.send(revoke.json(&json!({ "token": alice.token }))).await.ok();
    for events in [&mut direct, &mut everything] {
        let closed = events.next().await.unwrap();
        assert_eq!((closed.kind.as_str(), &closed.data["code"]), ("closed", &json!("not-authenticated")));
        assert_eq!(events.next().await, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_stream_tells_everything_and_is_resumed_by_one_cursor() {
    let town = Town::new().await;
    let (alice, bob, eve) = (town.guest("alice").await, town.guest("bob").await, town.guest("eve").await);
    for channel in ["one", "two"] {
        town.joins(&bob, channel).await;
    }
    town.joins(&alice, "one").await;
    town.says(&bob, "one", "before").await.ok();
    let all = || town.stream(&alice, "/v1/users/me/stream");
    let mut events = Events::open(all()).await;
    town.says(&bob, "one", "a").await.ok();
    town.says(&bob, "two", "not for alice").await.ok();
    town.ask(&eve, "POST", "/v1/users/bob/messages", json!({ "text": "nor this" })).await.ok();
    town.ask(&eve, "POST", "/v1/users/alice/messages", json!({ "text": "b" })).await.ok();
    town.ask(&alice, "POST", "/v1/users/bob/messages", json!({ "text": "c" })).await.ok();
    assert_eq!(events.texts(3).await, ["a", "b", "c"]);
    // A channel joined meanwhile is in it at once.
    town.joins(&alice, "two").await;
    town.says(&bob, "two", "d").await.ok();
    let last = events.next().await.unwrap();
    assert_eq!(last.data["text"], "d");
    drop(events);
    town.says(&bob, "one", "e").await.ok();
    town.kicks(&bob, "two", &alice).await;
    town.says(&bob, "two", "without her").await.ok();
    town.ask(&bob, "POST", "/v1/users/alice/messages", json!({ "text": "f" })).await.ok();
    let mut resumed = Events::open(all().header("last-event-id", &last.id)).await;
    assert_eq!(resumed.texts(2).await, ["e", "f"]);
    town.says(&bob, "one", "g").await.ok();
    assert_eq!(resumed.texts(1).await, ["g"]);
    town.send(all().header("last-event-id", "999999")).await.refused(ErrorCode::InvalidParameter);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_does_not_read_holds_nobody_up_and_misses_nothing() {
    let town = Town::new().await;
    let (alice, bob) = (town.guest("alice").await, town.guest("bob").await);
    town.joins(&alice, "rust").await;
    town.joins(&bob, "rust").await;
    let mut slow = Events::open(town.stream(&alice, RUST)).await;
    let text = "x".repeat(4000);
    // More than every buffer on the way holds.
    for i in 0..600 {
        town.says(&bob, "rust", &format!("{i} {text}")).await.ok();
    }
    for i in 0..600 {
        let event = slow.next().await.unwrap();
        assert!(event.data["text"].as_str().unwrap().starts_with(&format!("{i} ")), "{i}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_resumed_from_so_far_back_and_no_further() {
    let town = Town::with(|config| config.resume_entries = 3).await;
    let alice = town.guest("alice").await;
    town.joins(&alice, "rust").await;
    let all = || town.stream(&alice, "/v1/users/me/stream");
    let mut events = Events::open(all()).await;
    town.says(&alice, "rust", "seen").await.ok();
    let last = events.next().await.unwrap();
    drop(events);
    for text in ["1", "2", "3"] {
        town.says(&alice, "rust", text).await.ok();
    }
    let mut resumed = Events::open(all().header("last-event-id", &last.id)).await;
    assert_eq!(resumed.texts(3).await, ["1", "2", "3"]);
    town.says(&alice, "rust", "4").await.ok();
    town.send(all().header("last-event-id", &last.id)).await.refused(ErrorCode::InvalidParameter);
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_bounded_and_given_back() {
    let town = Town::with(|config| {
        config.streams = 3;
        config.streams_each = 2;
    })
    .await;
    let (alice, bob) = (town.guest("alice").await, town.guest("bob").await);
    town.joins(&alice, "rust").await;
    town.joins(&bob, "rust").await;
    let first = Events::open(town.stream(&alice, RUST)).await;
    let _second = Events::open(town.stream(&alice, RUST)).await;
    town.send(town.stream(&alice, RUST)).await.refused(ErrorCode::TooFast);
    let _third = Events::open(town.stream(&bob, RUST)).await;
    town.send(town.stream(&bob, RUST)).await.refused(ErrorCode::Overloaded);
    drop(first);
    soon("a place is free again", async || town.stream(&bob, RUST).send().await.unwrap().status() == 200)
        .await;
}
