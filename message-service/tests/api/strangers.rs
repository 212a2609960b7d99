//! People who take direct messages from people with an account only.

use api::{
    EntryKind, ErrorCode,
    auth::ServiceName,
    messages::{SendItem, SendTo},
};
use serde_json::json;

use crate::{
    answers::{problem, refused_soon, stored},
    people::Someone,
    town::{Town, soon},
};

impl Town {
    async fn minds_strangers(&self, who: &Someone, set: bool) {
        let request = self.request(ServiceName::Users, Some(who), "PATCH", "/v1/users/me");
        self.send(request.json(&json!({ "modes": { "registered_only": set } }))).await.ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_refused_at_every_door_until_they_are_welcome_again() {
    let town = Town::new().await;
    let (alice, carol, bob) =
        (town.account("alice").await, town.account("carol").await, town.guest("bob").await);
    let writes = async |who: &Someone, to: &str| {
        town.ask(who, "POST", &format!("/v1/users/{to}/messages"), json!({ "text": "hi" })).await
    };
    let first = writes(&bob, "alice").await.ok()["id"].as_str().unwrap().to_owned();
    let hers = writes(&alice, "bob").await.ok()["id"].as_str().unwrap().to_owned();
    town.minds_strangers(&alice, true).await;
    refused_soon(ErrorCode::RegisteredOnly, async || writes(&bob, "alice").await).await;
    let id = alice.id.to_string();
    writes(&bob, &id).await.refused(ErrorCode::RegisteredOnly);
    let typing = json!({ "tags": { "+typing": "active" } });
    town.ask(&bob, "POST", "/v1/users/alice/signals", typing.clone())
        .await
        .refused(ErrorCode::RegisteredOnly);
    let path = format!("/v1/messages/{hers}/reactions/👍");
    town.ask(&bob, "PUT", &path, json!({})).await.refused(ErrorCode::RegisteredOnly);
    let to = SendTo::User(alice.actor().person);
    let about = |kind, of, key: &str| SendItem { kind, of, ..bob.item(to.clone(), "", key) };
    let results = town
        .batch(&[bob.item(to.clone(), "hi", "key-1"), about(EntryKind::Redaction, Some(1), "key-2")])
        .await;
    assert_eq!(problem(&results[0]), ErrorCode::RegisteredOnly);
    assert_eq!(stored(&results[1]).of, Some(1), "what one has said can be taken back: {first}");

    // It is about strangers, and about her.
    writes(&carol, "alice").await.ok();
    town.ask(&carol, "POST", "/v1/users/alice/signals", typing).await.ok();
    writes(&bob, "carol").await.ok();
    writes(&bob, "me").await.ok();
    town.minds_strangers(&alice, false).await;
    soon("strangers are welcome again", async || writes(&bob, "alice").await.status < 300).await;
    assert_eq!(
        town.get(&alice, "/v1/users/bob/messages").await.ok()["items"].as_array().map(Vec::is_empty),
        Some(false)
    );
}

/// As a gateway sends it for somebody who has logged in.
fn with_account(mut item: SendItem) -> SendItem {
    item.actor.account = item.actor.person.nick.as_str().try_into().ok();
    item
}

#[tokio::test(flavor = "multi_thread")]
async fn while_nobody_can_tell_a_stranger_is_told_to_come_back() {
    let mut town = Town::new().await;
    let (alice, bob, carol) =
        (town.account("alice").await, town.guest("bob").await, town.account("carol").await);
    let to = SendTo::User(alice.actor().person);
    town.stop_users().await;
    let results = town
        .batch(&[bob.item(to.clone(), "hi", "key-1"), with_account(carol.item(to.clone(), "hi", "key-2"))])
        .await;
    assert_eq!(problem(&results[0]), ErrorCode::Unavailable);
    assert_eq!(stored(&results[1]).seq, 1);
    town.start_users().await;
    let results = town.batch(&[bob.item(to, "hi", "key-3")]).await;
    assert_eq!(stored(&results[0]).text, "hi");
}
