//! Topics, modes, roles, kicks and lists, and who may do them.

use api::ErrorCode;
use serde_json::{Value, json};

use crate::world::{kinds, operator, person, with_account, world};

#[tokio::test]
async fn a_stale_writer_is_told_and_changes_nothing() {
    let world = world().await;
    let alice = person("alice");
    world.joins(&alice, "general").await;
    let topic = |text: &str| json!({ "text": text });
    let set = world.ask_if(&alice, "PUT", "/v1/channels/general/topic", topic("one"), Some(1)).await;
    assert_eq!(set.etag.as_deref(), Some("\"2\""));
    world
        .ask_if(&alice, "PUT", "/v1/channels/general/topic", topic("two"), Some(1))
        .await
        .refused(ErrorCode::VersionMismatch);
    let same = world.ask_if(&alice, "PUT", "/v1/channels/general/topic", topic("one"), Some(2)).await.ok();
    assert_eq!(same["event"], Value::Null, "what is so already changes nothing");
    for (method, path, body) in [
        ("PATCH", "/v1/channels/general/modes".to_owned(), json!({ "secret": true })),
        (
            "PUT",
            format!("/v1/channels/general/members/{}/roles", alice.id()),
            json!({ "role": "op", "set": false }),
        ),
    ] {
        world.ask_if(&alice, method, &path, body, Some(1)).await.refused(ErrorCode::VersionMismatch);
    }
    let emptied = world.ask(&alice, "PUT", "/v1/channels/general/topic", topic("")).await.ok();
    assert_eq!(emptied["event"]["topic"], Value::Null);
    let long = world.ask(&alice, "PUT", "/v1/channels/general/topic", topic(&"é".repeat(196))).await;
    long.refused(ErrorCode::TextTooLong);
    world
        .ask(&alice, "PUT", "/v1/channels/general/topic", topic("a\nb"))
        .await
        .refused(ErrorCode::InvalidText);
    world.ask(&alice, "PUT", "/v1/channels/general/topic", topic(&"é".repeat(195))).await.ok();
}

#[tokio::test]
async fn a_tag_that_is_none_is_told_from_one_that_is_stale() {
    let world = world().await;
    let alice = person("alice");
    world.joins(&alice, "general").await;
    let topic = async |tag: &str| {
        let path = "/v1/channels/general/topic";
        world.ask_if_match(&alice, "PUT", path, json!({ "text": tag }), Some(tag)).await
    };
    for wrong in ["foo", "\"1", "1\"", "", "\"1\", foo"] {
        topic(wrong).await.refused(ErrorCode::BadRequest);
    }
    for stale in ["\"9\"", "\"of-something-else\"", "W/\"9\"", "9"] {
        topic(stale).await.refused(ErrorCode::VersionMismatch);
    }
    for (tag, version) in [("\"9\", \"1\"", 2), ("2", 3), ("W/\"3\"", 4), ("*", 5)] {
        assert_eq!(topic(tag).await.ok()["channel"]["version"], version, "{tag}");
    }
}

#[tokio::test]
async fn modes_are_changed_together_and_say_what_changed() {
    let world = world().await;
    let (alice, bob) = (person("alice"), person("bob"));
    world.joins(&alice, "general").await;
    world.joins(&bob, "general").await;
    let patch =
        json!({ "moderated": true, "topic_locked": false, "key": "k", "limit": 5, "slow_seconds": 3 });
    let set = world.modes(&alice, "general", patch).await.ok();
    assert_eq!(
        set["event"]["changes"],
        json!([{ "set": true, "letter": "m" }, { "set": false, "letter": "t" }, { "set": true, "letter": "k" },
            { "set": true, "letter": "l", "value": "5" }, { "set": true, "letter": "w", "value": "3" }])
    );
    world.ask(&bob, "PUT", "/v1/channels/general/topic", json!({ "text": "mine" })).await.ok();
    world.modes(&bob, "general", json!({ "key": null })).await.refused(ErrorCode::NotAnOperator);
    let unset = world.modes(&alice, "general", json!({ "key": null, "limit": null })).await.ok();
    assert_eq!(unset["event"]["changes"].as_array().unwrap().len(), 2);
    assert_eq!(world.modes(&alice, "general", json!({})).await.ok()["event"], Value::Null);
    for wrong in [
        json!({ "key": "" }),
        json!({ "key": "a b" }),
        json!({ "key": ":a" }),
        json!({ "limit": 0 }),
        json!({ "slow_seconds": 0 }),
        json!({ "key": "k".repeat(33) }),
    ] {
        world.modes(&alice, "general", wrong).await.refused(ErrorCode::InvalidMode);
    }
    world.modes(&alice, "general", json!({ "shouting": true })).await.refused(ErrorCode::InvalidParameter);
}

#[tokio::test]
async fn each_closed_door_gives_its_own_reason() {
    let world = world().await;
    let (alice, bob) = (person("alice"), person("bob"));
    world.joins(&alice, "general").await;
    world.modes(&alice, "general", json!({ "limit": 1 })).await.ok();
    world.join(&bob, "general").await.refused(ErrorCode::ChannelFull);
    world.modes(&alice, "general", json!({ "key": "k" })).await.ok();
    world.joins_with_key(&bob, "general", "wrong").await.refused(ErrorCode::BadKey);
    world.joins_with_key(&bob, "general", "k").await.refused(ErrorCode::ChannelFull);
    world.modes(&alice, "general", json!({ "invite_only": true })).await.ok();
    world.joins_with_key(&bob, "general", "k").await.refused(ErrorCode::InviteOnly);
    world.modes(&alice, "general", json!({ "registered_only": true })).await.ok();
    world.join(&bob, "general").await.refused(ErrorCode::RegisteredOnly);
    world.lists(&alice, "general", "bans", "*!*@*.cloak").await.ok();
    world.join(&bob, "general").await.refused(ErrorCode::Banned);
    world.lists(&alice, "general", "excepts", "bob").await.ok();
    world.join(&bob, "general").await.refused(ErrorCode::RegisteredOnly);
    let carol = with_account("carol");
    world.lists(&alice, "general", "excepts", "~account:carol").await.ok();
    world.lists(&alice, "general", "invite-masks", "~account:c*").await.ok();
    world.modes(&alice, "general", json!({ "limit": null })).await.ok();
    world.joins_with_key(&carol, "general", "k").await.ok();
}

#[tokio::test]
async fn roles_are_given_and_taken_by_those_above() {
    let world = world().await;
    let (alice, bob, carol) = (person("alice"), person("bob"), person("carol"));
    for actor in [&alice, &bob, &carol] {
        world.joins(actor, "general").await;
    }
    world.gives(&bob, "general", &carol, "voice", true).await.refused(ErrorCode::NotAnOperator);
    let given = world.gives(&alice, "general", &bob, "halfop", true).await.ok();
    assert_eq!((&given["event"]["role"], &given["event"]["set"]), (&json!("halfop"), &json!(true)));
    assert_eq!(world.gives(&alice, "general", &bob, "halfop", true).await.ok()["event"], Value::Null);
    world.gives(&bob, "general", &carol, "voice", true).await.ok();
    world.gives(&bob, "general", &carol, "op", true).await.refused(ErrorCode::NotAnOperator);
    world.gives(&bob, "general", &alice, "op", false).await.refused(ErrorCode::NotAnOperator);
    world.gives(&alice, "general", &bob, "admin", true).await.refused(ErrorCode::NotAnOperator);
    world.gives(&alice, "general", &bob, "founder", true).await.refused(ErrorCode::Forbidden);
    world.gives(&alice, "general", &person("eve"), "op", true).await.refused(ErrorCode::NotInChannel);
    world.gives(&alice, "general", &alice, "op", false).await.ok();
    world.gives(&alice, "general", &alice, "op", true).await.refused(ErrorCode::NotAnOperator);
    world.gives(&person("eve"), "general", &alice, "op", true).await.refused(ErrorCode::NotAMember);
}

#[tokio::test]
async fn a_kick_needs_rank_a_target_and_leaves_a_reason() {
    let world = world().await;
    let (alice, bob, eve) = (person("alice"), person("bob"), person("eve"));
    for actor in [&alice, &bob] {
        world.joins(actor, "general").await;
    }
    world.kicks(&bob, "general", &alice).await.refused(ErrorCode::NotAnOperator);
    world.kicks(&eve, "general", &alice).await.refused(ErrorCode::NotAMember);
    world.kicks(&alice, "general", &eve).await.refused(ErrorCode::NotInChannel);
    world.kicks(&alice, "nowhere", &eve).await.refused(ErrorCode::NoSuchChannel);
    let kicked = world.kicks(&alice, "general", &bob).await.ok();
    assert_eq!(kinds(&kicked), ["kicked"]);
    let event = &kicked["event"];
    assert_eq!(
        (&event["reason"], &event["by"]["nick"], &event["user"]["nick"]),
        (&json!("out"), &json!("alice"), &json!("bob"))
    );
    world.joins(&bob, "general").await;
    let op = operator("oper");
    assert_eq!(
        kinds(&world.kicks(&op, "general", &alice).await.ok()),
        ["kicked"],
        "the network's operator needs no role"
    );
    assert_eq!(kinds(&world.kicks(&op, "general", &bob).await.ok()), ["kicked", "dormant"]);
    let long = format!("/v1/channels/general/members/{}?reason={}", bob.id(), "x".repeat(391));
    world.ask(&op, "DELETE", &long, Value::Null).await.refused(ErrorCode::TextTooLong);
}

#[tokio::test]
async fn an_operator_of_the_network_takes_a_registration_away() {
    let world = world().await;
    let (alice, op) = (with_account("alice"), operator("oper"));
    world.ask(&alice, "POST", "/v1/channels", json!({ "name": "#house" })).await.ok();
    let history = json!({ "history": { "retention_days": 7, "lines_on_join": 5 } });
    world.ask(&op, "PATCH", "/v1/channels/house", history.clone()).await.refused(ErrorCode::NotAMember);
    let set = world.ask(&alice, "PATCH", "/v1/channels/house", history.clone()).await.ok();
    assert_eq!(set["event"]["history"], history["history"]);
    assert_eq!(world.ask(&alice, "PATCH", "/v1/channels/house", history).await.ok()["event"], Value::Null);
    let days = json!({ "history": { "retention_days": 0 } });
    world.ask(&alice, "PATCH", "/v1/channels/house", days).await.refused(ErrorCode::InvalidParameter);
    let gone = world.ask(&op, "DELETE", "/v1/channels/house", Value::Null).await.ok();
    assert_eq!(kinds(&gone), ["unregistered", "policy", "dormant"]);
    world.get(&alice, "/v1/channels/house").await.refused(ErrorCode::NoSuchChannel);
}

#[tokio::test]
async fn a_list_keeps_a_mask_once_and_gives_its_entries_in_pages() {
    let world = world().await;
    let (alice, bob) = (person("alice"), person("bob"));
    world.joins(&alice, "general").await;
    world.joins(&bob, "general").await;
    let body = json!({ "mask": "Eve", "reason": "spam" });
    let first = world.ask(&alice, "POST", "/v1/channels/general/bans", body).await;
    assert_eq!((first.status, kinds(&first.body)), (201, vec!["listed".to_owned()]));
    assert_eq!(first.body["event"]["entry"]["mask"], json!("Eve!*@*"));
    let same = world.lists(&alice, "general", "bans", "eve!*@*").await;
    assert_eq!((same.status, &same.body["id"], &same.body["event"]), (200, &first.body["id"], &Value::Null));
    world.lists(&alice, "general", "bans", "b").await.ok();
    world.lists(&alice, "general", "bans", "c").await.ok();

    let mut masks = Vec::new();
    let mut path = "/v1/channels/general/bans?limit=2".to_owned();
    loop {
        let page = world.get(&alice, &path).await.ok();
        masks.extend(
            page["items"].as_array().unwrap().iter().map(|entry| entry["mask"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/channels/general/bans?limit=2&cursor={next}");
    }
    masks.sort();
    assert_eq!(masks, ["Eve!*@*", "b!*@*", "c!*@*"]);

    assert_eq!(world.get(&bob, "/v1/channels/general/bans").await.ok()["items"].as_array().unwrap().len(), 3);
    world.get(&bob, "/v1/channels/general/excepts").await.refused(ErrorCode::NotAnOperator);
    world.lists(&bob, "general", "bans", "x").await.refused(ErrorCode::NotAnOperator);
    world.lists(&alice, "general", "bans", "a b").await.refused(ErrorCode::InvalidMask);
    world.lists(&alice, "general", "bens", "a").await.refused(ErrorCode::NotFound);
    let path = format!("/v1/channels/general/bans/{}", first.body["id"].as_str().unwrap());
    world.ask(&bob, "DELETE", &path, Value::Null).await.refused(ErrorCode::NotAnOperator);
    let removed = world.ask(&alice, "DELETE", &path, Value::Null).await.ok();
    assert_eq!(
        (kinds(&removed), &removed["event"]["mask"]),
        (vec!["unlisted".to_owned()], &json!("Eve!*@*"))
    );
    world.ask(&alice, "DELETE", &path, Value::Null).await.refused(ErrorCode::NoSuchBan);
    world
        .ask(&alice, "DELETE", "/v1/channels/general/bans/nothing", Value::Null)
        .await
        .refused(ErrorCode::NoSuchBan);
}

#[tokio::test]
async fn a_channel_is_called_otherwise_and_its_old_name_is_free() {
    let world = world().await;
    let (alice, bob) = (person("alice"), person("bob"));
    let id = world.joins(&alice, "general").await["channel"]["id"].clone();
    world.joins(&bob, "general").await;
    world.joins(&bob, "taken").await;
    let rename = async |who, from: &str, to: &str| {
        let body = json!({ "name": to, "reason": "shorter" });
        world.ask(who, "PATCH", &format!("/v1/channels/{from}"), body).await
    };
    rename(&bob, "general", "#mine").await.refused(ErrorCode::NotAnOperator);
    rename(&alice, "general", "#Taken").await.refused(ErrorCode::ChannelExists);
    rename(&alice, "general", "no name").await.refused(ErrorCode::InvalidChannelName);
    let both = json!({ "name": "#x", "history": {} });
    let both = world.ask(&alice, "PATCH", "/v1/channels/general", both).await;
    both.refused(ErrorCode::InvalidParameter);
    let changed = rename(&alice, "general", "#den").await.ok();
    let event = &changed["event"];
    assert_eq!((&event["kind"], &event["old"]), (&json!("renamed"), &json!("#general")));
    assert_eq!((&event["name"], &event["reason"]), (&json!("#den"), &json!("shorter")));
    assert_eq!(rename(&alice, "den", "#den").await.ok()["event"], Value::Null);
    assert_eq!(rename(&alice, "den", "#Den").await.ok()["channel"]["name"], "#Den", "another spelling");
    assert_eq!(world.get(&bob, "/v1/channels/den").await.ok()["id"], id);
    world.get(&bob, "/v1/channels/general").await.refused(ErrorCode::NoSuchChannel);
    assert_ne!(world.joins(&bob, "general").await["channel"]["id"], id);
}

#[tokio::test]
async fn a_registered_channel_is_renamed_by_its_founder_alone() {
    let world = world().await;
    let (alice, bob) = (with_account("alice"), person("bob"));
    world.joins(&alice, "general").await;
    world.ask(&alice, "POST", "/v1/channels", json!({ "name": "#general" })).await.ok();
    world.joins(&bob, "general").await;
    world.gives(&alice, "general", &bob, "op", true).await.ok();
    let rename = |who| world.ask(who, "PATCH", "/v1/channels/general", json!({ "name": "#den" }));
    rename(&bob).await.refused(ErrorCode::NotAnOperator);
    world.parts(&alice, "general").await.ok();
    assert_eq!(rename(&alice).await.ok()["channel"]["founder"], "alice");
}
