//! What strangers' connections can take from others, over real sockets.

#![allow(clippy::unwrap_used)] // helpers of tests, whose panic is the message

mod common;

use api::auth::{Scopes, ServiceName};
use common::{Up, eventually, up_with};
use kit::{Kit, config::Period};
use reqwest::Client;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

async fn connect(up: &Up) -> TcpStream {
    TcpStream::connect(up.running.addr).await.unwrap()
}

/// Begins to send a letter of this many bytes, and sends one.
async fn begins(up: &Up, bytes: usize) -> TcpStream {
    let mut stream = connect(up).await;
    let head =
        "POST /v1/letters HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\n";
    stream.write_all(format!("{head}content-length: {bytes}\r\n\r\n{{").as_bytes()).await.unwrap();
    stream
}

/// All that comes until the end.
async fn rest(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

/// One answer's head on a connection that stays.
async fn asks(stream: &mut TcpStream, token: Option<&str>) -> String {
    let authorization = token.map(|token| format!("authorization: {token}\r\n")).unwrap_or_default();
    stream
        .write_all(format!("GET /trace HTTP/1.1\r\nhost: x\r\n{authorization}\r\n").as_bytes())
        .await
        .unwrap();
    let mut head = vec![0; 4096];
    let length = stream.read(&mut head).await.unwrap();
    String::from_utf8_lossy(&head[..length]).into_owned()
}

async fn status(up: &Up) -> u16 {
    reqwest::get(up.url("/trace")).await.unwrap().status().as_u16()
}

async fn gateway_token(up: &Up) -> String {
    let gateway = Kit::open(ServiceName::Gateway, &up.kit.common).await.unwrap();
    gateway.signer.bearer().to_str().unwrap().to_owned()
}

#[tokio::test]
async fn bodies_that_do_not_come_take_nobodys_place() {
    let up = up_with(|common| common.http.concurrency = 1).await;
    let mut begun = Vec::new();
    for _ in 0..5 {
        begun.push(begins(&up, 9).await);
    }
    eventually("all that is begun waits, and others work", || async { status(&up).await == 200 }).await;
    let mut last = begun.pop().unwrap();
    last.write_all(br#""to":[]}"#).await.unwrap();
    assert!(rest(last).await.starts_with("HTTP/1.1 200"), "who finishes is answered");

    let hanging = tokio::spawn(reqwest::get(up.url("/hangs")));
    eventually("the only place is taken", || async { status(&up).await == 503 }).await;
    let mut late = begun.pop().unwrap();
    late.write_all(br#""to":[]}"#).await.unwrap();
    let late = rest(late).await;
    assert!(late.starts_with("HTTP/1.1 503") && late.contains("overloaded"), "{late}");
    hanging.abort();
}

#[tokio::test]
async fn a_body_that_stops_coming_is_given_up() {
    let up = up_with(|common| common.http.body_stall = Period::millis(100)).await;
    let answer = rest(begins(&up, 9).await).await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("bad-request"), "{answer}");
}

#[tokio::test]
async fn nobody_has_a_body_read_that_only_a_service_may_send() {
    let up = up_with(|_| {}).await;
    let person = up.issuer.sign(&up.issuer.claims(api::Timestamp::now(), Scopes::ordinary()));
    for (token, answer) in
        [(String::new(), "HTTP/1.1 401"), (format!("authorization: Bearer {person}\r\n"), "HTTP/1.1 403")]
    {
        let mut stream = connect(&up).await;
        let head = "POST /services/letters HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\n";
        stream.write_all(format!("{head}{token}content-length: 900000\r\n\r\n{{").as_bytes()).await.unwrap();
        let answered = rest(stream).await;
        assert!(answered.starts_with(answer), "{answered}");
    }
}

#[tokio::test]
async fn strangers_do_not_take_the_places_of_services() {
    let up = up_with(|common| {
        common.http.concurrency = 1;
        common.http.concurrency_of_services = 1;
    })
    .await;
    let token = gateway_token(&up).await;
    let ask = |path: &'static str| Client::new().get(up.url(path)).header("authorization", &token).send();
    let hanging = tokio::spawn(reqwest::get(up.url("/hangs")));
    eventually("the only place of strangers is taken", || async { status(&up).await == 503 }).await;
    assert_eq!(ask("/trace").await.unwrap().status(), 200);

    let second = tokio::spawn(ask("/hangs"));
    eventually("the services' place is taken", || async { ask("/trace").await.unwrap().status() == 503 })
        .await;
    hanging.abort();
    second.abort();
}

#[tokio::test]
async fn one_address_has_its_connections_and_services_have_theirs() {
    let up = up_with(|common| {
        common.http.uncounted = Vec::new();
        common.http.connections_per_address = 2;
    })
    .await;
    let token = gateway_token(&up).await;
    let (mut first, mut second, mut third) = (connect(&up).await, connect(&up).await, connect(&up).await);
    assert!(asks(&mut first, None).await.starts_with("HTTP/1.1 200"));
    assert!(asks(&mut second, None).await.starts_with("HTTP/1.1 200"));
    let refused = asks(&mut third, None).await;
    assert!(refused.starts_with("HTTP/1.1 429") && refused.contains("too-many-connections"), "{refused}");
    assert!(rest(third).await.is_empty(), "it is closed");

    let mut neighbour = connect(&up).await;
    assert!(asks(&mut neighbour, Some(&token)).await.starts_with("HTTP/1.1 200"));
    assert!(asks(&mut first, Some(&token)).await.starts_with("HTTP/1.1 200"));
    let mut fourth = connect(&up).await;
    assert!(
        asks(&mut fourth, None).await.starts_with("HTTP/1.1 200"),
        "the first is a neighbour's and counts no more"
    );
}

#[tokio::test]
async fn who_says_nothing_is_shown_the_door_and_who_spoke_is_not() {
    let up = up_with(|common| common.http.first_request = Period::millis(100)).await;
    let mut spoke = connect(&up).await;
    assert!(asks(&mut spoke, None).await.starts_with("HTTP/1.1 200"));
    assert!(rest(connect(&up).await).await.is_empty());
    let mut slow = connect(&up).await;
    slow.write_all(b"GET /trace HTTP/1.1\r\n").await.unwrap();
    // Closed in the middle of a request, which some systems tell as an error.
    assert_eq!(slow.read(&mut [0; 64]).await.unwrap_or(0), 0);
    assert!(asks(&mut spoke, None).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn so_many_connections_are_served_and_one_more_waits_for_its_turn() {
    let up = up_with(|common| common.http.connections = 1).await;
    let (mut first, mut second) = (connect(&up).await, connect(&up).await);
    assert!(asks(&mut first, None).await.starts_with("HTTP/1.1 200"));
    second.write_all(b"GET /trace HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    for _ in 0..20 {
        assert!(asks(&mut first, None).await.starts_with("HTTP/1.1 200"));
    }
    assert!(second.try_read(&mut [0; 1]).is_err(), "nobody has listened to it yet");
    drop(first);
    assert!(rest(second).await.starts_with("HTTP/1.1 200"));
}
