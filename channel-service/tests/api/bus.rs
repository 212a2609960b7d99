//! What readers hear, and what is heard from user-service.

use std::sync::Arc;

use api::{
    auth::ServiceName,
    bus::{Frame, Subject},
    event::{ChannelEvent, UserChange, UserEvent},
};
use kit::{
    Clock,
    auth::Signer,
    bus::{Bus, BusItem, Feed},
    config::{BusConfig, BusKind},
    secrets::Keys,
    service::Tasks,
};
use serde_json::{Value, json};

use crate::world::{GATEWAY, PATIENCE, World, person, session_of, world, world_on};

/// A reader's end of the bus, as a gateway has it.
async fn bus(world: &World, config: &BusConfig) -> (Bus, Tasks) {
    let keys = Keys::open(&world.dir.path().join("secrets"), ServiceName::Gateway).unwrap();
    let tasks = Tasks::new(ServiceName::Gateway);
    let signer = Signer::new(Arc::new(keys), Clock::system());
    (Bus::open(config, signer, reqwest::Client::new(), &tasks).await.unwrap(), tasks)
}

#[tokio::test]
async fn the_bus_carries_the_very_events_that_were_answered() {
    let world = world().await;
    let (bus, tasks) = bus(&world, &BusConfig::default()).await;
    let mut feed = bus.subscribe(Feed::all(&world.base.parse().unwrap(), &["channel."]));
    assert_eq!(feed.next().await, Some(BusItem::Connected));
    let alice = session_of(&person("alice"));
    world.joins(&alice, "general").await;
    world.parts(&alice, "general").await.ok();
    for _ in 0..2 {
        tokio::time::timeout(PATIENCE, feed.next()).await.unwrap();
    }
    let joined = world.joins(&alice, "general").await;
    let mut answered: Vec<ChannelEvent> = serde_json::from_value(joined["before"].clone()).unwrap();
    answered.push(serde_json::from_value(joined["event"].clone()).unwrap());
    let Some(BusItem::Frame(frame)) = tokio::time::timeout(PATIENCE, feed.next()).await.unwrap() else {
        panic!("no frame came");
    };
    assert_eq!(frame.subject, Subject::Channel(answered[0].channel.clone()));
    assert_eq!(frame.origin.as_deref(), Some(GATEWAY));
    assert_eq!(serde_json::from_slice::<Vec<ChannelEvent>>(&frame.payload).unwrap(), answered);
    assert_eq!(answered[2].session, alice.session);

    let left = world.parts(&session_of(&alice), "general").await.ok();
    assert_eq!(left["event"], Value::Null);
    let topic = world.ask(&alice, "PUT", "/v1/channels/general/topic", json!({ "text": "x" })).await.ok();
    let Some(BusItem::Frame(frame)) = tokio::time::timeout(PATIENCE, feed.next()).await.unwrap() else {
        panic!("no frame came");
    };
    assert_eq!(serde_json::from_slice::<Value>(&frame.payload).unwrap(), topic["event"]);
    tasks.stop(PATIENCE).await;
}

#[tokio::test]
async fn a_nick_that_user_service_changes_is_the_members_nick() {
    let nats_prefix = format!("t{:016x}", rand::random::<u64>());
    let config = BusConfig { kind: BusKind::Nats, nats_url: kit::testing::nats_url().into(), nats_prefix };
    let world = world_on(config.clone()).await;
    let (bus, tasks) = bus(&world, &config).await;
    let alice = person("alice");
    let id = world.joins(&alice, "general").await["channel"]["id"].as_str().unwrap().to_owned();
    let event = UserEvent {
        user: alice.id().clone(),
        version: 2,
        at: api::Timestamp::now(),
        nick: "alix".try_into().unwrap(),
        account: None,
        session: None,
        online: Some(true),
        change: UserChange::NickChanged { old: alice.person.nick.clone() },
    };
    let payload = serde_json::to_vec(&event).unwrap();
    let snapshot = world
        .until(async || {
            // The service may still be on its way to the bus.
            let subject = Subject::user(alice.id());
            bus.publish(Frame { subject, origin: None, payload: payload.clone() });
            let snapshot = world.snapshot(&id).await;
            (snapshot.members[0].person.nick.as_str() == "alix").then_some(snapshot)
        })
        .await;
    assert_eq!((snapshot.channel.version, snapshot.members[0].person.user_version), (1, 2));
    tasks.stop(PATIENCE).await;
}
