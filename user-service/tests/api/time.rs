//! What goes with time, by a clock that the test moves.

use std::time::Duration;

use api::{Timestamp, users::Tokens};
use base64::Engine;
use kit::{Clock, auth::Jwks, config::Period};
use reqwest::Method;
use serde_json::{Value, json};
use user_service::Config;

use crate::town::{Town, as_, as_guest, by_password, gateway_id, hasty, refused, said, session, soon};

const MINUTE: Duration = Duration::from_secs(60);

/// A token must not seem to come from the future to those who look at the system's clock.
fn now() -> Clock {
    Clock::manual(Timestamp::now())
}

#[tokio::test]
async fn a_guests_nick_is_held_while_a_token_lives_and_free_afterwards() {
    let town = Town::at(now(), hasty()).await;
    let bob = town.guest("bob").await;
    town.clock.advance(14 * MINUTE);
    let body = json!({ "grant_type": "refresh_token", "refresh_token": bob.refresh_token });
    let again: Tokens = as_(said(town.request(Method::POST, "/v1/tokens").json(&body), 200).await);
    assert_eq!(again.user, bob.user);
    town.clock.advance(14 * MINUTE);
    assert_eq!(refused(town.wants_guest("bob")).await, "nick-in-use");
    said(town.request(Method::GET, "/v1/users/me").bearer_auth(&again.access_token), 200).await;

    town.clock.advance(2 * MINUTE);
    assert_eq!(
        refused(town.request(Method::GET, "/v1/users/me").bearer_auth(&again.access_token)).await,
        "not-authenticated"
    );
    soon("the nick is free", || async { town.wants_guest("bob").send().await.unwrap().status() == 200 })
        .await;
    soon("the guest's channels are left", || async {
        town.neighbour
            .told()
            .iter()
            .any(|(_, body)| body["all"] == true && body["user"]["id"] == json!(bob.user.id))
    })
    .await;
    let body = json!({ "grant_type": "refresh_token", "refresh_token": again.refresh_token });
    assert_eq!(refused(town.request(Method::POST, "/v1/tokens").json(&body)).await, "bad-credentials");
}

#[tokio::test]
async fn a_guest_with_a_session_keeps_the_nick_when_the_token_dies() {
    let town = Town::at(now(), hasty()).await;
    let opened = town.opens(session(&gateway_id(), "192.0.2.1", as_guest("bob"))).await.unwrap();
    let label = api::users::SessionToken { label: None };
    town.gateway().session_token(&crate::town::actor(&opened), &opened.session, &label).await.unwrap();
    town.clock.advance(16 * MINUTE);
    // Somebody else's nick comes free: the housekeeping has been here.
    let dave = town.opens(session(&gateway_id(), "192.0.2.1", as_guest("dave"))).await.unwrap();
    assert!(dave.user.online);
    town.guest("carol").await;
    town.clock.advance(16 * MINUTE);
    soon("carol is gone", || async { town.wants_guest("carol").send().await.unwrap().status() == 200 }).await;
    assert_eq!(refused(town.wants_guest("bob")).await, "nick-in-use");
}

fn kid(token: &str) -> String {
    let header = token.split('.').next().unwrap();
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header).unwrap();
    serde_json::from_slice::<Value>(&header).unwrap()["kid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_new_key_is_published_a_quarter_of_an_hour_before_its_use() {
    let town = Town::at(now(), Config { key_rotation: Period::seconds(3600), ..hasty() }).await;
    let keys = || async {
        let jwks: Jwks = as_(said(town.request(Method::GET, "/.well-known/jwks.json"), 200).await);
        jwks.keys.into_iter().map(|key| key.kid).collect::<Vec<_>>()
    };
    let first = keys().await;
    town.clock.advance(45 * MINUTE);
    soon("the next key is published", || async { keys().await.len() == 2 }).await;
    town.clock.advance(14 * MINUTE);
    assert_eq!(kid(&town.guest("bob").await.access_token), first[0]);
    town.clock.advance(MINUTE);
    let carol = town.guest("carol").await;
    assert_eq!(kid(&carol.access_token), keys().await[1]);
    said(town.request(Method::GET, "/v1/users/me").bearer_auth(&carol.access_token), 200).await;
    town.clock.advance(21 * MINUTE);
    soon("the old key is dropped when no token of it can be alive", || async {
        !keys().await.contains(&first[0])
    })
    .await;
}

#[tokio::test]
async fn events_are_kept_for_a_day() {
    let town = Town::at(now(), hasty()).await;
    town.registers("alice").await;
    let opened = town.opens(session(&gateway_id(), "192.0.2.1", by_password("alice"))).await.unwrap();
    let (id, version) = (opened.user.person.id.clone(), opened.user.person.user_version);
    let missed = town.gateway().events(&id, version - 1).await.unwrap();
    assert!(missed.complete);
    assert_eq!(missed.events.len(), 1);
    town.clock.advance(24 * 60 * MINUTE);
    soon("they are gone", || async { !town.gateway().events(&id, version - 1).await.unwrap().complete })
        .await;
    let missed = town.gateway().events(&id, version - 1).await.unwrap();
    assert_eq!((missed.events.len(), missed.user.person.user_version), (0, version));
}

#[tokio::test]
async fn a_refresh_token_of_an_account_dies_in_the_end() {
    let town = Town::at(now(), Config { refresh_token: Period::seconds(3600), ..hasty() }).await;
    town.registers("alice").await;
    let alice = town.logs_in("alice").await;
    town.clock.advance(60 * MINUTE);
    let body = json!({ "grant_type": "refresh_token", "refresh_token": alice.refresh_token });
    assert_eq!(refused(town.request(Method::POST, "/v1/tokens").json(&body)).await, "bad-credentials");
}

#[tokio::test]
async fn a_network_ban_expires() {
    let town = Town::at(now(), hasty()).await;
    let olga = town.operator("olga").await;
    let until = town.clock.now().plus(10 * MINUTE);
    let body = json!({ "target": "spam*", "reason": "", "expires_at": until });
    said(town.request(Method::POST, "/v1/network-bans").bearer_auth(&olga.access_token).json(&body), 201)
        .await;
    assert_eq!(refused(town.wants_guest("spammer")).await, "network-banned");
    town.clock.advance(10 * MINUTE);
    soon("it is over", || async { town.wants_guest("spammer").send().await.unwrap().status() == 200 }).await;
}
