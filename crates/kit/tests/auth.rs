//! Tokens of people and of services, verified over real HTTP.

#![allow(clippy::unwrap_used)] // helpers of tests, whose panic is the message

mod common;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use api::{
    ErrorCode, Person, Problem, Timestamp,
    auth::{ACT_AS, Actor, Scope, Scopes, ServiceName},
    users::{Revocation, Revocations},
};
use axum::routing::get;
use common::{ANYWHERE, Issuer, eventually, up};
use kit::{
    Caller, Clock, Failure, Kit,
    auth::{KeySource, act_as},
    extract::Json,
};
use parking_lot::Mutex;
use reqwest::{Client, Response};
use utoipa_axum::router::OpenApiRouter;

async fn ask(url: &str, token: &str) -> Response {
    Client::new().get(url).header("authorization", format!("Bearer {token}")).send().await.unwrap()
}

async fn code(response: Response) -> ErrorCode {
    response.json::<Problem>().await.unwrap().code
}

#[tokio::test]
async fn a_person_is_known_by_their_token() {
    let up = up().await;
    let claims = up.issuer.claims(Timestamp::now(), Scopes::ordinary());
    let token = up.issuer.sign(&claims);
    assert_eq!(ask(&up.url("/who"), &token).await.text().await.unwrap(), "/alice");
    assert_eq!(reqwest::get(up.url("/who")).await.unwrap().status(), 401);
    assert_eq!(ask(&up.url("/person"), &token).await.text().await.unwrap(), "alice");

    let reader = up.issuer.claims(Timestamp::now(), [Scope::Read].into_iter().collect());
    let answer = ask(&up.url("/person"), &up.issuer.sign(&reader)).await;
    assert_eq!((answer.status().as_u16(), code(answer).await), (403, ErrorCode::InsufficientScope));
    let nobody = reqwest::get(up.url("/person")).await.unwrap();
    assert!(nobody.headers()["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
    assert_eq!(code(nobody).await, ErrorCode::NotAuthenticated);
}

#[tokio::test]
async fn forged_expired_and_foreign_tokens_are_refused() {
    let up = up().await;
    let now = Timestamp::now();
    let good = up.issuer.claims(now, Scopes::ordinary());
    let stranger = Issuer::new();
    let mut expired = up.issuer.claims(now.minus(Duration::from_secs(1000)), Scopes::ordinary());
    expired.nick = "late".into();
    let mut foreign = good.clone();
    foreign.aud = "elsewhere".into();
    let mut issuer = good.clone();
    issuer.iss = "elsewhere".into();
    let tampered = up.issuer.sign(&good).replace('.', ".e");
    let none = "eyJhbGciOiJub25lIn0.e30.";
    for token in [
        stranger.sign(&good),
        up.issuer.sign(&expired),
        up.issuer.sign(&foreign),
        up.issuer.sign(&issuer),
        tampered,
        none.to_owned(),
        "x".to_owned(),
    ] {
        let answer = ask(&up.url("/who"), &token).await;
        assert_eq!(answer.status(), 401, "{token}");
    }
}

fn actor(since: Timestamp) -> Actor {
    let id = api::id::UserId::random(&mut rand::rng());
    Actor {
        person: Person { id, nick: "Bob".try_into().unwrap(), user_version: 3 },
        account: None,
        session: None,
        scopes: Scopes::ordinary(),
        username: "bob".into(),
        host: "h".into(),
        since: since.0,
    }
}

/// Another service of the same network.
async fn neighbour(up: &common::Up, name: ServiceName) -> Kit {
    Kit::open(name, &up.kit.common).await.unwrap()
}

#[tokio::test]
async fn only_a_gateway_may_act_for_a_person() {
    let up = up().await;
    let bob = actor(Timestamp::now());
    let send = |kit: &Kit| {
        let request = Client::new().get(up.url("/who")).header("authorization", kit.signer.bearer());
        request.header(ACT_AS, act_as(&bob)).send()
    };
    let gateway = neighbour(&up, ServiceName::Gateway).await;
    assert_eq!(send(&gateway).await.unwrap().text().await.unwrap(), "gateway/Bob");
    let logs = neighbour(&up, ServiceName::Logs).await;
    assert_eq!(send(&logs).await.unwrap().status(), 403);

    // A session that was revoked is refused too.
    up.kit.verifier.revoke(bob.id().clone(), Timestamp::now().plus(Duration::from_secs(1)));
    assert_eq!(send(&gateway).await.unwrap().status(), 401);
}

#[tokio::test]
async fn a_service_token_lives_a_minute_and_is_reused() {
    let up = up().await;
    let clock = Clock::manual(Timestamp::now());
    let source = KeySource::Local(Arc::new(Default::default));
    let gateway = Kit::open_with(ServiceName::Gateway, &up.kit.common, source, clock.clone()).await.unwrap();
    let first = gateway.signer.bearer();
    clock.advance(Duration::from_secs(30));
    assert_eq!(gateway.signer.bearer(), first);
    clock.advance(Duration::from_secs(16));
    assert_ne!(gateway.signer.bearer(), first);

    let token = first.to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned();
    assert!(gateway.verifier.verify(&token).await.is_ok());
    clock.advance(Duration::from_secs(25));
    let refused = gateway.verifier.verify(&token).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::NotAuthenticated);
}

/// The owner of people's keys, as another service sees it over HTTP.
struct Owner {
    issuer: Issuer,
    fetched: Arc<AtomicUsize>,
    revoked: Arc<Mutex<Vec<Revocation>>>,
    renamed: Arc<Mutex<Vec<Person>>>,
}

async fn owner() -> (Owner, common::Up, kit::config::Common) {
    let up = up().await;
    let owner = Owner {
        issuer: up.issuer.clone(),
        fetched: Arc::default(),
        revoked: Arc::default(),
        renamed: Arc::default(),
    };
    let (issuer, fetched) = (owner.issuer.clone(), owner.fetched.clone());
    let (revoked, renamed) = (owner.revoked.clone(), owner.renamed.clone());
    let jwks = move || {
        fetched.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Json(issuer.jwks()))
    };
    let revocations = move |caller: Caller| async move {
        caller.service()?;
        let (items, renamed) = (revoked.lock().clone(), renamed.lock().clone());
        Ok::<_, Failure>(Json(Revocations { cursor: (items.len() + renamed.len()) as u64, items, renamed }))
    };
    let routes = OpenApiRouter::new()
        .route("/.well-known/jwks.json", get(jwks))
        .route("/v1/revocations", get(revocations));
    let owning = up.kit.clone().serve(ANYWHERE.parse().unwrap(), routes).await.unwrap();
    let mut settings = up.kit.common.clone();
    settings.urls.users = format!("http://{}", owning.addr).parse().unwrap();
    (owner, up, settings)
}

#[tokio::test]
async fn a_token_costs_its_owner_one_request_for_the_keys() {
    let (owner, up, settings) = owner().await;
    let other = Kit::open(ServiceName::Messages, &settings).await.unwrap();
    for _ in 0..10 {
        let claims = owner.issuer.claims(Timestamp::now(), Scopes::ordinary());
        other.verifier.verify(&owner.issuer.sign(&claims)).await.unwrap();
    }
    assert_eq!(owner.fetched.load(Ordering::SeqCst), 1);
    up.kit.tasks.stop(Duration::from_secs(1)).await;
}

#[tokio::test]
async fn a_revoked_person_is_refused_within_five_seconds() {
    let (owner, _up, settings) = owner().await;
    let other = Kit::open(ServiceName::Messages, &settings).await.unwrap();
    let claims = owner.issuer.claims(Timestamp::now(), Scopes::ordinary());
    let token = owner.issuer.sign(&claims);
    other.verifier.verify(&token).await.unwrap();
    owner.revoked.lock().push(Revocation {
        cursor: 1,
        user: claims.sub.clone(),
        before: claims.issued + 1,
        grant: None,
    });
    eventually("the token is refused", || async { other.verifier.verify(&token).await.is_err() }).await;
    let mut later = claims;
    later.issued += 1;
    other.verifier.verify(&owner.issuer.sign(&later)).await.unwrap();
}

#[tokio::test]
async fn a_token_with_an_old_name_speaks_under_the_newest_one_within_five_seconds() {
    let (owner, _up, settings) = owner().await;
    let other = Kit::open(ServiceName::Messages, &settings).await.unwrap();
    let running = other.serve(ANYWHERE.parse().unwrap(), common::routes()).await.unwrap();
    let url = format!("http://{}/person", running.addr);
    let mut claims = owner.issuer.claims(Timestamp::now(), Scopes::ordinary());
    let old = owner.issuer.sign(&claims);
    assert_eq!(ask(&url, &old).await.text().await.unwrap(), "alice");
    let renamed = |name: &str, user_version| Person {
        id: claims.sub.clone(),
        nick: name.try_into().unwrap(),
        user_version,
    };
    owner.renamed.lock().extend([renamed("carol", 5), renamed("mallory", 4)]);
    eventually("the newest name is known", || async {
        ask(&url, &old).await.text().await.unwrap() == "carol"
    })
    .await;

    // A token knows better that was issued after a change of which nothing was heard yet.
    (claims.nick, claims.user_version) = ("dora".into(), 6);
    assert_eq!(ask(&url, &owner.issuer.sign(&claims)).await.text().await.unwrap(), "dora");
    let stranger = owner.issuer.sign(&owner.issuer.claims(Timestamp::now(), Scopes::ordinary()));
    assert_eq!(ask(&url, &stranger).await.text().await.unwrap(), "alice");
}

#[tokio::test]
async fn without_the_owner_unknown_keys_are_unavailable_not_wrong() {
    let (mut settings, _dir) = kit::testing::common();
    settings.urls.users = "http://127.0.0.1:1".parse().unwrap();
    let kit = Kit::open(ServiceName::Messages, &settings).await.unwrap();
    let issuer = Issuer::new();
    let token = issuer.sign(&issuer.claims(Timestamp::now(), Scopes::ordinary()));
    assert_eq!(kit.verifier.verify(&token).await.unwrap_err().code(), ErrorCode::Unavailable);
}

#[tokio::test]
async fn a_revoked_grant_takes_its_tokens_along_and_no_others() {
    let up = up().await;
    let mut claims = up.issuer.claims(Timestamp::now(), Scopes::ordinary());
    claims.jti = "7login.1".into();
    let revoked = up.issuer.sign(&claims);
    claims.jti = "7other.1".into();
    let other = up.issuer.sign(&claims);
    up.kit.verifier.revoke_grant("7login", Timestamp::now());
    assert!(up.kit.verifier.verify(&revoked).await.is_err());
    assert!(up.kit.verifier.verify(&other).await.is_ok());
}
