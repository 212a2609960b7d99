use api::metadata::{MAX_METADATA_KEYS, MAX_METADATA_LOOKUP, MAX_METADATA_VALUE_BYTES};
use reqwest::Method;
use serde_json::json;

use crate::town::{Town, refused, said};

const MINE: &str = "/v1/users/me/metadata";

#[tokio::test]
async fn everybody_speaks_for_themselves_and_reads_what_others_say() {
    let town = Town::up().await;
    let (alice, bob) = (town.guest("alice").await, town.guest("bob").await);
    let ask = |method, path: &str| town.request(method, path).bearer_auth(&alice.access_token);
    let put = |path: &str, value: &str| ask(Method::PUT, path).json(&json!({ "value": value }));
    let changed = said(put(&format!("{MINE}/Display-Name"), "Alice L."), 200).await;
    assert_eq!(changed["events"][0]["kind"], "metadata");
    assert_eq!(changed["events"][0]["key"], "display-name");
    said(put(&format!("{MINE}/x%2Fy"), "1"), 200).await;

    let reads = |path: &str| town.request(Method::GET, path).bearer_auth(&bob.access_token);
    let both = json!([{ "key": "display-name", "value": "Alice L." }, { "key": "x/y", "value": "1" }]);
    assert_eq!(said(reads("/v1/users/alice/metadata"), 200).await["items"], both);
    assert_eq!(said(reads("/v1/users/alice/metadata/x%2Fy"), 200).await["value"], "1");
    assert_eq!(refused(reads("/v1/users/alice/metadata/url")).await, "not-found");
    assert_eq!(refused(reads("/v1/users/nobody/metadata")).await, "no-such-nick");
    assert_eq!(refused(town.request(Method::GET, "/v1/users/alice/metadata")).await, "not-authenticated");

    let theirs = format!("/v1/users/{}/metadata", bob.user.id);
    assert_eq!(refused(put(&format!("{theirs}/url"), "mine")).await, "forbidden");
    assert_eq!(refused(ask(Method::DELETE, &theirs)).await, "forbidden");
    said(ask(Method::DELETE, &format!("{MINE}/x%2Fy")), 200).await;
    let cleared = said(ask(Method::DELETE, MINE), 200).await;
    assert_eq!(cleared["events"].as_array().unwrap().len(), 1);
    assert_eq!(said(ask(Method::GET, MINE), 200).await["items"], json!([]));
}

#[tokio::test]
async fn what_is_too_much_is_refused() {
    let town = Town::up().await;
    let alice = town.guest("alice").await;
    let put = |key: &str, value: &str| {
        let request = town.request(Method::PUT, &format!("{MINE}/{key}")).bearer_auth(&alice.access_token);
        request.json(&json!({ "value": value }))
    };
    said(put("k", &"v".repeat(MAX_METADATA_VALUE_BYTES)), 200).await;
    assert_eq!(refused(put("k", &"v".repeat(MAX_METADATA_VALUE_BYTES + 1))).await, "text-too-long");
    assert_eq!(refused(put("k", "")).await, "invalid-text");
    assert_eq!(refused(put("a%20b", "v")).await, "invalid-parameter");

    let looks = |ids: usize, keys: usize| {
        let ids: Vec<_> = (0..ids).map(|n| format!("1{n:011}")).collect();
        let keys: Vec<_> = (0..keys).map(|n| format!("k{n}")).collect();
        let request = town.request(Method::POST, "/v1/metadata:lookup").bearer_auth(&alice.access_token);
        request.json(&json!({ "ids": ids, "keys": keys }))
    };
    assert_eq!(said(looks(MAX_METADATA_LOOKUP, MAX_METADATA_KEYS), 200).await["items"], json!([]));
    assert_eq!(refused(looks(MAX_METADATA_LOOKUP + 1, 1)).await, "invalid-parameter");
    assert_eq!(refused(looks(1, MAX_METADATA_KEYS + 1)).await, "invalid-parameter");
}
