//! Every limit at n and n + 1.

use std::time::Duration;

use api::{
    ErrorCode, Timestamp,
    id::ChannelId,
    mode::MAX_KEY_BYTES,
    page::{MAX_BATCH, MAX_HEADS, MAX_LIMIT, MAX_REPLICAS},
};
use channel_service::domain::{modes, room};
use kit::config::Period;
use serde_json::{Value, json};

use crate::world::{person, session_of, with_account, world, world_with};

#[tokio::test]
async fn members_and_list_entries_and_registrations() {
    let world = world_with(|config| {
        config.max_members = 2;
        config.max_list_entries = 2;
        config.max_registered_each = 1;
        config.max_channels_each = 2;
    })
    .await;
    let (alice, bob, carol) = (with_account("alice"), person("bob"), person("carol"));
    world.joins(&alice, "general").await;
    world.joins(&bob, "general").await;
    world.join(&carol, "general").await.refused(ErrorCode::ChannelFull);

    for list in ["bans", "excepts"] {
        world.lists(&alice, "general", list, "a").await.ok();
        world.lists(&alice, "general", list, "b").await.ok();
        world.lists(&alice, "general", list, "a").await.ok();
        world.lists(&alice, "general", list, "c").await.refused(ErrorCode::ListFull);
    }

    world.ask(&alice, "POST", "/v1/channels", json!({ "name": "#one" })).await.ok();
    world
        .ask(&alice, "POST", "/v1/channels", json!({ "name": "#two" }))
        .await
        .refused(ErrorCode::TooManyChannels);
    world.get(&alice, "/v1/channels/two").await.refused(ErrorCode::NoSuchChannel);

    world.joins(&alice, "second").await;
    world.join(&alice, "third").await.refused(ErrorCode::TooManyChannels);
    world.join(&alice, "one").await.refused(ErrorCode::TooManyChannels);
    world.parts(&alice, "second").await.ok();
    world.joins(&alice, "one").await;
}

#[tokio::test]
async fn what_modes_history_and_patterns_may_be() {
    let world = world_with(|config| config.max_invitation = Period::seconds(60)).await;
    let alice = with_account("alice");
    world.joins(&alice, "general").await;
    world.ask(&alice, "POST", "/v1/channels", json!({ "name": "#general" })).await.ok();
    let key = |n: usize| json!({ "key": "k".repeat(n) });
    for (at, over) in [
        (key(MAX_KEY_BYTES), key(MAX_KEY_BYTES + 1)),
        (json!({ "limit": modes::MAX_LIMIT }), json!({ "limit": modes::MAX_LIMIT + 1 })),
        (
            json!({ "slow_seconds": modes::MAX_SLOW_SECONDS }),
            json!({ "slow_seconds": modes::MAX_SLOW_SECONDS + 1 }),
        ),
    ] {
        world.modes(&alice, "general", at).await.ok();
        world.modes(&alice, "general", over).await.refused(ErrorCode::InvalidMode);
    }
    let history =
        |days: u32, lines: u32| json!({ "history": { "retention_days": days, "lines_on_join": lines } });
    let (days, lines) = (room::MAX_RETENTION_DAYS, room::MAX_LINES_ON_JOIN);
    world.ask(&alice, "PATCH", "/v1/channels/general", history(days, lines)).await.ok();
    for over in [history(days + 1, lines), history(days, lines + 1)] {
        world.ask(&alice, "PATCH", "/v1/channels/general", over).await.refused(ErrorCode::InvalidParameter);
    }
    world.get(&alice, &format!("/v1/channels?match={}", "x".repeat(200))).await.ok();
    world
        .get(&alice, &format!("/v1/channels?match={}", "x".repeat(201)))
        .await
        .refused(ErrorCode::InvalidParameter);
    let path = format!("/v1/channels/general/invitations/{}", person("bob").id());
    let until = |seconds| json!({ "expires_at": Timestamp::now().plus(Duration::from_secs(seconds)) });
    world.ask(&alice, "PUT", &path, until(70)).await.refused(ErrorCode::InvalidParameter);
    // Allowed, and then nobody is there who knows the user.
    world.ask(&alice, "PUT", &path, until(50)).await.refused(ErrorCode::Unavailable);
}

#[tokio::test]
async fn pages_batches_and_heads() {
    let world = world().await;
    let alice = session_of(&person("alice"));
    world.joins(&alice, "general").await;
    for path in [
        "/v1/channels",
        "/v1/users/me/channels",
        "/v1/channels/general/members",
        "/v1/channels/general/bans",
        "/v1/channels/general/events",
    ] {
        world.get(&alice, &format!("{path}?limit={MAX_LIMIT}")).await.ok();
        world
            .get(&alice, &format!("{path}?limit={}", MAX_LIMIT + 1))
            .await
            .refused(ErrorCode::InvalidParameter);
        world.get(&alice, &format!("{path}?limit=0")).await.refused(ErrorCode::InvalidParameter);
    }
    let held = |n: usize| -> Value {
        let held: serde_json::Map<_, _> =
            (0..n).map(|_| (ChannelId::random(&mut rand::rng()).to_string(), json!(1))).collect();
        json!({ "held": held })
    };
    let heads = world.as_gateway("POST", "/v1/heads", held(MAX_HEADS)).await.ok();
    assert_eq!(heads["gone"].as_array().unwrap().len(), MAX_HEADS);
    world.as_gateway("POST", "/v1/heads", held(MAX_HEADS + 1)).await.refused(ErrorCode::InvalidParameter);

    let unknown = |n: usize| json!({ "items": (0..n).map(|_| ChannelId::random(&mut rand::rng())).collect::<Vec<_>>() });
    let replicas = world.as_gateway("POST", "/v1/channels:replicas", unknown(MAX_REPLICAS)).await.ok();
    assert_eq!(replicas["items"].as_array().unwrap().len(), MAX_REPLICAS);
    world
        .as_gateway("POST", "/v1/channels:replicas", unknown(MAX_REPLICAS + 1))
        .await
        .refused(ErrorCode::InvalidParameter);

    let batch = |n: usize| json!({ "items": vec![json!({ "actor": alice, "name": "#general" }); n] });
    let joined = world.as_gateway("POST", "/v1/members:join", batch(MAX_BATCH)).await.ok();
    assert_eq!(joined["items"].as_array().unwrap().len(), MAX_BATCH);
    world
        .as_gateway("POST", "/v1/members:join", batch(MAX_BATCH + 1))
        .await
        .refused(ErrorCode::InvalidParameter);
    let id = joined["items"][0]["ok"]["channel"]["id"].clone();
    let batch = |n: usize| json!({ "items": vec![json!({ "actor": alice, "channel": id }); n] });
    world
        .as_gateway("POST", "/v1/members:part", batch(MAX_BATCH + 1))
        .await
        .refused(ErrorCode::InvalidParameter);
    world.as_gateway("POST", "/v1/members:part", batch(MAX_BATCH)).await.ok();
}
