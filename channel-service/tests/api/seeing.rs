//! What is shown to whom.

use api::{
    ErrorCode, Item,
    channels::Snapshot,
    id::ChannelId,
    page::{Batch, MAX_BATCH},
};
use serde_json::{Value, json};

use crate::world::{operator, person, with_account, world};

#[tokio::test]
async fn a_secret_channel_is_not_there_for_others() {
    let world = world().await;
    let (alice, bob, op) = (person("alice"), person("bob"), operator("oper"));
    let id = world.joins(&alice, "hidden").await["channel"]["id"].as_str().unwrap().to_owned();
    world.joins(&alice, "open").await;
    world.modes(&alice, "hidden", json!({ "secret": true })).await.ok();

    let missing = world.get(&bob, "/v1/channels/nowhere").await.refused(ErrorCode::NoSuchChannel);
    let hidden = world.get(&bob, "/v1/channels/hidden").await.refused(ErrorCode::NoSuchChannel);
    let words = |problem: &Value| problem["detail"].as_str().unwrap().replace("nowhere", "hidden");
    assert_eq!(words(&missing), words(&hidden), "the words are the same too");
    for (method, path, body) in [
        ("GET", "/v1/channels/hidden/members".to_owned(), Value::Null),
        ("GET", "/v1/channels/hidden/events".to_owned(), Value::Null),
        ("GET", "/v1/channels/hidden/bans".to_owned(), Value::Null),
        ("PUT", "/v1/channels/hidden/topic".to_owned(), json!({ "text": "x" })),
        ("PATCH", "/v1/channels/hidden/modes".to_owned(), json!({ "secret": false })),
        ("PATCH", "/v1/channels/hidden".to_owned(), json!({ "history": {} })),
        ("DELETE", "/v1/channels/hidden".to_owned(), Value::Null),
        ("DELETE", "/v1/channels/hidden/members/me".to_owned(), Value::Null),
        ("DELETE", format!("/v1/channels/hidden/members/{}", alice.id()), Value::Null),
        ("POST", "/v1/channels/hidden/bans".to_owned(), json!({ "mask": "x" })),
        ("PUT", format!("/v1/channels/hidden/invitations/{}", bob.id()), Value::Null),
        ("PUT", format!("/v1/channels/{id}/members/me"), Value::Null),
        ("GET", format!("/v1/channels/{id}"), Value::Null),
    ] {
        world.ask(&bob, method, &path, body).await.refused(ErrorCode::NoSuchChannel);
    }
    let names = async |asker, path: &str| {
        let page = world.get(asker, path).await.ok();
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&bob, "/v1/channels").await, ["#open"]);
    assert_eq!(names(&alice, "/v1/channels").await, ["#hidden", "#open"]);
    assert_eq!(names(&op, "/v1/channels").await, ["#hidden", "#open"]);
    assert_eq!(names(&bob, &format!("/v1/users/{}/channels", alice.id())).await, ["#open"]);
    assert_eq!(names(&alice, "/v1/users/me/channels").await, ["#hidden", "#open"]);
    world.get(&op, "/v1/channels/hidden/members").await.ok();
    world.joins(&bob, "hidden").await;
    assert_eq!(names(&bob, "/v1/channels").await, ["#hidden", "#open"]);
}

#[tokio::test]
async fn the_key_and_the_lists_are_for_operators() {
    let world = world().await;
    let (alice, bob) = (person("alice"), person("bob"));
    let id = world.joins(&alice, "general").await["channel"]["id"].as_str().unwrap().to_owned();
    world.joins(&bob, "general").await;
    world.modes(&alice, "general", json!({ "key": "topsecret" })).await.ok();
    world.lists(&alice, "general", "bans", "eve").await.ok();

    let seen = world.get(&alice, "/v1/channels/general").await;
    assert_eq!(seen.etag.as_deref(), Some("\"4\""));
    assert_eq!(
        (&seen.body["modes"]["key"], seen.body["bans"].as_array().unwrap().len()),
        (&json!("topsecret"), 1)
    );
    let seen = world.get(&bob, "/v1/channels/general").await.ok();
    assert_eq!((&seen["modes"]["keyed"], &seen["bans"]), (&json!(true), &Value::Null));
    assert!(!seen.to_string().contains("topsecret"));
    let events = world.get(&bob, "/v1/channels/general/events?after=0").await.ok();
    let versions: Vec<_> =
        events["events"].as_array().unwrap().iter().map(|event| &event["version"]).collect();
    assert_eq!(versions, [2, 3, 4], "what was before he joined is not his");
    assert_eq!(events["complete"], json!(false));
    assert!(!events.to_string().contains("topsecret"));
    assert!(world.get(&alice, "/v1/channels/general/events").await.ok().to_string().contains("topsecret"));
    assert!(
        !world
            .joins_with_key(&person("carol"), "general", "topsecret")
            .await
            .ok()
            .to_string()
            .contains("topsecret")
    );
    world.get(&person("eve"), "/v1/channels/general/events").await.refused(ErrorCode::NotAMember);
    world.get(&person("eve"), "/v1/channels/general/members").await.refused(ErrorCode::NotAMember);
    world.get(&alice, &format!("/v1/channels/{id}?view=replica")).await.refused(ErrorCode::Forbidden);
    assert_eq!(world.snapshot(&id).await.channel.modes.key.as_deref(), Some("topsecret"));
    let by_name = world.as_gateway("GET", "/v1/channels/general?view=replica", Value::Null).await.ok();
    assert_eq!(by_name["id"], json!(id));
}

#[tokio::test]
async fn services_get_all_of_many_channels_at_once() {
    /// More than are put into one answer with anything else.
    const CROWD: usize = 4001;
    let world = world().await;
    let (alice, nowhere) = (person("alice"), ChannelId::random(&mut rand::rng()).to_string());
    let mut ids = Vec::new();
    for name in ["rust", "ruby", "crowd"] {
        ids.push(world.joins(&alice, name).await["channel"]["id"].as_str().unwrap().to_owned());
    }
    let replicas = async |ids: &[&str]| {
        let answer = world.as_gateway("POST", "/v1/channels:replicas", json!({ "items": ids })).await.ok();
        let answer: Batch<Item<Snapshot>> = serde_json::from_value(answer).unwrap();
        answer.items
    };
    let [rust, ruby, crowd] = [0, 1, 2].map(|at: usize| ids[at].as_str());
    let items = replicas(&[ruby, &nowhere, rust]).await;
    assert_eq!(items[0], Item::Ok(world.snapshot(ruby).await));
    assert!(
        matches!(&items[1], Item::Problem(problem) if problem.code == ErrorCode::NoSuchChannel),
        "{items:?}"
    );
    assert_eq!(items[2], Item::Ok(world.snapshot(rust).await));
    assert_eq!(items.len(), 3);

    let people: Vec<_> =
        (0..CROWD).map(|n| json!({ "actor": person(&format!("p{n}")), "name": "#crowd" })).collect();
    for joins in people.chunks(MAX_BATCH) {
        world.as_gateway("POST", "/v1/members:join", json!({ "items": joins })).await.ok();
    }
    assert_eq!(replicas(&[rust, crowd, ruby]).await.len(), 2, "nothing is begun after so many members");
    assert_eq!(replicas(&[crowd, ruby]).await.len(), 1, "and one is always answered");
}

#[tokio::test]
async fn who_comes_later_reads_nothing_of_what_was_before() {
    let world = world().await;
    let (alice, mallory) = (person("alice"), person("mallory"));
    world.joins(&alice, "vault").await;
    world.modes(&alice, "vault", json!({ "secret": true, "key": "hunter2" })).await.ok();
    world.lists(&alice, "vault", "bans", "badguy").await.ok();
    world.joins_with_key(&mallory, "vault", "hunter2").await.ok();
    let events = world.get(&mallory, "/v1/channels/vault/events?after=0").await.ok();
    let text = events.to_string();
    for secret in ["hunter2", "badguy", "alice"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert!(!events["events"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn the_list_matches_globs_and_goes_on_where_a_page_ended() {
    let world = world().await;
    let alice = person("alice");
    for name in ["rust", "rust-fr", "python", "Éloge", "%23rust"] {
        world.joins(&alice, name).await;
    }
    world.joins(&person("bob"), "rust").await;
    let names = async |query: &str| {
        let mut names = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = world.get(&alice, &format!("/v1/channels?{query}{cursor}")).await.ok();
            names.extend(
                page["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|item| item["name"].as_str().unwrap().to_owned()),
            );
            let Some(next) = page["next"].as_str() else { break names };
            cursor = format!("&cursor={next}");
        }
    };
    assert_eq!(names("limit=2").await, ["##rust", "#python", "#rust", "#rust-fr", "#Éloge"]);
    assert_eq!(names("match=RUST*&limit=1").await, ["#rust", "#rust-fr"]);
    assert_eq!(names("match=*rust*").await, ["##rust", "#rust", "#rust-fr"]);
    assert_eq!(names("match=%C3%A9*").await, ["#Éloge"]);
    assert_eq!(names("min_members=2").await, ["#rust"]);
    world.get(&alice, "/v1/channels?cursor=%21").await.refused(ErrorCode::InvalidParameter);
    let hint = world.get(&alice, "/v1/channels/%23python").await.refused(ErrorCode::NoSuchChannel);
    assert!(hint["detail"].as_str().unwrap().contains("leave out the #"), "{hint}");
}

#[tokio::test]
async fn members_come_in_pages() {
    let world = world().await;
    let people: Vec<_> = (0..5).map(|n| person(&format!("p{n}"))).collect();
    for actor in &people {
        world.joins(actor, "general").await;
    }
    let mut seen = Vec::new();
    let mut path = "/v1/channels/general/members?limit=2".to_owned();
    loop {
        let page = world.get(&people[0], &path).await.ok();
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|member| member["nick"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/channels/general/members?limit=2&cursor={next}");
    }
    seen.sort();
    assert_eq!(seen, ["p0", "p1", "p2", "p3", "p4"]);
}

#[tokio::test]
async fn strangers_and_tokens_without_scope_are_turned_away() {
    let world = world().await;
    let mut reader = with_account("reader");
    reader.scopes = [api::auth::Scope::Read].into_iter().collect();
    world.join(&reader, "general").await.refused(ErrorCode::InsufficientScope);
    world.get(&reader, "/v1/channels").await.ok();
    for (method, path) in [("GET", "/v1/channels"), ("POST", "/v1/heads"), ("GET", "/v1/users/me/channels")] {
        world.unknown(method, path).await.refused(ErrorCode::NotAuthenticated);
    }
    let item = json!({ "actor": reader, "name": "#general" });
    let joined = world.as_gateway("POST", "/v1/members:join", json!({ "items": [item] })).await.ok();
    assert_eq!(joined["items"][0]["problem"]["code"], json!("insufficient-scope"));
    let other = person("other");
    let path = format!("/v1/channels/general/members/{}", other.id());
    world.ask(&person("alice"), "PUT", &path, Value::Null).await.refused(ErrorCode::Forbidden);
    world
        .as_gateway("DELETE", &format!("/v1/users/{}/data", other.id()), Value::Null)
        .await
        .refused(ErrorCode::Forbidden);
}

#[tokio::test]
async fn heads_say_who_is_behind() {
    let world = world().await;
    let joined = world.joins(&person("alice"), "general").await;
    let id = joined["channel"]["id"].as_str().unwrap();
    let held = json!({ "held": { id: 0, "9nowhere": 1 } });
    let heads = world.as_gateway("POST", "/v1/heads", held).await.ok();
    assert_eq!((&heads["behind"], &heads["gone"]), (&json!({ id: 1 }), &json!(["9nowhere"])));
    assert_eq!(heads["epoch"], json!(world.snapshot(id).await.epoch));
    assert_eq!(world.events(id, 0).await.events.len(), 1);
}

#[tokio::test]
async fn what_happened_is_given_by_moments_and_from_either_end() {
    let world = world().await;
    let alice = person("alice");
    world.joins(&alice, "general").await;
    for text in ["one", "two", "three"] {
        world.ask(&alice, "PUT", "/v1/channels/general/topic", json!({ "text": text })).await.ok();
    }
    let versions = async |query: &str| {
        let found = world.get(&alice, &format!("/v1/channels/general/events?{query}")).await.ok();
        let events = found["events"].as_array().unwrap().clone();
        events.iter().map(|event| event["version"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(versions("latest=true&limit=2").await, [3, 4]);
    assert_eq!(versions("latest=true&limit=2&before=4").await, [2, 3]);
    assert_eq!(versions("after_at=2020-01-01T00:00:00.000Z&limit=1").await, [1]);
    assert_eq!(versions("before_at=2020-01-01T00:00:00.000Z").await, [0; 0]);
    let wrong = world.get(&alice, "/v1/channels/general/events?after_at=yesterday").await;
    wrong.refused(ErrorCode::InvalidParameter);
}
