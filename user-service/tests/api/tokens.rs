use api::{auth::Scopes, users::Tokens};
use kit::auth::Jwks;
use reqwest::Method;
use serde_json::{Value, json};

use crate::town::{PASSWORD, Town, as_, by_token, gateway_id, refused, said, session, soon};

fn exchange(town: &Town, body: &Value) -> reqwest::RequestBuilder {
    town.request(Method::POST, "/v1/tokens").json(body)
}

#[tokio::test]
async fn a_form_is_as_good_as_json() {
    let town = Town::up().await;
    town.registers("alice").await;
    let form = town
        .request(Method::POST, "/v1/tokens")
        .header("content-type", "application/x-www-form-urlencoded")
        .body("grant_type=password&name=alice&password=correct+horse+battery&scope=read+write");
    let response = form.send().await.unwrap();
    assert_eq!(response.headers()["cache-control"], "no-store");
    let tokens: Tokens = response.json().await.unwrap();
    assert_eq!((tokens.token_type.as_str(), tokens.expires_in), ("Bearer", 900));
    assert_eq!(tokens.scope, Scopes::from("read write".to_owned()));
    let me = town.request(Method::GET, "/v1/accounts/me").bearer_auth(&tokens.access_token);
    assert_eq!(refused(me).await, "insufficient-scope");
    assert_eq!(refused(exchange(&town, &json!({ "grant_type": "magic" }))).await, "invalid-parameter");
}

#[tokio::test]
async fn more_scopes_than_the_account_has_are_refused() {
    let town = Town::up().await;
    town.registers("alice").await;
    let body =
        json!({ "grant_type": "password", "name": "alice", "password": PASSWORD, "scope": "read operator" });
    assert_eq!(refused(exchange(&town, &body)).await, "insufficient-scope");
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_a_stolen_one_betrays_itself() {
    let town = Town::up().await;
    town.registers("alice").await;
    let first = town.logs_in("alice").await;
    let refresh = |token: &Option<String>| {
        exchange(&town, &json!({ "grant_type": "refresh_token", "refresh_token": token }))
    };
    let second: Tokens = as_(said(refresh(&first.refresh_token), 200).await);
    assert_ne!(second.refresh_token, first.refresh_token);
    let me = |tokens: &Tokens| town.request(Method::GET, "/v1/accounts/me").bearer_auth(&tokens.access_token);
    said(me(&second), 200).await;

    assert_eq!(refused(refresh(&first.refresh_token)).await, "bad-credentials");
    assert_eq!(refused(refresh(&second.refresh_token)).await, "bad-credentials", "the whole grant is gone");
    soon("the access tokens of the grant are refused", || async {
        me(&second).send().await.unwrap().status() == 401
    })
    .await;
    let other = town.logs_in("alice").await;
    said(me(&other), 200).await;
}

#[tokio::test]
async fn revoking_a_token_ends_its_login_and_no_other() {
    let town = Town::up().await;
    town.registers("alice").await;
    let me = |tokens: &Tokens| town.request(Method::GET, "/v1/accounts/me").bearer_auth(&tokens.access_token);
    let (kept, by_access, by_refresh) =
        (town.logs_in("alice").await, town.logs_in("alice").await, town.logs_in("alice").await);
    for token in [&by_access.access_token, by_refresh.refresh_token.as_ref().unwrap(), &"unknown".to_owned()]
    {
        said(town.request(Method::POST, "/v1/tokens/revoke").json(&json!({ "token": token })), 200).await;
    }
    for revoked in [&by_access, &by_refresh] {
        assert_eq!(refused(me(revoked)).await, "not-authenticated");
        let body = json!({ "grant_type": "refresh_token", "refresh_token": revoked.refresh_token });
        assert_eq!(refused(exchange(&town, &body)).await, "bad-credentials");
    }
    said(me(&kept), 200).await;

    // The others learn it from the list.
    let list = said(town.as_service(Method::GET, "/v1/revocations?after=0"), 200).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    let rest = format!("/v1/revocations?after={}", list["cursor"]);
    assert_eq!(said(town.as_service(Method::GET, &rest), 200).await["items"], json!([]));
    assert_eq!(
        refused(town.request(Method::GET, "/v1/revocations").bearer_auth(&kept.access_token)).await,
        "forbidden"
    );
}

#[tokio::test]
async fn a_guest_who_revokes_gives_the_nick_up() {
    let town = Town::up().await;
    let guest = town.guest("alice").await;
    assert_eq!(refused(town.wants_guest("alice")).await, "nick-in-use");
    said(town.request(Method::POST, "/v1/tokens/revoke").json(&json!({ "token": guest.access_token })), 200)
        .await;
    soon("the guest is taken out of all channels", || async {
        town.neighbour
            .told()
            .iter()
            .any(|(_, body)| body["all"] == true && body["user"]["id"] == json!(guest.user.id))
    })
    .await;
    soon("the nick is free", || async { town.wants_guest("alice").send().await.unwrap().status() == 200 })
        .await;
}

#[tokio::test]
async fn an_api_token_is_exchanged_for_its_own_scopes_listed_and_revoked() {
    let town = Town::up().await;
    town.registers("alice").await;
    let alice = town.logs_in("alice").await;
    let tokens = |method| town.request(method, "/v1/accounts/me/api-tokens").bearer_auth(&alice.access_token);
    let too_much = json!({ "label": "bot", "scopes": "read operator" });
    assert_eq!(refused(tokens(Method::POST).json(&too_much)).await, "insufficient-scope");
    let made = said(tokens(Method::POST).json(&json!({ "label": "bot", "scopes": "read write" })), 201).await;
    let mistyped = json!({ "label": "bot", "scopes": "read wirte" });
    let mistyped = said(tokens(Method::POST).json(&mistyped), 422).await;
    assert!(mistyped.to_string().contains("there is no scope wirte"), "{mistyped}");
    let secret = made["secret"].as_str().unwrap();
    let list = said(tokens(Method::GET), 200).await;
    assert_eq!((&list["items"][0]["id"], list["items"][0].get("secret")), (&made["id"], None));

    assert_eq!(
        refused(town.request(Method::GET, "/v1/users/me").bearer_auth(secret)).await,
        "not-authenticated"
    );
    let body = json!({ "grant_type": "api_token", "api_token": secret });
    let access: Tokens = as_(said(exchange(&town, &body), 200).await);
    assert_eq!((access.scope, access.refresh_token), (Scopes::from("read write".to_owned()), None));
    let opened = town.opens(session(&gateway_id(), "192.0.2.1", by_token(secret))).await.unwrap();
    assert_eq!(opened.scopes, access.scope, "a session keeps the scopes it was opened with");

    let one = format!("/v1/accounts/me/api-tokens/{}", made["id"].as_str().unwrap());
    said(town.request(Method::DELETE, &one).bearer_auth(&alice.access_token), 204).await;
    assert_eq!(
        refused(town.request(Method::DELETE, &one).bearer_auth(&alice.access_token)).await,
        "not-found"
    );
    assert_eq!(refused(exchange(&town, &body)).await, "bad-credentials");
    let me = town.request(Method::GET, "/v1/users/me").bearer_auth(&access.access_token);
    assert_eq!(refused(me).await, "not-authenticated");
    let again = town.opens(session(&gateway_id(), "192.0.2.1", by_token(secret))).await;
    assert_eq!(again.unwrap_err().code.as_str(), "bad-credentials");
    soon("its session leaves the channels", || async { !town.neighbour.ended(&opened.session).is_empty() })
        .await;
}

#[tokio::test]
async fn guests_have_no_api_tokens() {
    let town = Town::up().await;
    let guest = town.guest("bob").await;
    let request = town.request(Method::POST, "/v1/accounts/me/api-tokens").bearer_auth(&guest.access_token);
    assert_eq!(refused(request.json(&json!({ "label": "bot" }))).await, "forbidden");
}

#[tokio::test]
async fn keys_are_published_and_outlive_a_restart() {
    let mut town = Town::up().await;
    let guest = town.guest("bob").await;
    let jwks = || town.request(Method::GET, "/.well-known/jwks.json");
    let before: Jwks = as_(said(jwks(), 200).await);
    assert_eq!((before.keys.len(), before.keys[0].crv.as_str()), (1, "Ed25519"));
    town.stop().await;
    town.start().await;
    let after: Jwks = as_(said(town.request(Method::GET, "/.well-known/jwks.json"), 200).await);
    assert_eq!(before.keys[0].x, after.keys[0].x);
    said(town.request(Method::GET, "/v1/users/me").bearer_auth(&guest.access_token), 200).await;
}
