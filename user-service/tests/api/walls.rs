//! Who may ask what, and how much at once.

use api::{
    page::{MAX_BATCH, MAX_HEADS},
    users::MAX_LOOKUP,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::town::{Town, refused, said};

#[tokio::test]
async fn what_is_for_services_is_refused_to_people() {
    let town = Town::up().await;
    let bob = town.guest("bob").await;
    for (method, path, body) in [
        (Method::POST, "/v1/sessions:open", json!({ "items": [] })),
        (Method::POST, "/v1/sessions:end", json!({ "items": [] })),
        (Method::POST, "/v1/sessions/1a/tokens", json!({ "label": null })),
        (Method::PUT, "/v1/gateways/1a/lease", json!({ "state": "active" })),
        (Method::GET, "/v1/users/1a/events", Value::Null),
        (Method::POST, "/v1/heads", json!({ "held": {} })),
        (Method::GET, "/v1/revocations", Value::Null),
        (Method::GET, "/v1/events", Value::Null),
    ] {
        let request = |token: Option<&str>| {
            let request = town.request(method.clone(), path).json(&body);
            token.map_or_else(
                || town.request(method.clone(), path).json(&body),
                |token| request.bearer_auth(token),
            )
        };
        assert_eq!(refused(request(Some(&bob.access_token))).await, "forbidden", "{path}");
        assert_eq!(refused(request(None)).await, "not-authenticated", "{path}");
    }
}

#[tokio::test]
async fn what_needs_a_token_says_so() {
    let town = Town::up().await;
    for path in [
        "/v1/accounts/me",
        "/v1/accounts/me/export",
        "/v1/accounts/me/api-tokens",
        "/v1/users/me",
        "/v1/users/me/sessions",
        "/v1/nicks/bob/history",
        "/v1/network-bans",
    ] {
        let response = town.request(Method::GET, path).send().await.unwrap();
        assert_eq!(response.status(), 401, "{path}");
        assert!(response.headers().contains_key("www-authenticate"));
    }
}

#[tokio::test]
async fn batches_and_pages_are_bounded_at_n_and_not_before() {
    let town = Town::up().await;
    let ids = |n: usize| (0..n).map(|at| format!("9nobody{at}")).collect::<Vec<_>>();
    let lookup = |n| town.as_service(Method::POST, "/v1/users:lookup").json(&json!({ "ids": ids(n) }));
    said(lookup(MAX_LOOKUP), 200).await;
    assert_eq!(refused(lookup(MAX_LOOKUP + 1)).await, "invalid-parameter");
    let heads = |n| {
        let held: serde_json::Map<String, Value> = ids(n).into_iter().map(|id| (id, json!(1))).collect();
        town.as_service(Method::POST, "/v1/heads").json(&json!({ "held": held }))
    };
    said(heads(MAX_HEADS), 200).await;
    assert_eq!(refused(heads(MAX_HEADS + 1)).await, "invalid-parameter");
    let ends = |n| {
        let items: Vec<_> = ids(n).into_iter().map(|id| json!({ "session": id, "reason": "" })).collect();
        town.as_service(Method::POST, "/v1/sessions:end").json(&json!({ "items": items }))
    };
    said(ends(MAX_BATCH), 204).await;
    assert_eq!(refused(ends(MAX_BATCH + 1)).await, "invalid-parameter");
    let bob = town.guest("bob").await;
    let page = |limit: u32| {
        town.request(Method::GET, &format!("/v1/users/me/sessions?limit={limit}"))
            .bearer_auth(&bob.access_token)
    };
    said(page(1000), 200).await;
    assert_eq!(refused(page(1001)).await, "invalid-parameter");
    assert_eq!(refused(page(0)).await, "invalid-parameter");
}

#[tokio::test]
async fn every_path_is_documented() {
    let town = Town::up().await;
    let openapi = said(town.request(Method::GET, "/openapi.json"), 200).await;
    let paths = openapi["paths"].as_object().unwrap();
    for path in
        ["/v1/accounts", "/v1/tokens", "/v1/users:lookup", "/v1/sessions:open", "/.well-known/jwks.json"]
    {
        assert!(paths.contains_key(path), "{path}");
    }
}
