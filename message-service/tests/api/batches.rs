use std::time::Duration;

use api::{
    EntryKind, ErrorCode,
    auth::ServiceName,
    id::ChannelId,
    messages::{SendResult, SendTo},
    page::{Batch, MAX_REPLICAS},
};
use kit::config::Period;
use serde_json::json;

use crate::{
    answers::{channel_id, problem, stored},
    town::{Town, soon},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_answered_item_by_item_in_order() {
    let town = Town::new().await;
    let (alice, bob, eve) = (town.guest("alice").await, town.guest("bob").await, town.guest("eve").await);
    let rust = channel_id(&town.joins(&alice, "rust").await);
    town.modes(&alice, "rust", json!({ "no_external": true })).await;
    town.joins(&bob, "rust").await;
    let here = SendTo::Channel(rust.clone());
    let direct = SendTo::User(bob.actor().person);
    let items = [
        alice.item(here.clone(), "one", "key-1"),
        eve.item(here.clone(), "not mine", "key-2"),
        bob.item(here.clone(), "two", "key-3"),
        alice.item(direct.clone(), "psst", "key-4"),
        alice.item(here.clone(), "", "key-5"),
        alice.item(here.clone(), "three", "key-6"),
    ];
    let results = town.batch(&items).await;
    assert_eq!([0, 2, 5].map(|at: usize| stored(&results[at]).seq), [1, 2, 3]);
    assert_eq!(problem(&results[1]), ErrorCode::NotAMember);
    assert_eq!(problem(&results[4]), ErrorCode::InvalidText);
    let psst = stored(&results[3]);
    assert_eq!((psst.seq, psst.to.map(|to| to.id)), (1, Some(bob.id.clone())));
    assert_eq!(stored(&results[0]).session.as_ref().map(|id| id.as_str()), Some("5session"));
    // A lane that lost its reply sends the same again.
    for (again, first) in town.batch(&items).await.iter().zip(&results) {
        match (again, first) {
            (SendResult::Stored { entry, replayed }, SendResult::Stored { entry: before, .. }) => {
                assert!(*replayed);
                assert_eq!(entry, before);
            }
            (again, first) => assert_eq!(problem(again), problem(first)),
        }
    }
    // What is about an entry.
    let about = |who: &crate::people::Someone, kind, of, text: &str, key: &str| api::messages::SendItem {
        kind,
        of,
        ..who.item(here.clone(), text, key)
    };
    let results = town
        .batch(&[
            about(&alice, EntryKind::Edit, Some(1), "ONE", "key-7"),
            about(&bob, EntryKind::Reaction, Some(1), "👍", "key-8"),
            about(&alice, EntryKind::Redaction, Some(2), "", "key-9"),
            about(&bob, EntryKind::Redaction, Some(3), "", "key-10"),
            about(&bob, EntryKind::Edit, None, "x", "key-11"),
        ])
        .await;
    assert_eq!([0, 1, 2].map(|at: usize| stored(&results[at]).seq), [4, 5, 6]);
    assert_eq!(problem(&results[3]), ErrorCode::NotAnOperator);
    assert_eq!(problem(&results[4]), ErrorCode::InvalidParameter);
    assert_eq!(town.texts(&alice, "/v1/channels/rust/messages").await, ["ONE", "", "three", "ONE", "👍", ""]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_speaks_after_the_removal_that_they_were_shown() {
    let town = Town::new().await;
    let (alice, bob) = (town.guest("alice").await, town.guest("bob").await);
    let here = SendTo::Channel(channel_id(&town.joins(&alice, "rust").await));
    town.modes(&alice, "rust", json!({ "no_external": true })).await;
    town.joins(&bob, "rust").await;
    stored(&town.batch(&[bob.item(here.clone(), "before", "key-1")]).await[0]);
    let version = town.kicks(&alice, "rust", &bob).await;
    let mut item = bob.item(here.clone(), "after", "key-2");
    item.channel_version = Some(version);
    assert_eq!(problem(&town.batch(&[item]).await[0]), ErrorCode::NotAMember);
    // And somebody who has just joined is never refused for our being behind.
    let joined = town.joins(&bob, "rust").await;
    let mut item = bob.item(here, "back", "key-3");
    item.channel_version = joined["channel"]["version"].as_u64();
    let back = stored(&town.batch(&[item]).await[0]);
    assert!(back.channel_version >= joined["channel"]["version"].as_u64());
}

#[tokio::test(flavor = "multi_thread")]
async fn channels_that_wake_at_once_are_fetched_together() {
    let town = Town::new().await;
    // Each may be in so many channels only.
    let (alice, bob) = (town.guest("alice").await, town.guest("bob").await);
    let mut items = Vec::new();
    for n in 0..MAX_REPLICAS + 20 {
        let who = if n % 2 == 0 { &alice } else { &bob };
        let to = SendTo::Channel(channel_id(&town.joins(who, &format!("room-{n}")).await));
        items.push(who.item(to, "hello", &format!("key-{n}")));
    }
    // Asked for one by one, they would not be there in time.
    town.slows_channels("/v1/channels/", 60_000).await;
    let unknown = SendTo::Channel(ChannelId::random(&mut rand::rng()));
    items.push(alice.item(unknown, "hello", "key-unknown"));
    let results = town.batch(&items).await;
    let (last, rest) = results.split_last().unwrap();
    assert_eq!(problem(last), ErrorCode::NoSuchChannel);
    assert!(rest.iter().all(|result| stored(result).seq == 1), "{rest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_is_listed_and_found_by_its_newest_name_and_no_other() {
    let town = Town::new().await;
    let alice = town.guest("alice").await;
    town.joins(&alice, "first").await;
    town.says(&alice, "first", "hello").await.ok();
    for (from, to) in [("first", "second"), ("second", "third"), ("third", "last")] {
        town.rules(&alice, "PATCH", &format!("/v1/channels/{from}"), json!({ "name": format!("#{to}") }))
            .await;
    }
    soon("the newest name is listed", async || {
        let listed = town.get(&alice, "/v1/users/me/conversations").await.ok();
        listed["items"][0]["target"] == "#last"
    })
    .await;
    town.says(&alice, "last", "again").await.ok();
    town.says(&alice, "second", "nobody is there").await.refused(ErrorCode::NoSuchChannel);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_something_stale_does_not_overtake_it() {
    let town = Town::with(|config| config.catch_up_within = Period::millis(300)).await;
    let (alice, bob) = (town.guest("alice").await, town.guest("bob").await);
    let here = SendTo::Channel(channel_id(&town.joins(&alice, "rust").await));
    town.joins(&bob, "rust").await;
    town.batch(&[alice.item(here.clone(), "warm", "key-0")]).await;
    let mut ahead = alice.item(here.clone(), "ahead", "key-1");
    ahead.channel_version = Some(1000);
    let items = Batch {
        items: vec![
            ahead,
            alice.item(here.clone(), "behind it", "key-2"),
            bob.item(here.clone(), "bob's", "key-3"),
        ],
    };
    let gateway = town.gateway();
    let results = gateway.send(&items).await.unwrap().items;
    assert!(matches!(results[0], SendResult::Stale), "{results:?}");
    assert!(matches!(results[1], SendResult::Stale), "{results:?}");
    assert_eq!(stored(&results[2]).seq, 2);
    // A version that nobody ever reaches is given up.
    soon("the version is given up", async || {
        let results = gateway.send(&items).await.unwrap().items;
        match (&results[0], &results[1]) {
            (SendResult::Stale, SendResult::Stale) => false,
            (first, second) => {
                assert_eq!([problem(first), problem(second)], [ErrorCode::Unavailable; 2]);
                true
            }
        }
    })
    .await;
    assert_eq!(town.texts(&alice, "/v1/channels/rust/messages").await, ["warm", "bob's"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_are_for_gateways_and_of_bounded_size() {
    let town = Town::new().await;
    let alice = town.guest("alice").await;
    let to = SendTo::User(alice.actor().person);
    let items = |count: usize| Batch {
        items: (0..count).map(|i| alice.item(to.clone(), "x", &format!("key-{i}"))).collect::<Vec<_>>(),
    };
    town.ask(&alice, "POST", "/v1/messages:batch", json!(items(1))).await.refused(ErrorCode::Forbidden);
    let other = town.client_of(ServiceName::Channels).send(&items(1)).await.unwrap_err().problem();
    assert_eq!(other.code, ErrorCode::Forbidden);
    assert_eq!(town.gateway().send(&items(1000)).await.unwrap().items.len(), 1000);
    assert_eq!(
        town.gateway().send(&items(1001)).await.unwrap_err().problem().code,
        ErrorCode::InvalidParameter
    );
    let mut read_only = items(1);
    read_only.items[0].actor.scopes = api::auth::Scopes::default().with(api::auth::Scope::Read);
    let results = town.gateway().send(&read_only).await.unwrap().items;
    assert_eq!(problem(&results[0]), ErrorCode::InsufficientScope);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_channel_service_chat_goes_on_for_a_while_and_then_fails_closed() {
    let mut town = Town::with(|config| {
        config.trust_copies_for = Period::millis(1500);
        config.catch_up_within = Period::millis(300);
    })
    .await;
    let (alice, eve) = (town.guest("alice").await, town.guest("eve").await);
    let here = SendTo::Channel(channel_id(&town.joins(&alice, "rust").await));
    town.modes(&alice, "rust", json!({ "no_external": true })).await;
    town.batch(&[alice.item(here.clone(), "before", "key-0")]).await;
    town.stop_channels().await;
    stored(&town.batch(&[alice.item(here.clone(), "on", "key-1")]).await[0]);
    // A refusal needs the owner's word.
    assert_eq!(
        problem(&town.batch(&[eve.item(here.clone(), "x", "key-2")]).await[0]),
        ErrorCode::Unavailable
    );
    town.says(&eve, "rust", "x").await.refused(ErrorCode::Unavailable);
    let mut tries = 0;
    soon("our copy is not trusted any more", async || {
        tries += 1;
        let results = town.batch(&[alice.item(here.clone(), "on", &format!("key-a{tries}"))]).await;
        matches!(&results[0], SendResult::Problem(problem) if problem.code == ErrorCode::Unavailable)
    })
    .await;
    town.get(&alice, "/v1/channels/rust/messages").await.refused(ErrorCode::Unavailable);
    // A repeat is answered even so.
    assert_eq!(stored(&town.batch(&[alice.item(here.clone(), "on", "key-1")]).await[0]).seq, 2);
    town.start_channels().await;
    let returned = std::time::Instant::now();
    soon("it goes on", async || town.says(&alice, "rust", "again").await.status == 201).await;
    assert!(returned.elapsed() < Duration::from_secs(5));
    town.says(&eve, "rust", "x").await.refused(ErrorCode::NotAMember);
}
