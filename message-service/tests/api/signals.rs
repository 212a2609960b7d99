//! What is passed on and not kept, and what clients say to clients with a message.

use api::ErrorCode;
use serde_json::json;

use crate::{answers::refused_soon, town::Town};

#[tokio::test(flavor = "multi_thread")]
async fn tags_stay_with_their_message() {
    let town = Town::new().await;
    let alice = town.guest("alice").await;
    town.joins(&alice, "rust").await;
    let path = "/v1/channels/rust/messages";
    let tags = json!({ "+example.org/x": "a b;c", "+y": "" });
    let said = town.ask(&alice, "POST", path, json!({ "text": "hi", "tags": tags })).await.ok();
    assert_eq!(said["tags"], tags);
    let read = town.get(&alice, path).await.ok();
    assert_eq!(read["items"][0]["tags"], tags);
    // A tag that names a message makes an answer to it; one that names none is a tag.
    let id = said["id"].as_str().unwrap();
    for (value, reply_to) in [(id, json!(id)), ("nothing", json!(null)), ("9x-1", json!(null))] {
        let body = json!({ "text": "yes", "tags": { "+draft/reply": value } });
        assert_eq!(town.ask(&alice, "POST", path, body).await.ok()["reply_to"], reply_to, "{value}");
    }
    for wrong in
        [json!({ "msgid": "1" }), json!({ "+": "" }), json!({ "+a": "x".repeat(4095) }), json!({ "+a": 1 })]
    {
        let body = json!({ "text": "hi", "tags": wrong });
        town.ask(&alice, "POST", path, body).await.refused(ErrorCode::InvalidParameter);
    }
    town.ask(&alice, "DELETE", &format!("/v1/messages/{id}"), json!({})).await.ok();
    assert_eq!(town.get(&alice, &format!("/v1/messages/{id}")).await.ok().get("tags"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_is_judged_like_a_message_and_leaves_nothing() {
    let town = Town::new().await;
    let (alice, bob) = (town.guest("alice").await, town.guest("bob").await);
    town.joins(&alice, "rust").await;
    let path = "/v1/channels/rust/signals";
    let typing = || json!({ "tags": { "+typing": "active" } });
    let passed = town.ask(&alice, "POST", path, typing()).await.ok();
    assert_eq!((&passed["target"], &passed["author"]["nick"]), (&json!("#rust"), &json!("alice")));
    assert_eq!(town.get(&alice, "/v1/channels/rust/messages").await.ok()["items"], json!([]));
    town.modes(&alice, "rust", json!({ "no_external": true })).await;
    refused_soon(ErrorCode::NotAMember, async || town.ask(&bob, "POST", path, typing()).await).await;
    town.joins(&bob, "rust").await;
    town.modes(&alice, "rust", json!({ "moderated": true })).await;
    refused_soon(ErrorCode::Moderated, async || town.ask(&bob, "POST", path, typing()).await).await;
    let to_ops = town.ask(&alice, "POST", path, json!({ "text": "psst", "to_role": "op" })).await.ok();
    assert_eq!((&to_ops["kind"], &to_ops["to_role"]), (&json!("message"), &json!("op")));
    for wrong in [json!({}), json!({ "text": "x" }), json!({ "text": "", "to_role": "op" })] {
        let code = town.ask(&alice, "POST", path, wrong.clone()).await;
        assert_eq!(code.status / 100, 4, "{wrong}");
    }
    let direct = "/v1/users/bob/signals";
    assert_eq!(town.ask(&alice, "POST", direct, typing()).await.ok()["to"]["nick"], "bob");
    town.ask(&alice, "POST", direct, json!({ "text": "x" })).await.refused(ErrorCode::InvalidParameter);
    town.ask(&alice, "POST", "/v1/users/nobody/signals", typing()).await.refused(ErrorCode::NoSuchNick);
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_alone_are_kept_for_whoever_asks_for_that() {
    let town = Town::new().await;
    let alice = town.guest("alice").await;
    town.joins(&alice, "rust").await;
    let path = "/v1/channels/rust/messages";
    let kept = json!({ "kind": "tags", "text": "", "tags": { "+example.org/x": "1" } });
    let said = town.ask(&alice, "POST", path, kept).await.ok();
    assert_eq!((&said["kind"], &said["seq"]), (&json!("tags"), &json!(1)));
    let read = town.get(&alice, path).await.ok();
    assert_eq!(read["items"][0], said);
    for wrong in
        [json!({ "kind": "tags", "text": "" }), json!({ "kind": "tags", "text": "x", "tags": { "+a": "" } })]
    {
        town.ask(&alice, "POST", path, wrong).await.refused(ErrorCode::InvalidParameter);
    }
}
