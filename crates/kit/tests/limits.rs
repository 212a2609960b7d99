//! Each limit of the HTTP frame at what it allows, and at one more.

#![allow(clippy::unwrap_used, dead_code)] // helpers of tests, whose panic is the message

mod common;

use std::time::{Duration, Instant};

use api::{
    ErrorCode, Problem, Timestamp,
    auth::{ACCESS_TOKEN_SECONDS, SERVICE_TOKEN_SECONDS, Scopes},
};
use common::{eventually, up, up_with};
use kit::config::Period;
use reqwest::Client;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

#[tokio::test]
async fn a_body_is_as_long_as_its_limit_and_no_longer() {
    let up = up_with(|common| common.http.body_limit = 100).await;
    let send = async |bytes: usize| {
        let body = format!("{{\"to\":[]}}{}", " ".repeat(bytes - 9));
        assert_eq!(body.len(), bytes);
        let request = Client::new().post(up.url("/v1/letters")).header("content-type", "application/json");
        request.body(body).send().await.unwrap()
    };
    assert_eq!(send(100).await.status(), 200);
    let refused: Problem = send(101).await.json().await.unwrap();
    assert_eq!((refused.status, refused.code), (413, ErrorCode::BodyTooLarge));
}

#[tokio::test]
async fn so_many_requests_are_at_work_and_one_more_is_refused() {
    let up = up_with(|common| {
        common.http.concurrency = 2;
        common.http.request_timeout = Period::seconds(60);
    })
    .await;
    let first = tokio::spawn(reqwest::get(up.url("/hangs")));
    let fits = || async {
        let answer = reqwest::get(up.url("/trace")).await.unwrap();
        answer.status() == 200
    };
    assert!(fits().await, "the second of two was refused");
    // One of the questions whether there is room may have the last place just then.
    let url = up.url("/hangs");
    let second = tokio::spawn(async move { while reqwest::get(&url).await.is_ok() {} });
    eventually("both places are taken", || async { !fits().await }).await;
    let refused: Problem = reqwest::get(up.url("/trace")).await.unwrap().json().await.unwrap();
    assert_eq!((refused.status, refused.code), (503, ErrorCode::Overloaded));
    first.abort();
    second.abort();
    eventually("their places are free again", fits).await;
}

#[tokio::test]
async fn an_answer_takes_as_long_as_its_limit_and_no_longer() {
    let up = up_with(|common| common.http.request_timeout = Period::millis(300)).await;
    let asked = Instant::now();
    let refused: Problem = reqwest::get(up.url("/hangs")).await.unwrap().json().await.unwrap();
    assert_eq!((refused.status, refused.code), (503, ErrorCode::Timeout));
    assert!(asked.elapsed() >= Duration::from_millis(300), "it gave up early");
}

#[tokio::test]
async fn headers_take_as_long_as_their_limit_and_no_longer() {
    let up = up_with(|common| common.http.header_timeout = Period::seconds(1)).await;
    let connect = async || TcpStream::connect(up.running.addr).await.unwrap();
    let (mut quick, mut slow) = (connect().await, connect().await);
    let begun = Instant::now();
    for stream in [&mut quick, &mut slow] {
        stream.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n").await.unwrap();
    }
    // Who sends the rest of them is answered, who sends nothing more is let go.
    quick.write_all(b"connection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    quick.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let mut end = Vec::new();
    tokio::time::timeout(Duration::from_secs(10), slow.read_to_end(&mut end)).await.unwrap().unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1), "it was let go early");
    assert!(!end.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&end));
}

#[tokio::test]
async fn a_token_is_good_for_its_time_and_no_longer() {
    let up = up().await;
    let status = async |age: u64| {
        let issued = Timestamp::now().minus(Duration::from_secs(age));
        let token = up.issuer.sign(&up.issuer.claims(issued, Scopes::ordinary()));
        Client::new().get(up.url("/who")).bearer_auth(token).send().await.unwrap().status()
    };
    // The seconds between issuing it and asking with it are the test's own.
    assert_eq!(status(ACCESS_TOKEN_SECONDS - 5).await, 200);
    assert_eq!(status(ACCESS_TOKEN_SECONDS + 1).await, 401);
    assert_eq!((ACCESS_TOKEN_SECONDS, SERVICE_TOKEN_SECONDS), (15 * 60, 60));
}
