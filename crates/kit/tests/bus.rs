//! One contract for both buses.

#![allow(clippy::unwrap_used)] // helpers of tests, whose panic is the message

mod common;

use std::time::Duration;

use api::{
    auth::ServiceName,
    bus::{Frame, Subject},
    id::ChannelId,
};
use common::ANYWHERE;
use kit::{
    Kit, Running,
    bus::{BusItem, Feed, Subscription},
    config::{BusKind, Common, SecretUrl},
};
use tempfile::TempDir;
use url::Url;
use utoipa_axum::router::OpenApiRouter;

/// An owner that publishes and a reader that follows, two processes' worth.
struct World {
    owner: Kit,
    running: Running,
    reader: Kit,
    url: Url,
    _dir: TempDir,
}

async fn world(settings: impl FnOnce(&mut Common)) -> World {
    let (mut common, dir) = kit::testing::common();
    settings(&mut common);
    let owner = Kit::open(ServiceName::Channels, &common).await.unwrap();
    let running = owner.clone().serve(ANYWHERE.parse().unwrap(), OpenApiRouter::new()).await.unwrap();
    let reader = Kit::open(ServiceName::Gateway, &common).await.unwrap();
    let url = format!("http://{}", running.addr).parse().unwrap();
    World { owner, running, reader, url, _dir: dir }
}

async fn http() -> World {
    world(|_| {}).await
}

async fn nats() -> World {
    world(|common| {
        common.bus.kind = BusKind::Nats;
        common.bus.nats_url = SecretUrl::from(kit::testing::nats_url());
        common.bus.nats_prefix = format!("test{:016x}", rand::random::<u64>());
    })
    .await
}

fn channel() -> Subject {
    Subject::Channel(ChannelId::random(&mut rand::rng()))
}

fn frame(subject: &Subject, origin: Option<&str>, payload: &str) -> Frame {
    Frame { subject: subject.clone(), origin: origin.map(Into::into), payload: payload.into() }
}

async fn next(subscription: &mut Subscription) -> BusItem {
    let next = tokio::time::timeout(Duration::from_secs(10), subscription.next()).await;
    next.expect("nothing came").expect("the feed ended")
}

/// The next frame; `Connected` may be said more often than needed.
async fn next_frame(subscription: &mut Subscription) -> Frame {
    loop {
        if let BusItem::Frame(frame) = next(subscription).await {
            return frame;
        }
    }
}

async fn frames_come_in_the_order_they_were_published(world: World) {
    let mut feed = world.reader.bus.subscribe(Feed::all(&world.url, &["channel."]));
    assert_eq!(next(&mut feed).await, BusItem::Connected);
    let subject = channel();
    let payload = |n: u32| format!("{{\"n\":{n},\"text\":\"é \\\"quoted\\\" {}\"}}", "x".repeat(n as usize));
    for n in 0..500 {
        world.owner.bus.publish(frame(&subject, None, &payload(n)));
    }
    for n in 0..500 {
        assert_eq!(next_frame(&mut feed).await, frame(&subject, None, &payload(n)));
    }
}

async fn ones_own_frames_and_other_subjects_do_not_come(world: World) {
    let mut feed = world.reader.bus.subscribe(Feed::all(&world.url, &["channel."]).without("g1"));
    assert_eq!(next(&mut feed).await, BusItem::Connected);
    let subject = channel();
    world.owner.bus.publish(frame(&subject, Some("g1"), "1"));
    world.owner.bus.publish(frame(&Subject::User(7), None, "2"));
    world.owner.bus.publish(frame(&subject, Some("g2"), "3"));
    assert_eq!(next_frame(&mut feed).await, frame(&subject, Some("g2"), "3"));
}

async fn a_chosen_feed_brings_what_was_chosen(world: World) {
    let mut feed = world.reader.bus.subscribe(Feed::chosen(&world.url, &["channel."]));
    assert_eq!(next(&mut feed).await, BusItem::Connected);
    let (wanted, other) = (channel(), channel());
    feed.interest().add(wanted.clone());
    feed.interest().settled().await;
    world.owner.bus.publish(frame(&other, None, "other"));
    world.owner.bus.publish(frame(&wanted, None, "wanted"));
    assert_eq!(next_frame(&mut feed).await, frame(&wanted, None, "wanted"));

    feed.interest().remove(wanted.clone());
    feed.interest().add(other.clone());
    feed.interest().settled().await;
    // What was given up may come for a moment more.
    for round in 0.. {
        world.owner.bus.publish(frame(&wanted, None, "late"));
        world.owner.bus.publish(frame(&other, None, "other"));
        if next_frame(&mut feed).await == frame(&other, None, "other") {
            break;
        }
        assert_eq!(next_frame(&mut feed).await, frame(&other, None, "other"));
        assert!(round < 1000, "what was given up still comes");
    }
}

async fn two_readers_hear_the_same(world: World) {
    let feed = Feed::all(&world.url, &["user.", "direct."]);
    let mut first = world.reader.bus.subscribe(feed.clone());
    let mut second = world.reader.bus.subscribe(feed);
    assert_eq!((next(&mut first).await, next(&mut second).await), (BusItem::Connected, BusItem::Connected));
    for subject in [Subject::User(0), Subject::Direct(255)] {
        world.owner.bus.publish(frame(&subject, None, "{}"));
        let expected = frame(&subject, None, "{}");
        assert_eq!(next_frame(&mut first).await, expected);
        assert_eq!(next_frame(&mut second).await, expected);
    }
}

macro_rules! bus_contract {
    ($($bus:ident),*) => { $( mod $bus {
        #[tokio::test]
        async fn frames_come_in_the_order_they_were_published() {
            super::frames_come_in_the_order_they_were_published(super::$bus().await).await;
        }
        #[tokio::test]
        async fn ones_own_frames_and_other_subjects_do_not_come() {
            super::ones_own_frames_and_other_subjects_do_not_come(super::$bus().await).await;
        }
        #[tokio::test]
        async fn a_chosen_feed_brings_what_was_chosen() {
            super::a_chosen_feed_brings_what_was_chosen(super::$bus().await).await;
        }
        #[tokio::test]
        async fn two_readers_hear_the_same() {
            super::two_readers_hear_the_same(super::$bus().await).await;
        }
    } )* };
}

bus_contract!(http, nats);

#[tokio::test]
async fn a_reader_that_cannot_keep_up_is_told_to_ask() {
    let world = http().await;
    let mut feed = world.reader.bus.subscribe(Feed::all(&world.url, &["channel."]));
    assert_eq!(next(&mut feed).await, BusItem::Connected);
    let (subject, payload) = (channel(), "x".repeat(1000));
    for _ in 0..50_000 {
        world.owner.bus.publish(frame(&subject, None, &payload));
    }
    while next(&mut feed).await != BusItem::Connected {}
    world.owner.bus.publish(frame(&subject, None, "after"));
    assert_eq!(next_frame(&mut feed).await, frame(&subject, None, "after"));
}

#[tokio::test]
async fn a_reader_comes_back_when_the_owner_does() {
    let world = http().await;
    let mut feed = world.reader.bus.subscribe(Feed::all(&world.url, &["channel."]));
    assert_eq!(next(&mut feed).await, BusItem::Connected);
    let addr = world.running.addr;
    assert!(world.running.stop().await);
    let owner = Kit::open(ServiceName::Channels, &world.owner.common).await.unwrap();
    let _running = owner.clone().serve(addr, OpenApiRouter::new()).await.unwrap();
    assert_eq!(next(&mut feed).await, BusItem::Connected);
    let subject = channel();
    owner.bus.publish(frame(&subject, None, "again"));
    assert_eq!(next_frame(&mut feed).await, frame(&subject, None, "again"));
}

#[tokio::test]
async fn people_cannot_follow_the_services_events() {
    let world = http().await;
    let url = world.url.join("v1/events?subjects=channel.").unwrap();
    assert_eq!(reqwest::get(url).await.unwrap().status(), 401);
}
