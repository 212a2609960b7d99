use std::time::{Duration, Instant};

use api::{ErrorCode, auth::ServiceName, messages::SendTo, page::Batch};
use kit::{config::Period, rate::Rate};
use serde_json::json;

use crate::{
    answers::{channel_id, problem, stored},
    town::{Town, soon},
};

#[tokio::test(flavor = "multi_thread")]
async fn copies_of_channels_are_bounded() {
    let town = Town::with(|config| {
        config.copies = 2;
        config.catch_up_within = Period::millis(300);
        config.keep_copies_for = Period::millis(1500);
    })
    .await;
    let alice = town.guest("alice").await;
    for channel in ["one", "two", "three"] {
        town.joins(&alice, channel).await;
    }
    town.says(&alice, "one", "x").await.ok();
    town.says(&alice, "two", "x").await.ok();
    town.says(&alice, "three", "x").await.refused(ErrorCode::Unavailable);
    // Those that nobody uses make room.
    soon("there is room", async || town.says(&alice, "three", "x").await.status == 201).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_waits_so_long_for_our_copy_to_catch_up() {
    let town = Town::with(|config| {
        config.catch_up_within = Period::seconds(1);
        // Only who asks has the copy confirmed.
        config.heads_every = Period::seconds(3600);
    })
    .await;
    let (alice, eve) = (town.guest("alice").await, town.guest("eve").await);
    let joined = town.joins(&alice, "rust").await;
    town.modes(&alice, "rust", json!({ "no_external": true })).await;
    town.says(&alice, "rust", "warm").await.ok();
    // A refusal needs the owner's word, which takes its time.
    let events = format!("/v1/channels/{}/events", channel_id(&joined));
    town.slows_channels(&events, 200).await;
    town.says(&eve, "rust", "x").await.refused(ErrorCode::NotAMember);
    town.slows_channels(&events, 2000).await;
    let asked = Instant::now();
    town.says(&eve, "rust", "x").await.refused(ErrorCode::Unavailable);
    assert!(asked.elapsed() >= Duration::from_secs(1), "after {:?}", asked.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_said_to_be_full() {
    let town = Town::with(|config| {
        config.queue = 10;
        config.transaction = 10;
    })
    .await;
    let alice = town.guest("alice").await;
    let here = SendTo::Channel(channel_id(&town.joins(&alice, "rust").await));
    town.batch(&[alice.item(here.clone(), "warm", "key-w")]).await;
    let gateway = town.gateway();
    // As much as fits, alone, always fits; many at once cannot all.
    let batch = |lane: usize, turn: usize| Batch {
        items: (0..10)
            .map(|i| alice.item(here.clone(), "x", &format!("key-{lane}-{turn}-{i}")))
            .collect::<Vec<_>>(),
    };
    gateway.send(&batch(99, 0)).await.unwrap();
    let mut refused = 0;
    for turn in 0..50 {
        let sends = (0..16).map(|lane| {
            let (gateway, batch) = (gateway.clone(), batch(lane, turn));
            tokio::spawn(async move { gateway.send(&batch).await })
        });
        for send in sends.collect::<Vec<_>>() {
            match send.await.unwrap() {
                Ok(results) => results.items.iter().for_each(|result| drop(stored(result))),
                Err(error) => {
                    let problem = error.problem();
                    assert_eq!((problem.code, problem.status), (ErrorCode::Overloaded, 503));
                    assert!(problem.retry_after.is_some());
                    refused += 1;
                }
            }
        }
        if refused > 0 {
            break;
        }
    }
    assert!(refused > 0, "sixteen batches at once all fit into a queue for one");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_gateways_end_at_their_limit() {
    let town = Town::new().await;
    let alice = town.guest("alice").await;
    let to = SendTo::User(alice.actor().person);
    let results = town
        .batch(&[
            alice.item(to.clone(), "x", &"k".repeat(128)),
            alice.item(to.clone(), "x", &"k".repeat(129)),
        ])
        .await;
    assert_eq!(stored(&results[0]).seq, 1);
    assert_eq!(problem(&results[1]), ErrorCode::InvalidParameter);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_writes_so_much_by_rest_and_a_gateway_sends_for_many() {
    let rate = Rate { burst: 3, every: Period::seconds(60) };
    let town = Town::with(|config| config.writes_of_person = rate).await;
    let (alice, bob) = (town.guest("alice").await, town.guest("bob").await);
    let here = SendTo::Channel(channel_id(&town.joins(&alice, "rust").await));
    town.joins(&bob, "rust").await;
    for _ in 0..3 {
        town.says(&alice, "rust", "x").await.ok();
    }
    let refused = town.says(&alice, "rust", "x").await;
    assert!(refused.body["retry_after"].as_u64().is_some_and(|wait| (1..=60).contains(&wait)), "{refused:?}");
    refused.refused(ErrorCode::TooFast);
    town.get(&alice, "/v1/channels/rust/messages").await.ok();
    town.says(&bob, "rust", "x").await.ok();
    for key in 0..9 {
        stored(&town.batch(&[alice.item(here.clone(), "x", &format!("key-{key}"))]).await[0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_changes_channels_no_faster_than_anybody_types() {
    let town = Town::new().await;
    let alice = town.guest("alice").await;
    // Tries count, whatever comes of them.
    let path = "/v1/channels/no,name/members/me";
    let join = || town.send(town.request(ServiceName::Channels, Some(&alice), "PUT", path));
    let answers = futures_util::future::join_all((0..400).map(|_| join())).await;
    let refused = answers.iter().filter(|answer| answer.body["code"] == "too-fast").count();
    assert!((1..=300).contains(&refused), "a hundred pass at once: {refused}");
    assert!(answers.iter().filter(|answer| answer.status == 429).count() == refused);
}
