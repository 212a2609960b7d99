//! What is said of channels, for programs to show.

use api::{
    ErrorCode,
    auth::Actor,
    metadata::{MAX_METADATA_KEYS, MAX_METADATA_VALUE_BYTES},
};
use serde_json::{Value, json};

use crate::world::{Answer, World, kinds, operator, person, session_of, with_account, world};

const ALL: &str = "/v1/channels/general/metadata";

impl World {
    async fn says(&self, who: &Actor, key: &str, value: &str) -> Answer {
        self.ask(who, "PUT", &format!("{ALL}/{key}"), json!({ "value": value })).await
    }

    async fn unsays(&self, who: &Actor, path: &str) -> Answer {
        self.ask(who, "DELETE", path, Value::Null).await
    }

    async fn said(&self, who: &Actor) -> Vec<(String, String)> {
        let all = self.get(who, ALL).await.ok();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        all["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| (text(&item["key"]), text(&item["value"])))
            .collect()
    }
}

fn pair(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

#[tokio::test]
async fn operators_speak_for_a_channel_and_all_who_see_it_read_that() {
    let world = world().await;
    let (alice, bob, carol) = (person("alice"), person("bob"), person("carol"));
    world.joins(&alice, "general").await;
    world.joins(&bob, "general").await;
    let changed = world.says(&alice, "Avatar", "https://example.org/1.png").await.ok();
    assert_eq!((kinds(&changed), &changed["event"]["key"]), (vec!["metadata".to_owned()], &json!("avatar")));
    let same = world.says(&alice, "avatar", "https://example.org/1.png").await.ok();
    assert_eq!(same["event"], Value::Null, "what is so already changes nothing");
    world.says(&alice, "display-name", "General").await.ok();
    assert_eq!(
        world.said(&carol).await,
        [pair("avatar", "https://example.org/1.png"), pair("display-name", "General")]
    );
    assert_eq!(world.get(&carol, &format!("{ALL}/avatar")).await.ok()["value"], "https://example.org/1.png");
    world.get(&carol, &format!("{ALL}/url")).await.refused(ErrorCode::NotFound);

    world.says(&bob, "avatar", "mine").await.refused(ErrorCode::NotAnOperator);
    world.unsays(&bob, ALL).await.refused(ErrorCode::NotAnOperator);
    world.says(&carol, "avatar", "mine").await.refused(ErrorCode::NotAMember);

    let gone = world.unsays(&alice, &format!("{ALL}/avatar")).await.ok();
    assert_eq!(gone["event"]["value"], Value::Null);
    assert_eq!(world.unsays(&alice, &format!("{ALL}/avatar")).await.ok()["event"], Value::Null);
    world.says(&alice, "url", "https://example.org").await.ok();
    assert_eq!(kinds(&world.unsays(&alice, ALL).await.ok()), ["metadata", "metadata"]);
    assert_eq!(world.said(&alice).await, []);
}

#[tokio::test]
async fn of_a_closed_channel_only_members_read_it() {
    let world = world().await;
    let (alice, bob) = (person("alice"), person("bob"));
    world.joins(&alice, "general").await;
    world.says(&alice, "avatar", "a").await.ok();
    world.modes(&alice, "general", json!({ "invite_only": true })).await.ok();
    world.get(&bob, ALL).await.refused(ErrorCode::NotAMember);
    world.modes(&alice, "general", json!({ "invite_only": false, "secret": true })).await.ok();
    world.get(&bob, ALL).await.refused(ErrorCode::NoSuchChannel);
    assert_eq!(world.said(&operator("olga")).await, [pair("avatar", "a")]);
}

#[tokio::test]
async fn so_many_keys_of_so_many_bytes_and_no_more() {
    let world = world().await;
    let alice = person("alice");
    world.joins(&alice, "general").await;
    for n in 0..MAX_METADATA_KEYS {
        world.says(&alice, &format!("k{n}"), "v").await.ok();
    }
    world.says(&alice, "another", "v").await.refused(ErrorCode::ListFull);
    world.says(&alice, "k0", &"v".repeat(MAX_METADATA_VALUE_BYTES)).await.ok();
    world.says(&alice, "k0", &"v".repeat(MAX_METADATA_VALUE_BYTES + 1)).await.refused(ErrorCode::TextTooLong);
    world.says(&alice, "k0", "").await.refused(ErrorCode::InvalidText);
    world.says(&alice, "a%20b", "v").await.refused(ErrorCode::InvalidParameter);
}

#[tokio::test]
async fn an_abandoned_channel_says_nothing_any_more() {
    let world = world().await;
    let alice = person("alice");
    world.joins(&alice, "general").await;
    world.says(&alice, "avatar", "a").await.ok();
    world.parts(&alice, "general").await.ok();
    world.joins(&alice, "general").await;
    assert_eq!(world.said(&alice).await, []);
}

#[tokio::test]
async fn what_an_erased_person_said_of_a_channel_is_gone() {
    let mut world = world().await;
    let (zora, bob) = (session_of(&with_account("zora")), person("bob"));
    let id = world.joins(&bob, "general").await["channel"]["id"].as_str().unwrap().to_owned();
    world.joins(&zora, "general").await;
    world.gives(&bob, "general", &zora, "op", true).await.ok();
    world.says(&zora, "url", "xylophonic words").await.ok();
    world.says(&bob, "avatar", "bob's").await.ok();
    let path = format!("/v1/users/{}/data", zora.id());
    assert_eq!(world.as_users("DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(world.said(&bob).await, [pair("avatar", "bob's")]);
    let events = serde_json::to_string(&world.events(&id, 0).await).unwrap();
    assert!(!events.contains("xylophonic"), "{events}");
    for file in ["channels.db", "channels.db-wal"] {
        let bytes = std::fs::read(world.dir.path().join(file)).unwrap_or_default();
        assert!(!bytes.windows(10).any(|window| window == b"xylophonic"), "{file}");
    }
    world.stop().await;
}
