//! Real HTTP between a client and instances that answer, are full, hang or are not there.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};

use api::auth::ServiceName;
use axum::{Json, Router, extract::State, http::StatusCode, response::IntoResponse};
use reqwest::Url;
use serde_json::{Value, json};
use tokio::{net::TcpListener, time::Instant};

use super::*;
use crate::http::Caller;

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Answers,
    IsFull,
    Fails,
    Hangs,
}

/// A service's instance that does the same to everybody, and counts them.
struct There {
    url: Url,
    asked: Arc<AtomicU32>,
}

impl There {
    async fn who(way: Way) -> Self {
        let asked = Arc::new(AtomicU32::new(0));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let app = Router::new().fallback(answer).with_state((way, asked.clone()));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, asked }
    }

    fn asked(&self) -> u32 {
        self.asked.load(SeqCst)
    }
}

async fn answer(State((way, asked)): State<(Way, Arc<AtomicU32>)>) -> axum::response::Response {
    asked.fetch_add(1, SeqCst);
    let refusal = |code: ErrorCode| {
        let status = StatusCode::from_u16(code.status()).unwrap();
        (status, Json(Problem::new(code).retry_after(1))).into_response()
    };
    match way {
        Way::Answers => Json(json!("here")).into_response(),
        Way::IsFull => refusal(ErrorCode::Overloaded),
        Way::Fails => refusal(ErrorCode::Unavailable),
        Way::Hangs => std::future::pending().await,
    }
}

/// Where nobody listens.
fn nobody() -> Url {
    format!("http://127.0.0.1:{}/", kit::testing::port()).parse().unwrap()
}

/// The service whose instances these are.
fn service(instances: &[&Url]) -> Service {
    let service = Service::new(ServiceName::Users, "http://users.test:8101/", Arc::new(String::new)).unwrap();
    service.instances.are(instances.iter().map(|&url| url.clone()).collect());
    service
}

async fn get(service: &Service) -> Result<Value, Error> {
    service.get("/v1/thing", Caller::Service).await
}

async fn post(service: &Service) -> Result<Value, Error> {
    service.post("/v1/things", Caller::Service, &json!({})).await
}

#[tokio::test]
async fn whoever_is_not_there_is_passed_over_by_every_request() {
    let here = There::who(Way::Answers).await;
    for _ in 0..10 {
        // New each time: nothing has been learned, and turns begin anywhere.
        let service = service(&[&nobody(), &here.url]);
        for _ in 0..4 {
            assert_eq!(post(&service).await.unwrap(), "here", "it cannot have been carried out");
        }
    }
    assert_eq!(here.asked(), 40);
}

#[tokio::test]
async fn whoever_does_not_answer_costs_half_the_time_and_is_left_in_peace() {
    let (hangs, here) = (There::who(Way::Hangs).await, There::who(Way::Answers).await);
    let service = service(&[&hangs.url, &here.url]);
    let begun = Instant::now();
    let all = (0..6).map(|_| get(&service));
    for answer in futures_util::future::join_all(all).await {
        assert_eq!(answer.unwrap(), "here");
    }
    assert!(begun.elapsed() < TIMEOUT, "took {:?}", begun.elapsed());
    let found_out = hangs.asked();
    assert!(found_out >= 3, "the first turns went both ways: {found_out}");
    for _ in 0..20 {
        get(&service).await.unwrap();
    }
    assert_eq!(hangs.asked(), found_out, "it is in peace");
}

#[tokio::test]
async fn what_may_have_been_done_is_not_done_again() {
    let (fails, others) = (There::who(Way::Fails).await, There::who(Way::Fails).await);
    let service = service(&[&fails.url, &others.url]);
    post(&service).await.unwrap_err();
    assert_eq!(fails.asked() + others.asked(), 1);
    get(&service).await.unwrap_err();
    assert_eq!(fails.asked() + others.asked(), 3);
    assert_eq!(fails.asked().abs_diff(others.asked()), 1, "once each");
}

#[tokio::test]
async fn whoever_is_full_sends_on_to_the_others_and_alone_is_not_asked_twice() {
    let (full, here) = (There::who(Way::IsFull).await, There::who(Way::Answers).await);
    let both = service(&[&full.url, &here.url]);
    for _ in 0..4 {
        assert_eq!(post(&both).await.unwrap(), "here");
    }
    assert!(full.asked() >= 1);
    let before = full.asked();
    let alone = service(&[&full.url]);
    assert!(
        matches!(get(&alone).await, Err(Error::Refused(problem)) if problem.code == ErrorCode::Overloaded)
    );
    assert_eq!(full.asked(), before + 1);
}

#[tokio::test]
async fn where_everything_fails_little_is_asked_again() {
    const ASKED: u32 = 2_000;
    let (one, two) = (There::who(Way::Fails).await, There::who(Way::Fails).await);
    let service = service(&[&one.url, &two.url]);
    let begun = Instant::now();
    for _ in 0..ASKED {
        get(&service).await.unwrap_err();
    }
    let again = one.asked() + two.asked() - ASKED;
    // What the budget begins with, a tenth, and what passing time adds.
    let most = WINDOW.as_secs_f64() * f64::from(REPEATS_PER_SECOND) * (1.0 + begun.elapsed().as_secs_f64())
        + f64::from(ASKED) * 0.11;
    assert!(again > 0 && f64::from(again) <= most, "{again} again, {most} at most");
}

#[tokio::test]
async fn one_that_comes_back_is_asked_again() {
    let port = kit::testing::port();
    let url: Url = format!("http://127.0.0.1:{port}/").parse().unwrap();
    let here = There::who(Way::Answers).await;
    let service = service(&[&url, &here.url]);
    get(&service).await.unwrap();
    get(&service).await.unwrap();
    let asked = Arc::new(AtomicU32::new(0));
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let app = Router::new().fallback(answer).with_state((Way::Answers, asked.clone()));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let deadline = Instant::now() + Duration::from_secs(5);
    while asked.load(SeqCst) == 0 {
        assert!(Instant::now() < deadline, "nobody asks it");
        get(&service).await.unwrap();
    }
}
