//! Accounts that stay in their channels when their last session has ended.

use api::{auth::Actor, channels::EndHolders};
use serde_json::Value;

use crate::world::{kinds, person, session_of, with_account, world};

/// An end of this session, if it has one, as of a version of its user.
fn ends(actor: &Actor, version: u64, stays: Option<bool>) -> EndHolders {
    let mut user = actor.person.clone();
    user.user_version = version;
    EndHolders {
        user,
        sessions: actor.session.iter().cloned().collect(),
        all: false,
        stays,
        still_here: false,
        reason: Some("gone".into()),
    }
}

#[tokio::test]
async fn who_stays_is_in_until_they_part_or_stay_no_more() {
    let world = world().await;
    let alice = with_account("alice");
    let (desk, phone) = (session_of(&alice), session_of(&alice));
    world.joins(&person("bob"), "one").await;
    let mut ids = Vec::new();
    for name in ["one", "two", "three"] {
        ids.push(world.joins(&desk, name).await["channel"]["id"].as_str().unwrap().to_owned());
    }
    assert!(world.ends(&ends(&desk, 5, Some(true))).await.events.is_empty());
    let seen = world.snapshot(&ids[0]).await;
    assert_eq!(seen.channel.member_count, 2);
    assert!(world.ends(&ends(&desk, 5, Some(true))).await.events.is_empty(), "asked again, it has been done");

    // She comes back, and goes from one of them for good.
    for name in ["one", "two", "three"] {
        assert_eq!(world.joins(&phone, name).await["event"], Value::Null);
    }
    assert_eq!(kinds(&world.parts(&phone, "two").await.ok()), ["parted", "dormant"]);
    // By REST she is in one of them anyhow.
    world.joins(&alice, "three").await;
    let ended = world.ends(&ends(&phone, 7, Some(false))).await.events;
    assert_eq!((ended.len(), ended[0].channel.as_str()), (1, &*ids[0]));
    assert_eq!(world.snapshot(&ids[2]).await.channel.member_count, 1);
}

#[tokio::test]
async fn what_is_said_late_of_who_stays_does_not_count() {
    let world = world().await;
    let alice = with_account("alice");
    let desk = session_of(&alice);
    world.joins(&desk, "general").await;
    let nowhere = Actor { session: None, ..desk.clone() };
    assert!(world.ends(&ends(&nowhere, 8, Some(false))).await.events.is_empty(), "her session holds her");
    // Said before, and on the way for longer.
    let events = world.ends(&ends(&desk, 6, Some(true))).await.events;
    assert_eq!(events.len(), 2, "{events:?}");
    let again = session_of(&alice);
    world.joins(&again, "general").await;
    assert!(world.ends(&ends(&again, 9, Some(true))).await.events.is_empty());
    let parted = world.parts(&alice, "general").await.ok();
    assert_eq!(kinds(&parted), ["parted", "dormant"], "by REST one parts as a whole");
}
