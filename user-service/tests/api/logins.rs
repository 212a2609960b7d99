//! Logins without saying a password: SCRAM-SHA-256 and certificates.

use std::{net::IpAddr, num::NonZeroU32};

use api::{
    ErrorCode,
    users::{Certificate, Credentials, Fingerprint, ScramBegin, ScramProof, ScramTerms},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use kit::config::Period;
use reqwest::Method;
use ring::pbkdf2;
use serde_json::json;
use sha2::{Digest, Sha256};
use user_service::{Config, Rate};

use crate::town::{PASSWORD, Town, as_, gateway_id, hasty, refused, said, session};

const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

fn mac(key: &[u8], message: &str) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().into()
}

/// What a client says that has this password, and what the server is to answer (RFC 5802 §3).
fn proves(name: &str, password: &str, terms: &ScramTerms) -> (ScramProof, String) {
    let salt = BASE64_STANDARD.decode(&terms.salt).unwrap();
    let iterations = NonZeroU32::new(terms.iterations).unwrap();
    let mut salted = [0; 32];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, &salt, password.as_bytes(), &mut salted);
    let auth_message = format!("n={name},r=x,r=xy,s={},i={iterations},c=biws,r=xy", terms.salt);
    let client = mac(&salted, "Client Key");
    let signature = mac(&Sha256::digest(client), &auth_message);
    let proof: Vec<u8> = client.iter().zip(signature).map(|(key, signed)| key ^ signed).collect();
    let answer = BASE64_STANDARD.encode(mac(&mac(&salted, "Server Key"), &auth_message));
    (ScramProof { name: name.to_owned(), auth_message, proof: BASE64_STANDARD.encode(proof) }, answer)
}

impl Town {
    async fn begins(&self, name: &str) -> Result<ScramTerms, ErrorCode> {
        let who = ScramBegin { name: name.to_owned() };
        self.gateway().begin_scram(HOME, &who).await.map_err(|error| error.problem().code)
    }

    async fn verifies(&self, proof: &ScramProof) -> Result<String, ErrorCode> {
        let verified = self.gateway().verify_scram(HOME, proof).await;
        verified.map(|verified| verified.signature).map_err(|error| error.problem().code)
    }
}

#[tokio::test]
async fn who_knows_the_password_shows_it_without_saying_it() {
    let town = Town::up().await;
    town.registers("Alice").await;
    let terms = town.begins("alice").await.unwrap();
    assert_eq!(town.begins("ALICE").await.unwrap(), terms);
    let (proof, answer) = proves("alice", PASSWORD, &terms);
    assert_eq!(town.verifies(&proof).await, Ok(answer));
    let gateway = gateway_id();
    let opened = town.opens(session(&gateway, "192.0.2.1", Credentials::Scram(proof.clone()))).await.unwrap();
    assert_eq!(opened.user.account.unwrap().as_str(), "Alice");

    let (wrong, _) = proves("alice", "another", &terms);
    assert_eq!(town.verifies(&wrong).await, Err(ErrorCode::BadCredentials));
    let refused = town.opens(session(&gateway, "192.0.2.1", Credentials::Scram(wrong))).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::BadCredentials);

    // The keys go with their password.
    let alice = town.logs_in("alice").await;
    let change = town.request(Method::PUT, "/v1/accounts/me/password").bearer_auth(&alice.access_token);
    said(change.json(&json!({ "current": PASSWORD, "new": "battery staple" })), 204).await;
    assert_eq!(town.verifies(&proof).await, Err(ErrorCode::BadCredentials));
    let (proof, answer) = proves("alice", "battery staple", &town.begins("alice").await.unwrap());
    assert_eq!(town.verifies(&proof).await, Ok(answer));
}

#[tokio::test]
async fn an_account_of_before_has_keys_after_its_next_login() {
    let mut town = Town::up().await;
    town.registers("alice").await;
    town.stop().await;
    let url = town.settings.common.database(town.settings.service.database.as_ref(), "users");
    let db = kit::db::connect(&url, &user_service::store::migrations()).await.unwrap();
    let forget = "update accounts set scram = null, scram_of = null";
    kit::on!(db.write(), pool => sqlx::query(forget).execute(pool).await.map(drop)).unwrap();
    db.close().await;
    town.start().await;
    let (proof, _) = proves("alice", PASSWORD, &town.begins("alice").await.unwrap());
    assert_eq!(town.verifies(&proof).await, Err(ErrorCode::BadCredentials));
    town.logs_in("alice").await;
    let (proof, answer) = proves("alice", PASSWORD, &town.begins("alice").await.unwrap());
    assert_eq!(town.verifies(&proof).await, Ok(answer));
}

#[tokio::test]
async fn nobody_learns_by_scram_which_accounts_there_are() {
    let mut town = Town::up().await;
    town.registers("alice").await;
    let alice = town.begins("alice").await.unwrap();
    let nobody = town.begins("nobody").await.unwrap();
    assert_eq!((alice.iterations, alice.salt.len()), (nobody.iterations, nobody.salt.len()));
    assert_ne!(nobody.salt, town.begins("somebody").await.unwrap().salt);
    town.begins("not a name").await.unwrap();
    town.stop().await;
    town.start().await;
    assert_eq!(town.begins("Nobody").await.unwrap(), nobody);
    let (proof, _) = proves("nobody", PASSWORD, &nobody);
    assert_eq!(town.verifies(&proof).await, Err(ErrorCode::BadCredentials));
    let guest = town.guest("guest").await;
    let ask = town.request(Method::POST, "/v1/scram:begin").bearer_auth(&guest.access_token);
    assert_eq!(refused(ask.json(&json!({ "name": "alice" }))).await, "forbidden");
}

#[tokio::test]
async fn wrong_proofs_count_as_failed_logins() {
    let slow = Rate { burst: 2, every: Period::seconds(3600) };
    let town = Town::with(Config { logins_of_account: slow, ..hasty() }).await;
    town.registers("alice").await;
    let terms = town.begins("alice").await.unwrap();
    let (wrong, _) = proves("alice", "another", &terms);
    for _ in 0..2 {
        assert_eq!(town.verifies(&wrong).await, Err(ErrorCode::BadCredentials));
    }
    let (right, _) = proves("alice", PASSWORD, &terms);
    assert_eq!(town.verifies(&right).await, Err(ErrorCode::TooFast));
    assert_eq!(town.begins("alice").await, Err(ErrorCode::TooFast));
    let plain = json!({ "grant_type": "password", "name": "alice", "password": PASSWORD });
    assert_eq!(refused(town.request(Method::POST, "/v1/tokens").json(&plain)).await, "too-fast");
    assert!(town.begins("bob").await.is_ok());
}

fn fingerprint(byte: u8) -> Fingerprint {
    Fingerprint::of([byte; 32])
}

#[tokio::test]
async fn a_certificate_logs_in_until_it_is_taken_away() {
    let town = Town::with(Config { certificates_of_account: 2, ..hasty() }).await;
    town.registers("alice").await;
    town.registers("bob").await;
    let alice = town.logs_in("alice").await;
    let path = "/v1/accounts/me/certificates";
    let add = |who: &str, byte| {
        let body = json!({ "fingerprint": fingerprint(byte) });
        town.request(Method::POST, path).bearer_auth(who).json(&body)
    };
    let first: Certificate = as_(said(add(&alice.access_token, 1), 201).await);
    said(add(&alice.access_token, 2), 201).await;
    assert_eq!(
        as_::<Certificate>(said(add(&alice.access_token, 1), 201).await),
        first,
        "it is there already"
    );
    assert_eq!(refused(add(&alice.access_token, 3)).await, "list-full");
    // It would let whoever has a part of the rights have all of them.
    let part = town.request(Method::POST, "/v1/accounts/me/api-tokens").bearer_auth(&alice.access_token);
    let part = said(part.json(&json!({ "label": "robot", "scopes": "account" })), 201).await;
    let grant = json!({ "grant_type": "api_token", "api_token": part["secret"] });
    let part = said(town.request(Method::POST, "/v1/tokens").json(&grant), 200).await;
    assert_eq!(refused(add(part["access_token"].as_str().unwrap(), 5)).await, "insufficient-scope");
    let guest = town.guest("guest").await;
    assert_eq!(refused(add(&guest.access_token, 4)).await, "forbidden");
    let list = said(town.request(Method::GET, path).bearer_auth(&alice.access_token), 200).await;
    assert_eq!(list["items"][0]["fingerprint"], json!(fingerprint(1)));
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    let export = town.request(Method::GET, "/v1/accounts/me/export").bearer_auth(&alice.access_token);
    assert_eq!(said(export, 200).await["certificates"], list["items"]);

    let gateway = gateway_id();
    let shows = |byte, authzid: &str| {
        let mut item =
            session(&gateway, "192.0.2.1", Credentials::Certificate { fingerprint: fingerprint(byte) });
        item.authzid = Some(authzid.to_owned());
        item
    };
    let opened = town.opens(shows(1, "")).await.unwrap();
    assert_eq!(opened.user.account.as_ref().unwrap().as_str(), "alice");
    town.opens(shows(1, "Alice")).await.unwrap();
    for (byte, authzid) in [(1, "bob"), (9, ""), (9, "alice")] {
        let refused = town.opens(shows(byte, authzid)).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::BadCredentials, "{byte} {authzid}");
    }
    let take = |byte| {
        let path = format!("{path}/{}", fingerprint(byte));
        town.request(Method::DELETE, &path).bearer_auth(&alice.access_token)
    };
    said(take(1), 204).await;
    assert_eq!(refused(take(1)).await, "not-found");
    assert_eq!(town.opens(shows(1, "")).await.unwrap_err().code, ErrorCode::BadCredentials);
    let mine = town.request(Method::GET, "/v1/users/me/sessions").bearer_auth(&alice.access_token);
    assert_eq!(said(mine, 200).await["items"], json!([]), "what it had opened has ended");
}

#[tokio::test]
async fn nobody_is_kept_from_their_certificate_by_somebody_who_names_it_too() {
    let town = Town::up().await;
    let path = "/v1/accounts/me/certificates";
    for name in ["mallory", "alice"] {
        town.registers(name).await;
        let token = town.logs_in(name).await.access_token;
        let add = town.request(Method::POST, path).bearer_auth(&token);
        said(add.json(&json!({ "fingerprint": fingerprint(1) })), 201).await;
    }
    let gateway = gateway_id();
    let shows = |authzid: &str| {
        let credentials = Credentials::Certificate { fingerprint: fingerprint(1) };
        let mut item = session(&gateway, "192.0.2.1", credentials);
        item.authzid = Some(authzid.to_owned());
        item
    };
    for name in ["alice", "mallory"] {
        let opened = town.opens(shows(name)).await.unwrap();
        assert_eq!(opened.user.account.as_ref().unwrap().as_str(), name);
    }
    let unnamed = town.opens(shows("")).await.unwrap_err();
    assert_eq!(unnamed.code, ErrorCode::BadCredentials);
    assert_eq!(town.opens(shows("nobody")).await.unwrap_err().code, ErrorCode::BadCredentials);
    // Clients do not name an account by themselves, but they do ask for a nick.
    let mut called = shows("");
    called.nick = Some("alice".to_owned());
    assert_eq!(town.opens(called).await.unwrap().user.account.unwrap().as_str(), "alice");

    // What one of them takes away is the other's still, with the sessions that it has opened.
    let [mallory, alice] = [town.logs_in("mallory").await, town.logs_in("alice").await];
    let take = town.request(Method::DELETE, &format!("{path}/{}", fingerprint(1)));
    said(take.bearer_auth(&mallory.access_token), 204).await;
    let open = town.request(Method::GET, "/v1/users/me/sessions").bearer_auth(&alice.access_token);
    assert_eq!(said(open, 200).await["items"].as_array().unwrap().len(), 2);
    let opened = town.opens(shows("")).await.unwrap();
    assert_eq!(opened.user.account.unwrap().as_str(), "alice");
}

#[tokio::test]
async fn a_certificate_that_was_taken_away_and_added_again_is_as_good_as_new() {
    let town = Town::up().await;
    town.registers("alice").await;
    let alice = town.logs_in("alice").await.access_token;
    let path = "/v1/accounts/me/certificates";
    let body = json!({ "fingerprint": fingerprint(1) });
    let gateway = gateway_id();
    for _ in 0..2 {
        said(town.request(Method::POST, path).bearer_auth(&alice).json(&body), 201).await;
        let credentials = Credentials::Certificate { fingerprint: fingerprint(1) };
        let opened = town.opens(session(&gateway, "192.0.2.1", credentials)).await.unwrap();
        town.token_of(&opened, Some("robot")).await;
        let take = town.request(Method::DELETE, &format!("{path}/{}", fingerprint(1)));
        said(take.bearer_auth(&alice), 204).await;
        let listed = town.request(Method::GET, "/v1/accounts/me/api-tokens").bearer_auth(&alice);
        assert_eq!(said(listed, 200).await["items"], json!([]), "what came of it goes with it");
    }
}

#[tokio::test]
async fn whoever_changes_their_password_keeps_what_they_have_let_log_in() {
    let town = Town::up().await;
    town.registers("alice").await;
    let alice = town.logs_in("alice").await.access_token;
    let path = "/v1/accounts/me/certificates";
    let body = json!({ "fingerprint": fingerprint(1) });
    said(town.request(Method::POST, path).bearer_auth(&alice).json(&body), 201).await;
    let robot = json!({ "label": "robot", "scopes": "read" });
    let made = town.request(Method::POST, "/v1/accounts/me/api-tokens").bearer_auth(&alice);
    said(made.json(&robot), 201).await;
    let change = town.request(Method::PUT, "/v1/accounts/me/password").bearer_auth(&alice);
    said(change.json(&json!({ "current": PASSWORD, "new": "battery staple" })), 204).await;

    let grant = json!({ "grant_type": "password", "name": "alice", "password": "battery staple" });
    let again = said(town.request(Method::POST, "/v1/tokens").json(&grant), 200).await;
    let again = again["access_token"].as_str().unwrap();
    for list in [path, "/v1/accounts/me/api-tokens"] {
        let listed = said(town.request(Method::GET, list).bearer_auth(again), 200).await;
        assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{list}");
    }
    let credentials = Credentials::Certificate { fingerprint: fingerprint(1) };
    town.opens(session(&gateway_id(), "192.0.2.1", credentials)).await.unwrap();
}

#[tokio::test]
async fn a_token_is_taken_for_the_account_only_that_was_named() {
    let town = Town::up().await;
    town.registers("alice").await;
    let (alice, guest) = (town.logs_in("alice").await, town.guest("guest").await);
    let gateway = gateway_id();
    let shows = |token: &str, authzid: Option<&str>| {
        let mut item = session(&gateway, "192.0.2.1", crate::town::by_token(token));
        item.authzid = authzid.map(str::to_owned);
        item
    };
    for authzid in [None, Some(""), Some("ALICE")] {
        town.opens(shows(&alice.access_token, authzid)).await.unwrap();
    }
    let wrong = town.opens(shows(&alice.access_token, Some("bob"))).await.unwrap_err();
    assert_eq!(wrong.code, ErrorCode::BadCredentials);
    let no_account = town.opens(shows(&guest.access_token, Some(""))).await.unwrap_err();
    assert_eq!(no_account.code, ErrorCode::BadCredentials);
    town.opens(shows(&guest.access_token, None)).await.unwrap();
}
