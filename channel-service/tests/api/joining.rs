//! How channels begin, who holds a membership, and how it all ends.

use api::{ErrorCode, channels::EndHolders, event::ChannelChange, id::SessionId};
use serde_json::{Value, json};

use crate::world::{kinds, person, session_of, with_account, world};

#[tokio::test]
async fn the_first_to_join_an_unregistered_channel_begins_it_and_operates_it() {
    let world = world().await;
    let (alice, bob) = (person("alice"), person("bob"));

    let first = world.join(&alice, "Général").await;
    assert_eq!((first.status, first.etag.as_deref()), (201, Some("\"1\"")));
    assert_eq!(kinds(&first.body), ["joined"]);
    assert_eq!(first.body["event"]["member"]["roles"], json!(["op"]));
    let modes = &first.body["channel"]["modes"];
    assert_eq!((&modes["no_external"], &modes["topic_locked"]), (&json!(true), &json!(true)));

    let second = world.joins(&bob, "g%C3%A9n%C3%A9ral").await;
    assert_eq!(kinds(&second), ["joined"]);
    assert_eq!(second["event"]["member"]["roles"], json!([]));
    assert_eq!((&second["event"]["version"], &second["channel"]["member_count"]), (&json!(2), &json!(2)));
    assert_eq!(second["channel"]["name"], json!("#Général"));

    let again = world.join(&bob, "général").await;
    assert_eq!((again.status, &again.body["event"]), (200, &Value::Null), "joining again changes nothing");
    world.join(&bob, "a,b").await.refused(ErrorCode::InvalidChannelName);
}

#[tokio::test]
async fn a_member_stays_until_the_last_holder_goes() {
    let world = world().await;
    let alice = with_account("alice");
    let (desk, phone) = (session_of(&alice), session_of(&alice));
    let id = world.joins(&desk, "general").await["channel"]["id"].as_str().unwrap().to_owned();
    world.joins(&person("bob"), "general").await;
    for further in [&phone, &alice] {
        assert_eq!(world.joins(further, "general").await["event"], Value::Null);
    }
    assert_eq!(world.parts(&phone, "general").await.ok()["event"], Value::Null);
    assert_eq!(world.parts(&phone, "general").await.ok()["event"], Value::Null, "it held nothing any more");

    let ended = EndHolders {
        user: alice.person.clone(),
        sessions: vec![desk.session.clone().unwrap()],
        all: false,
        stays: None,
        still_here: false,
        reason: Some("gone".into()),
    };
    assert!(world.ends(&ended).await.events.is_empty(), "the REST join still holds her");
    assert_eq!(world.snapshot(&id).await.channel.member_count, 2);

    let left = world.parts(&alice, "general").await.ok();
    assert_eq!(kinds(&left), ["parted"]);
    world.parts(&alice, "general").await.refused(ErrorCode::NotAMember);
}

#[tokio::test]
async fn one_ending_leaves_every_channel_and_names_them_all() {
    let world = world().await;
    let (alice, bob) = (session_of(&person("alice")), person("bob"));
    let mut ids = Vec::new();
    for name in ["one", "two"] {
        ids.push(world.joins(&alice, name).await["channel"]["id"].as_str().unwrap().to_owned());
        world.joins(&bob, name).await;
    }
    let alone = world.joins(&alice, "alone").await["channel"]["id"].as_str().unwrap().to_owned();

    let session = alice.session.clone().unwrap();
    let ended = EndHolders {
        user: alice.person.clone(),
        sessions: vec![session],
        all: false,
        stays: None,
        still_here: false,
        reason: Some("bye".into()),
    };
    let events = world.ends(&ended).await.events;
    let quits: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.change {
            ChannelChange::Quit { ending, touched, .. } => Some((event, ending.clone(), touched.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(quits.len(), 3);
    for (event, ending, touched) in &quits {
        assert_eq!((ending, touched), (&quits[0].1, &quits[0].2));
        assert!(touched.iter().any(|at| at.channel == event.channel && at.version == event.version));
    }
    assert_eq!(events.len(), 4, "the one where she was alone falls asleep: {events:?}");
    assert!(world.snapshot(&alone).await.dormant);
    assert!(world.ends(&ended).await.events.is_empty(), "asked again, it has been done");

    world.join(&alice, "one").await.refused(ErrorCode::SessionEnded);
    let other = session_of(&alice);
    assert_eq!(kinds(&world.joins(&other, "one").await), ["joined"]);
    let all = EndHolders {
        user: alice.person.clone(),
        sessions: Vec::new(),
        all: true,
        stays: None,
        still_here: false,
        reason: None,
    };
    assert_eq!(world.ends(&all).await.events.len(), 1);
    assert_eq!(world.snapshot(&ids[0]).await.members.len(), 1);
    world
        .as_gateway("POST", "/v1/holders:end", serde_json::to_value(&all).unwrap())
        .await
        .refused(ErrorCode::Forbidden);
}

#[tokio::test]
async fn a_channel_without_people_sleeps_and_goes_on_where_it_was() {
    let world = world().await;
    let (alice, bob) = (person("alice"), person("bob"));
    let id = world.joins(&alice, "general").await["channel"]["id"].as_str().unwrap().to_owned();
    world.ask(&alice, "PUT", "/v1/channels/general/topic", json!({ "text": "hi" })).await.ok();
    world.lists(&alice, "general", "bans", "bob").await.ok();
    world.modes(&alice, "general", json!({ "moderated": true })).await.ok();

    let left = world.parts(&alice, "general").await.ok();
    assert_eq!(kinds(&left), ["parted", "dormant"]);
    let asleep = world.snapshot(&id).await;
    assert!(asleep.dormant && asleep.bans.is_empty() && asleep.channel.topic.is_none());
    world.get(&alice, "/v1/channels/general").await.refused(ErrorCode::NoSuchChannel);
    world.get(&alice, &format!("/v1/channels/{id}")).await.refused(ErrorCode::NoSuchChannel);
    world.join(&alice, &id).await.refused(ErrorCode::NoSuchChannel);
    assert_eq!(world.get(&alice, "/v1/channels").await.ok()["items"], json!([]));

    let woken = world.joins(&bob, "general").await;
    assert_eq!(kinds(&woken), ["woken", "modes", "joined"]);
    assert_eq!(woken["channel"]["id"], json!(id));
    assert_eq!(woken["before"][0]["version"], json!(asleep.channel.version + 1));
    assert_eq!(
        (&woken["channel"]["modes"]["moderated"], &woken["channel"]["topic"]),
        (&json!(false), &Value::Null)
    );
    assert_eq!(woken["before"][0]["floor"], json!(0), "it was never closed to anybody");
}

#[tokio::test]
async fn what_was_closed_is_not_woken_before_its_history_is_closed_off() {
    let world = world().await;
    let alice = person("alice");
    world.joins(&alice, "hidden").await;
    world.modes(&alice, "hidden", json!({ "secret": true })).await.ok();
    world.modes(&alice, "hidden", json!({ "secret": false })).await.ok();
    world.parts(&alice, "hidden").await.ok();
    // message-service is away: nobody knows where the conversation ends.
    world.join(&alice, "hidden").await.refused(ErrorCode::Unavailable);
    world.joins(&alice, "other").await;
}

#[tokio::test]
async fn a_batch_has_an_outcome_for_each_in_order() {
    let world = world().await;
    let (alice, bob) = (session_of(&person("alice")), session_of(&person("bob")));
    let stranger = person("stranger");
    world.joins(&stranger, "closed").await;
    world.modes(&stranger, "closed", json!({ "invite_only": true })).await.ok();

    let item = |actor, name: &str| json!({ "actor": actor, "name": name });
    let items = [item(&alice, "#new"), item(&alice, "#closed"), item(&bob, "#new"), item(&alice, "#new")];
    let joined = world.as_gateway("POST", "/v1/members:join", json!({ "items": items })).await.ok();
    let outcomes = joined["items"].as_array().unwrap();
    assert_eq!(kinds(&outcomes[0]["ok"]), ["joined"]);
    assert_eq!(outcomes[1]["problem"]["code"], json!("invite-only"));
    assert_eq!(kinds(&outcomes[2]["ok"]), ["joined"]);
    assert_eq!(kinds(&outcomes[3]["ok"]), Vec::<String>::new());

    let id = outcomes[0]["ok"]["channel"]["id"].as_str().unwrap();
    let part = |actor| json!({ "actor": actor, "channel": id, "reason": "bye" });
    let nowhere = json!({ "actor": alice, "channel": SessionId::random(&mut rand::rng()) });
    let items = [part(&alice), nowhere, part(&bob)];
    let parted = world.as_gateway("POST", "/v1/members:part", json!({ "items": items })).await.ok();
    let outcomes = parted["items"].as_array().unwrap();
    assert_eq!(kinds(&outcomes[0]["ok"]), ["parted"]);
    assert_eq!(outcomes[0]["ok"]["event"]["reason"], json!("bye"));
    assert_eq!(outcomes[1]["problem"]["code"], json!("no-such-channel"));
    assert_eq!(kinds(&outcomes[2]["ok"]), ["parted", "dormant"]);
    let events = world.events(id, 0).await;
    assert!(events.complete);
    let versions: Vec<u64> = events.events.iter().map(|event| event.version).collect();
    assert_eq!(versions, (1..=5).collect::<Vec<_>>());
    world.ask(&alice, "POST", "/v1/members:join", json!({ "items": [] })).await.ok();
    world.as_users("POST", "/v1/members:join", json!({ "items": [] })).await.refused(ErrorCode::Forbidden);
}

#[tokio::test]
async fn a_refused_join_leaves_no_channel_behind() {
    let world = crate::world::world_with(|config| config.max_channels_each = 1).await;
    let alice = person("alice");
    world.joins(&alice, "one").await;
    world.join(&alice, "two").await.refused(ErrorCode::TooManyChannels);
    world.parts(&alice, "one").await.ok();
    let joined = world.joins(&alice, "two").await;
    assert_eq!(joined["event"]["version"], json!(1));
}

#[tokio::test]
async fn a_registered_channel_is_kept_and_its_founder_comes_back_as_founder() {
    let world = world().await;
    let (alice, guest) = (with_account("alice"), person("guest"));
    world
        .ask(&guest, "POST", "/v1/channels", json!({ "name": "#house" }))
        .await
        .refused(ErrorCode::Forbidden);
    let made = world.ask(&alice, "POST", "/v1/channels", json!({ "name": "#house" })).await;
    assert_eq!(made.status, 201);
    assert_eq!(kinds(&made.body), ["registered"]);
    assert_eq!(made.body["channel"]["founder"], json!("alice"));
    world
        .ask(&alice, "POST", "/v1/channels", json!({ "name": "#house" }))
        .await
        .refused(ErrorCode::ChannelExists);
    world
        .ask(&alice, "POST", "/v1/channels", json!({ "name": "house" }))
        .await
        .refused(ErrorCode::InvalidChannelName);

    assert_eq!(world.joins(&guest, "house").await["event"]["member"]["roles"], json!([]));
    world.modes(&guest, "house", json!({ "moderated": true })).await.refused(ErrorCode::NotAnOperator);
    let joined = world.joins(&alice, "house").await;
    assert_eq!(joined["event"]["member"]["roles"], json!(["founder"]));
    world.modes(&alice, "house", json!({ "invite_only": true, "key": "k" })).await.ok();
    assert_eq!(kinds(&world.parts(&alice, "house").await.ok()), ["parted"]);
    assert_eq!(kinds(&world.parts(&guest, "house").await.ok()), ["parted"], "kept though nobody is in it");
    world.join(&guest, "house").await.refused(ErrorCode::InviteOnly);
    assert_eq!(world.joins(&alice, "house").await["event"]["member"]["roles"], json!(["founder"]));

    let given_back = world.ask(&alice, "DELETE", "/v1/channels/house", Value::Null).await.ok();
    assert_eq!(kinds(&given_back), ["unregistered", "roles", "roles"]);
    assert_eq!(given_back["event"]["roles"], json!(["op"]));
    world.ask(&alice, "DELETE", "/v1/channels/house", Value::Null).await.refused(ErrorCode::NotAnOperator);
}

#[tokio::test]
async fn a_channel_in_use_is_registered_by_its_operators() {
    let world = world().await;
    let (alice, bob, carol) = (with_account("alice"), with_account("bob"), with_account("carol"));
    world.joins(&alice, "general").await;
    world.joins(&bob, "general").await;
    let register = json!({ "name": "#general" });
    world.ask(&carol, "POST", "/v1/channels", register.clone()).await.refused(ErrorCode::ChannelExists);
    world.ask(&bob, "POST", "/v1/channels", register.clone()).await.refused(ErrorCode::NotAnOperator);
    let made = world.ask(&alice, "POST", "/v1/channels", register).await.ok();
    assert_eq!(kinds(&made), ["roles", "registered"]);
    let id = made["channel"]["id"].as_str().unwrap();
    let member =
        world.snapshot(id).await.members.into_iter().find(|member| member.person.nick == alice.person.nick);
    assert_eq!(serde_json::to_value(member.unwrap().roles).unwrap(), json!(["founder", "op"]));
}
