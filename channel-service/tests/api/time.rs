//! What time does.

use std::time::Duration;

use api::{Timestamp, event::ChannelChange};
use kit::config::Period;
use serde_json::json;

use crate::world::{kinds, person, world, world_with};

#[tokio::test]
async fn an_expired_ban_is_lifted_with_an_event() {
    let world = world().await;
    let (alice, bob) = (person("alice"), person("bob"));
    let id = world.joins(&alice, "general").await["channel"]["id"].as_str().unwrap().to_owned();
    let soon = Timestamp::now().plus(Duration::from_millis(300));
    let ban = json!({ "mask": "bob", "expires_at": soon });
    world.ask(&alice, "POST", "/v1/channels/general/bans", ban).await.ok();
    let past = json!({ "mask": "eve", "expires_at": Timestamp(0) });
    world
        .ask(&alice, "POST", "/v1/channels/general/bans", past)
        .await
        .refused(api::ErrorCode::InvalidParameter);
    let lifted = world
        .until(async || {
            let events = world.events(&id, 2).await.events;
            events.into_iter().next()
        })
        .await;
    assert!(matches!(lifted.change, ChannelChange::Unlisted { .. }) && lifted.by.is_none(), "{lifted:?}");
    world.joins(&bob, "general").await;
}

#[tokio::test]
async fn a_channel_that_slept_too_long_is_forgotten_and_begins_anew() {
    let world = world_with(|config| config.keep_dormant = Period::millis(1)).await;
    let alice = person("alice");
    let id = world.joins(&alice, "general").await["channel"]["id"].clone();
    world.parts(&alice, "general").await.ok();
    let held = json!({ "held": { id.as_str().unwrap(): 1 } });
    world
        .until(async || {
            let heads = world.as_gateway("POST", "/v1/heads", held.clone()).await.ok();
            (!heads["gone"].as_array().unwrap().is_empty()).then_some(())
        })
        .await;
    let again = world.joins(&alice, "general").await;
    assert_ne!(again["channel"]["id"], id);
    assert_eq!(kinds(&again), ["joined"]);
}

#[tokio::test]
async fn old_events_are_dropped_and_readers_are_told() {
    let world = world_with(|config| config.keep_events = Period::millis(1)).await;
    let alice = person("alice");
    let id = world.joins(&alice, "general").await["channel"]["id"].as_str().unwrap().to_owned();
    world.until(async || (!world.events(&id, 0).await.complete).then_some(())).await;
    assert!(world.events(&id, 1).await.complete, "who has all misses nothing");
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_restart() {
    let mut world = world().await;
    let alice = person("alice");
    let id = world.joins(&alice, "general").await["channel"]["id"].as_str().unwrap().to_owned();
    let before = world.snapshot(&id).await;
    world.stop().await;
    let url = format!("sqlite:{}", world.dir.path().join("channels.db").display()).into();
    let db = kit::db::connect(&url, &channel_service::migrations()).await.unwrap();
    let store = channel_service::store::Store::open(db).await.unwrap();
    assert_eq!(store.snapshot(&before.channel.id).await.unwrap().unwrap(), before);
}
