use api::{ErrorCode, auth::ServiceName};
use serde_json::{Value, json};

use crate::{answers::refused_soon, town::Town};

#[tokio::test(flavor = "multi_thread")]
async fn history_is_paged_by_seq_and_for_members() {
    let town = Town::new().await;
    let (alice, bob) = (town.guest("alice").await, town.guest("bob").await);
    town.joins(&alice, "rust").await;
    assert_eq!(
        town.get(&alice, "/v1/channels/rust/messages").await.ok(),
        json!({ "items": [], "first_seq": 1, "has_before": false, "has_after": false })
    );
    for i in 1..=7 {
        town.says(&alice, "rust", &i.to_string()).await.ok();
    }
    let path = "/v1/channels/rust/messages";
    for (query, texts, before, after) in [
        ("?limit=2", vec!["6", "7"], true, false),
        ("?after=0&limit=2", vec!["1", "2"], false, true),
        ("?before=3", vec!["1", "2"], false, true),
        ("?around=4&limit=3", vec!["3", "4", "5"], true, true),
        ("?between=2,5", vec!["3", "4"], true, true),
        ("?after=7", vec![], true, false),
    ] {
        let page = town.get(&alice, &format!("{path}{query}")).await.ok();
        assert_eq!((&page["has_before"], &page["has_after"]), (&json!(before), &json!(after)), "{query}");
        assert_eq!(town.texts(&alice, &format!("{path}{query}")).await, texts, "{query}");
    }
    town.get(&alice, &format!("{path}?after=1&before=3")).await.refused(ErrorCode::BadRequest);
    for wrong in ["?limit=0", "?limit=1001", "?limit=x", "?after=-1", "?befor=3"] {
        town.get(&alice, &format!("{path}{wrong}")).await.refused(ErrorCode::InvalidParameter);
    }
    town.get(&alice, &format!("{path}?limit=1000")).await.ok();
    town.get(&bob, path).await.refused(ErrorCode::NotAMember);
    town.joins(&bob, "rust").await;
    assert_eq!(town.texts(&bob, path).await.len(), 7);
    town.kicks(&alice, "rust", &bob).await;
    refused_soon(ErrorCode::NotAMember, async || town.get(&bob, path).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_closed_channel_said_is_not_read_by_those_who_find_it_empty() {
    let town = Town::new().await;
    let (alice, bob) = (town.guest("alice").await, town.guest("bob").await);
    town.joins(&alice, "den").await;
    town.modes(&alice, "den", json!({ "secret": true })).await;
    let old = town.says(&alice, "den", "between us").await.ok();
    town.rules(&alice, "DELETE", "/v1/channels/den/members/me", json!({})).await;
    town.joins(&bob, "den").await;
    let page = town.get(&bob, "/v1/channels/den/messages").await.ok();
    assert_eq!((page["items"].as_array().unwrap().len(), page["first_seq"].as_u64()), (0, Some(2)));
    town.get(&bob, &format!("/v1/messages/{}", old["id"].as_str().unwrap()))
        .await
        .refused(ErrorCode::NoSuchMessage);
    assert_eq!(town.says(&bob, "den", "hello?").await.ok()["seq"], 2);
    assert_eq!(town.texts(&bob, "/v1/channels/den/messages?after=0").await, ["hello?"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_are_listed_with_what_is_unread() {
    let town = Town::new().await;
    let (alice, bob) = (town.guest("alice").await, town.guest("bob").await);
    for channel in ["one", "two"] {
        town.joins(&alice, channel).await;
        town.joins(&bob, channel).await;
        town.says(&bob, channel, "a").await.ok();
        town.says(&bob, channel, "b").await.ok();
    }
    town.ask(&bob, "POST", "/v1/users/alice/messages", json!({ "text": "psst" })).await.ok();
    let marker = town.ask(&alice, "PUT", "/v1/channels/one/read-marker", json!({ "seq": 2 })).await;
    let marker = marker.ok();
    assert_eq!(marker["seq"], 2);
    assert_eq!(town.get(&alice, "/v1/channels/one/read-marker").await.ok(), marker);
    assert_eq!(town.get(&alice, "/v1/users/bob/read-marker").await.ok(), json!({ "seq": 0 }));
    town.ask(&alice, "PUT", "/v1/users/bob/read-marker", json!({ "seq": 2 }))
        .await
        .refused(ErrorCode::InvalidParameter);
    town.ask(&alice, "PUT", "/v1/users/bob/read-marker", json!({ "seq": 1 })).await.ok();
    let mut listed = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = town.get(&alice, &format!("/v1/users/me/conversations?limit=2{cursor}")).await.ok();
        listed.extend(page["items"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let summary: Vec<_> =
        listed.iter().map(|c| json!([c["target"], c["last_seq"], c["read_seq"], c["unread"]])).collect();
    assert_eq!(summary, [json!(["#one", 2, 2, 0]), json!(["#two", 2, 0, 2]), json!(["bob", 1, 1, 0])]);
    assert_eq!(listed[2]["user"], json!(bob.id));
    town.get(&alice, "/v1/users/me/conversations?cursor=x").await.refused(ErrorCode::InvalidParameter);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_turn_is_a_problem() {
    let town = Town::new().await;
    let alice = town.guest("alice").await;
    town.joins(&alice, "rust").await;
    town.get(&alice, "/v1/nothing").await.refused(ErrorCode::NotFound);
    town.ask(&alice, "PUT", "/v1/channels/rust/messages", json!({}))
        .await
        .refused(ErrorCode::MethodNotAllowed);
    let post = || town.request(ServiceName::Messages, Some(&alice), "POST", "/v1/channels/rust/messages");
    town.send(post().body("{}")).await.refused(ErrorCode::UnsupportedMediaType);
    town.send(post().header("content-type", "application/json").body("{"))
        .await
        .refused(ErrorCode::BadRequest);
    town.send(post().json(&json!({ "text": 7 }))).await.refused(ErrorCode::InvalidParameter);
    town.send(post().json(&json!({ "text": "x", "colour": "red" })))
        .await
        .refused(ErrorCode::InvalidParameter);
    town.send(post().json(&json!({ "text": "x", "kind": "edit" })))
        .await
        .refused(ErrorCode::InvalidParameter);
    town.send(post().json(&json!({ "text": "a\u{0}b" }))).await.refused(ErrorCode::InvalidText);
    town.send(post().header("content-type", "text/plain").body(vec![0xff]))
        .await
        .refused(ErrorCode::BadRequest);
    let long =
        town.send(post().json(&json!({ "text": "x".repeat(4097) }))).await.refused(ErrorCode::TextTooLong);
    assert_eq!(long["errors"][0]["pointer"], "/text");
    town.send(post().json(&json!({ "text": "x".repeat(4096) }))).await.ok();
    let docs: Value = town.send(town.request(ServiceName::Messages, None, "GET", "/openapi.json")).await.ok();
    assert!(docs["paths"]["/v1/messages:batch"]["post"].is_object());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_only_read_moves_no_read_marker() {
    let town = Town::new().await;
    let alice = town.account("alice").await;
    town.joins(&alice, "one").await;
    town.says(&alice, "one", "a").await.ok();
    let reader = town.logs_in("alice", "read").await;
    town.guest("bob").await;
    for path in ["/v1/channels/one/read-marker", "/v1/users/bob/read-marker"] {
        let put = town.ask(&reader, "PUT", path, json!({ "seq": 0 })).await;
        put.refused(ErrorCode::InsufficientScope);
        town.get(&reader, path).await.ok();
        town.ask(&alice, "PUT", path, json!({ "seq": 0 })).await.ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_another_nick_by_now_speaks_under_it_whatever_the_token_says() {
    let town = Town::new().await;
    let (victim, bob) = (town.guest("victim").await, town.guest("bob").await);
    town.joins(&victim, "one").await;
    let patch = town.request(ServiceName::Users, Some(&victim), "PATCH", "/v1/users/me");
    town.send(patch.json(&json!({ "nick": "mallory" }))).await.ok();
    town.guest("victim").await;
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
    loop {
        let said = town.ask(&victim, "POST", "/v1/users/bob/messages", json!({ "text": "psst" })).await.ok();
        if said["author"]["nick"] == "mallory" {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "still called {}", said["author"]["nick"]);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let heard = town.get(&bob, &format!("/v1/users/{}/messages?limit=1", victim.id)).await.ok();
    assert_eq!(heard["items"][0]["author"]["nick"], "mallory");
}
