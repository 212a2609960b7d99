use api::{ErrorCode, auth::ServiceName};
use serde_json::{Value, json};

use crate::{answers::refused_soon, town::Town};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_is_answered_kept_and_read_again_after_a_restart() {
    let mut town = Town::new().await;
    let alice = town.guest("alice").await;
    town.joins(&alice, "général").await;
    let answer = town.says(&alice, "général", "bonjour\nà tous").await;
    let location = answer.header("location").unwrap().to_owned();
    assert_eq!((answer.status, answer.header("idempotent-replayed")), (201, None));
    let entry = answer.ok();
    assert_eq!(entry["target"], "#général");
    assert_eq!(
        (&entry["seq"], &entry["kind"], &entry["text"]),
        (&json!(1), &json!("message"), &json!("bonjour\nà tous"))
    );
    assert_eq!(entry["author"]["nick"], "alice");
    assert!(entry["channel_version"].as_u64().unwrap() >= 1);
    assert_eq!(town.get(&alice, &location).await.ok(), entry);
    // As plain text, by the channel's id, and as something else than a message.
    let id = entry["conversation"].as_str().unwrap();
    let path = format!("/v1/channels/{id}/messages");
    let request = town.request(ServiceName::Messages, Some(&alice), "POST", &path);
    town.send(request.header("content-type", "text/plain; charset=utf-8").body("plain")).await.ok();
    let action = json!({ "text": "waves", "kind": "action", "reply_to": entry["id"] });
    assert_eq!(town.ask(&alice, "POST", &path, action).await.ok()["reply_to"], entry["id"]);
    town.stop_messages().await;
    town.start_messages().await;
    let page = town.get(&alice, "/v1/channels/général/messages").await.ok();
    let kinds: Vec<_> = page["items"].as_array().unwrap().iter().map(|item| item["kind"].clone()).collect();
    assert_eq!(kinds, ["message", "message", "action"]);
    assert_eq!(page["items"][0], entry);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_gets_the_first_answer_even_from_somebody_kicked_meanwhile() {
    let town = Town::new().await;
    let (alice, bob) = (town.guest("alice").await, town.guest("bob").await);
    town.joins(&alice, "rust").await;
    town.joins(&bob, "rust").await;
    let first = town.says_once(&bob, "rust", "hi", "\"key-1\"").await;
    assert_eq!(first.header("idempotent-replayed"), None);
    let first = first.ok();
    town.kicks(&alice, "rust", &bob).await;
    let again = town.says_once(&bob, "rust", "hi", "key-1").await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (201, Some("true")));
    assert_eq!(again.ok(), first);
    town.says_once(&bob, "rust", "ho", "key-1").await.refused(ErrorCode::KeyReused);
    let mut key = 1;
    refused_soon(ErrorCode::NotAMember, async || {
        key += 1;
        town.says_once(&bob, "rust", "hi", &format!("key-{key}")).await
    })
    .await;
    town.says_once(&bob, "rust", "hi", "two words").await.refused(ErrorCode::InvalidParameter);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_speak_is_told_why() {
    let town = Town::new().await;
    let (op, bob) = (town.guest("op").await, town.guest("bob").await);
    town.joins(&op, "rust").await;
    let says = async || town.says(&bob, "rust", "hi").await;
    town.modes(&op, "rust", json!({ "no_external": true })).await;
    refused_soon(ErrorCode::NotAMember, says).await;
    town.modes(&op, "rust", json!({ "no_external": false })).await;
    says().await.ok();
    town.modes(&op, "rust", json!({ "secret": true })).await;
    let hidden = refused_soon(ErrorCode::NoSuchChannel, says).await;
    assert!(!hidden.to_string().contains("member"), "{hidden}");
    town.modes(&op, "rust", json!({ "secret": false, "moderated": true })).await;
    refused_soon(ErrorCode::Moderated, says).await;
    town.joins(&bob, "rust").await;
    refused_soon(ErrorCode::Moderated, says).await;
    let role = format!("/v1/channels/rust/members/{}/roles", bob.id);
    town.rules(&op, "PUT", &role, json!({ "role": "voice", "set": true })).await;
    says().await.ok();
    town.rules(&op, "PUT", &role, json!({ "role": "voice", "set": false })).await;
    town.modes(&op, "rust", json!({ "moderated": false })).await;
    let ban = town.rules(&op, "POST", "/v1/channels/rust/bans", json!({ "mask": "bob!*@*" })).await;
    refused_soon(ErrorCode::Banned, says).await;
    town.rules(&op, "DELETE", &format!("/v1/channels/rust/bans/{}", ban["id"].as_str().unwrap()), json!({}))
        .await;
    town.modes(&op, "rust", json!({ "slow_seconds": 60 })).await;
    let said = says().await.ok();
    let slow = refused_soon(ErrorCode::TooFast, says).await;
    // Nor is there another way to speak.
    let message = format!("/v1/messages/{}", said["id"].as_str().unwrap());
    let edit = json!({ "text": "and another thing" });
    town.ask(&bob, "PATCH", &message, edit).await.refused(ErrorCode::TooFast);
    let reaction = format!("{message}/reactions/%F0%9F%91%8D");
    town.ask(&bob, "PUT", &reaction, Value::Null).await.refused(ErrorCode::TooFast);
    assert!((1..=60).contains(&slow["retry_after"].as_u64().unwrap()), "{slow}");
    town.says(&op, "rust", "ops are not slowed").await.ok();
    town.says(&op, "rust", "ops are not slowed").await.ok();
    town.says(&bob, "nowhere", "hi").await.refused(ErrorCode::NoSuchChannel);
    town.says(&bob, "1nowhere", "hi").await.refused(ErrorCode::NoSuchChannel);
    town.says(&bob, "a,b", "hi").await.refused(ErrorCode::InvalidChannelName);
    let nobody = town.request(ServiceName::Messages, None, "POST", "/v1/channels/rust/messages");
    town.send(nobody.json(&json!({ "text": "hi" }))).await.refused(ErrorCode::NotAuthenticated);
}

#[tokio::test(flavor = "multi_thread")]
async fn direct_messages_are_for_two() {
    let town = Town::new().await;
    let (alice, bob, eve) = (town.guest("alice").await, town.guest("bob").await, town.guest("eve").await);
    let hi = town.ask(&alice, "POST", "/v1/users/bob/messages", json!({ "text": "hi" })).await.ok();
    assert_eq!((&hi["target"], &hi["seq"], &hi["to"]["id"]), (&json!("bob"), &json!(1), &json!(bob.id)));
    let path = format!("/v1/users/{}/messages", alice.id);
    let ho = town.ask(&bob, "POST", &path, json!({ "text": "ho" })).await.ok();
    assert_eq!((&ho["seq"], &ho["conversation"]), (&json!(2), &hi["conversation"]));
    assert_eq!(town.texts(&alice, "/v1/users/bob/messages").await, ["hi", "ho"]);
    assert_eq!(town.texts(&bob, "/v1/users/alice/messages").await, ["hi", "ho"]);
    assert_eq!(town.texts(&eve, "/v1/users/alice/messages").await, [""; 0]);
    let one = format!("/v1/messages/{}", hi["id"].as_str().unwrap());
    town.get(&bob, &one).await.ok();
    town.get(&eve, &one).await.refused(ErrorCode::NoSuchMessage);
    town.ask(&eve, "DELETE", &one, Value::Null).await.refused(ErrorCode::NoSuchMessage);
    town.ask(&bob, "DELETE", &one, Value::Null).await.refused(ErrorCode::Forbidden);
    let reaction = format!("{one}/reactions/%F0%9F%91%8D");
    assert_eq!(town.ask(&bob, "PUT", &reaction, Value::Null).await.ok()["to"]["nick"], "alice");
    // A channel's conversation cannot be reached as a person, nor a person's as a channel.
    let id = hi["conversation"].as_str().unwrap();
    town.get(&alice, &format!("/v1/channels/{id}/messages")).await.refused(ErrorCode::NoSuchChannel);
    for nobody in ["nobody", "1nobody", "n,o"] {
        let path = format!("/v1/users/{nobody}/messages");
        town.ask(&alice, "POST", &path, json!({ "text": "hi" })).await.refused(ErrorCode::NoSuchNick);
        town.get(&alice, &path).await.refused(ErrorCode::NoSuchNick);
    }
    town.ask(&alice, "POST", "/v1/users/me/messages", json!({ "text": "a note" })).await.ok();
    assert_eq!(town.texts(&alice, "/v1/users/me/messages").await, ["a note"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn reactions_are_listed_with_those_who_gave_them() {
    let town = Town::new().await;
    let (alice, bob, eve) = (town.guest("alice").await, town.guest("bob").await, town.guest("eve").await);
    town.joins(&alice, "rust").await;
    town.joins(&bob, "rust").await;
    let said = town.says(&bob, "rust", "lunch?").await.ok();
    let path = format!("/v1/messages/{}/reactions", said["id"].as_str().unwrap());
    assert_eq!(town.get(&bob, &path).await.ok(), json!({ "items": [], "next": null }));
    for (who, method, emoji) in [
        (&bob, "PUT", "👍"),
        (&alice, "PUT", "☕"),
        (&alice, "PUT", "👍"),
        (&bob, "PUT", "☕"),
        (&alice, "DELETE", "☕"),
    ] {
        town.ask(who, method, &format!("{path}/{emoji}"), Value::Null).await.ok();
    }
    let seen = |page: &Value| {
        let items = page["items"].as_array().unwrap().iter();
        let nicks = |item: &Value| {
            item["users"].as_array().unwrap().iter().map(|user| user["nick"].clone()).collect::<Vec<_>>()
        };
        items.map(|item| json!([item["emoji"], item["count"], nicks(item)])).collect::<Vec<_>>()
    };
    let (thumbs, coffee) = (json!(["👍", 2, ["bob", "alice"]]), json!(["☕", 1, ["bob"]]));
    assert_eq!(seen(&town.get(&alice, &path).await.ok()), [thumbs.clone(), coffee.clone()]);
    let first = town.get(&alice, &format!("{path}?limit=1")).await.ok();
    let next = first["next"].as_str().unwrap();
    let second = town.get(&alice, &format!("{path}?limit=1&cursor={next}")).await.ok();
    assert_eq!((seen(&first), seen(&second), &second["next"]), (vec![thumbs], vec![coffee], &Value::Null));
    for wrong in ["?limit=0", "?limit=1001", "?cursor=x", "?cursor=-1", "?emoji=x"] {
        town.get(&alice, &format!("{path}{wrong}")).await.refused(ErrorCode::InvalidParameter);
    }
    town.get(&eve, &path).await.refused(ErrorCode::NotAMember);
    town.get(&bob, &path.replace("-1/", "-99/")).await.refused(ErrorCode::NoSuchMessage);
    town.ask(&bob, "PUT", &format!("{path}/abc"), Value::Null).await.refused(ErrorCode::InvalidParameter);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_edited_reacted_to_and_redacted() {
    let town = Town::new().await;
    let (op, bob) = (town.guest("op").await, town.guest("bob").await);
    town.joins(&op, "rust").await;
    town.joins(&bob, "rust").await;
    let first = town.says(&bob, "rust", "teh").await.ok();
    let path = format!("/v1/messages/{}", first["id"].as_str().unwrap());
    town.ask(&op, "PATCH", &path, json!({ "text": "x" })).await.refused(ErrorCode::Forbidden);
    let edited = town.ask(&bob, "PATCH", &path, json!({ "text": "the" })).await.ok();
    assert_eq!((&edited["text"], &edited["seq"]), (&json!("the"), &json!(1)));
    assert!(edited["edited_at"].is_string());
    let thumb = format!("{path}/reactions/👍");
    let reaction = town.ask(&op, "PUT", &thumb, Value::Null).await.ok();
    assert_eq!(
        (&reaction["kind"], &reaction["of"], &reaction["seq"]),
        (&json!("reaction"), &json!(1), &json!(3))
    );
    assert_eq!(town.ask(&op, "PUT", &thumb, Value::Null).await.ok(), reaction);
    assert_eq!(town.ask(&op, "DELETE", &thumb, Value::Null).await.status, 204);
    town.ask(&op, "DELETE", &thumb, Value::Null).await.ok();
    let second = town.says(&op, "rust", "ops say").await.ok();
    let of_op = format!("/v1/messages/{}", second["id"].as_str().unwrap());
    town.ask(&bob, "DELETE", &of_op, Value::Null).await.refused(ErrorCode::NotAnOperator);
    let why = format!("{path}?reason=spam");
    assert_eq!(town.ask(&op, "DELETE", &why, Value::Null).await.status, 204);
    assert_eq!(town.ask(&bob, "DELETE", &path, Value::Null).await.status, 204);
    let shown = town.get(&bob, &path).await.ok();
    assert_eq!((&shown["text"], &shown["redacted"]), (&json!(""), &json!(true)));
    assert_eq!(town.texts(&bob, "/v1/channels/rust/messages").await, ["", "", "👍", "👍", "ops say", "spam"]);
    town.ask(&bob, "PATCH", &path, json!({ "text": "x" })).await.refused(ErrorCode::NoSuchMessage);
    for wrong in ["1nowhere-1", "x", &format!("{}-99", first["conversation"].as_str().unwrap())] {
        town.get(&bob, &format!("/v1/messages/{wrong}")).await.refused(ErrorCode::NoSuchMessage);
    }
    let outsider = town.guest("outsider").await;
    town.get(&outsider, &path).await.refused(ErrorCode::NotAMember);
    // A refusal is the owner's word of now: what it says is never old.
    town.modes(&op, "rust", json!({ "secret": true })).await;
    town.get(&outsider, &path).await.refused(ErrorCode::NoSuchMessage);
}
