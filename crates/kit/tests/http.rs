//! The frame around every service's routes, over real HTTP.

#![allow(clippy::unwrap_used)] // helpers of tests, whose panic is the message

mod common;

use std::time::Duration;

use api::{ErrorCode, Problem};
use common::{eventually, up, up_with};
use kit::config::Period;
use reqwest::{Client, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn problem(response: Response) -> Problem {
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let (status, trace_id) = (response.status(), response.headers()["trace-id"].to_str().unwrap().to_owned());
    let problem: Problem = response.json().await.unwrap();
    assert_eq!(problem.status, status.as_u16());
    assert_eq!(problem.trace_id, trace_id);
    problem
}

#[tokio::test]
async fn a_wrong_body_is_told_where_it_is_wrong() {
    let up = up().await;
    let post = |body: &'static str| Client::new().post(up.url("/v1/letters")).body(body);

    let missing = problem(post("{}").send().await.unwrap()).await;
    assert_eq!(missing.code, ErrorCode::UnsupportedMediaType);
    assert!(missing.detail.contains("curl: --json"));

    let json = |body| post(body).header("content-type", "application/json; charset=utf-8").send();
    let wrong = problem(json(r#"{"to":[{"name":"a"},{"name":1}]}"#).await.unwrap()).await;
    assert_eq!((wrong.code, wrong.errors[0].pointer.as_str()), (ErrorCode::InvalidParameter, "/to/1/name"));
    let absent = problem(json(r#"{"to":[{"name":"a"},{}]}"#).await.unwrap()).await;
    assert_eq!((absent.code, absent.errors[0].pointer.as_str()), (ErrorCode::InvalidParameter, "/to/1/name"));
    assert!(!absent.detail.contains("column"), "{}", absent.detail);
    let absent = problem(json("{}").await.unwrap()).await;
    assert_eq!(absent.errors[0].pointer, "/to");
    for (body, code) in [
        (r#"{"to":["#, ErrorCode::BadRequest),
        (r#"{"to":[]} x"#, ErrorCode::BadRequest),
        (r#"{"to":[],"cc":[]}"#, ErrorCode::InvalidParameter),
        ("[[]]", ErrorCode::InvalidParameter),
        ("[[]", ErrorCode::BadRequest),
        ("null", ErrorCode::InvalidParameter),
    ] {
        assert_eq!(problem(json(body).await.unwrap()).await.code, code, "{body}");
    }
    assert_eq!(json(r#"{"to":[]}"#).await.unwrap().status(), 200);

    let inside = problem(json(r#"{"to":[null]}"#).await.unwrap()).await;
    assert!(inside.detail.contains("expected an object") && !inside.detail.contains("struct"), "{inside}");

    let query = problem(reqwest::get(up.url("/v1/letters?limit=x")).await.unwrap()).await;
    assert_eq!(query.code, ErrorCode::InvalidParameter);
    assert!(query.detail.starts_with("limit: "), "{}", query.detail);
    let garbled = problem(reqwest::get(up.url("/v1/letters?limit=%ff")).await.unwrap()).await;
    assert_eq!(garbled.code, ErrorCode::BadRequest);
}

#[tokio::test]
async fn addresses_and_methods_that_do_not_exist_are_problems() {
    let up = up().await;
    let nothing = problem(reqwest::get(up.url("/v1/nothing")).await.unwrap()).await;
    assert_eq!(nothing.code, ErrorCode::NotFound);
    assert!(nothing.detail.contains("%23"));

    let delete = Client::new().delete(up.url("/v1/letters")).send().await.unwrap();
    let allow = delete.headers()["allow"].to_str().unwrap().to_owned();
    assert!(allow.contains("GET") && allow.contains("POST"), "{allow}");
    assert_eq!(problem(delete).await.code, ErrorCode::MethodNotAllowed);
}

#[tokio::test]
async fn raw_and_escaped_letters_in_a_path_are_the_same() {
    let up = up().await;
    assert_eq!(
        reqwest::get(up.url("/v1/letters/g%C3%A9n%C3%A9ral")).await.unwrap().text().await.unwrap(),
        "général"
    );
    let mut raw = tokio::net::TcpStream::connect(up.running.addr).await.unwrap();
    raw.write_all("GET /v1/letters/général HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".as_bytes())
        .await
        .unwrap();
    let mut answer = String::new();
    raw.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("général"), "{answer}");
}

#[tokio::test]
async fn a_request_says_once_for_whom_it_is() {
    let up = up().await;
    for (head, answer) in [
        ("GET /v1/letters HTTP/1.1\r\n", "HTTP/1.1 400"),
        ("GET /v1/letters HTTP/1.1\r\nhost: a\r\nhost: b\r\n", "HTTP/1.1 400"),
        ("GET /v1/letters HTTP/1.1\r\nhost: a\r\n", "HTTP/1.1 200"),
        ("GET /v1/letters HTTP/1.0\r\n", "HTTP/1.0 200"),
    ] {
        let mut raw = tokio::net::TcpStream::connect(up.running.addr).await.unwrap();
        raw.write_all(format!("{head}connection: close\r\n\r\n").as_bytes()).await.unwrap();
        let mut answered = String::new();
        raw.read_to_string(&mut answered).await.unwrap();
        assert!(answered.starts_with(answer), "{head} {answered}");
    }
}

#[tokio::test]
async fn a_panic_and_a_bug_answer_500_without_their_words() {
    let up = up().await;
    for path in ["/panics", "/broken"] {
        let response = reqwest::get(up.url(path)).await.unwrap();
        let text = response.text().await.unwrap();
        assert!(text.contains("\"internal\"") && !text.contains("secret"), "{text}");
    }
    assert_eq!(reqwest::get(up.url("/livez")).await.unwrap().status(), 200);
}

#[tokio::test]
async fn limits_answer_problems_and_watchers_still_get_through() {
    let up = up_with(|common| {
        common.http.body_limit = 100;
        common.http.concurrency = 1;
        common.http.request_timeout = Period::millis(400);
    })
    .await;
    let large = Client::new().post(up.url("/v1/letters")).header("content-type", "application/json");
    let large = problem(large.body(" ".repeat(200)).send().await.unwrap()).await;
    assert_eq!(large.code, ErrorCode::BodyTooLarge);

    let hanging = tokio::spawn(reqwest::get(up.url("/hangs")));
    eventually("the only slot is taken", || async {
        reqwest::get(up.url("/trace")).await.unwrap().status() == 503
    })
    .await;
    let shed = reqwest::get(up.url("/trace")).await.unwrap();
    if shed.status() == 503 {
        assert!(shed.headers().contains_key("retry-after"));
        assert_eq!(problem(shed).await.code, ErrorCode::Overloaded);
    }
    assert_eq!(reqwest::get(up.url("/livez")).await.unwrap().status(), 200);
    assert_eq!(problem(hanging.await.unwrap().unwrap()).await.code, ErrorCode::Timeout);
}

#[tokio::test]
async fn a_trace_goes_on_where_the_caller_was() {
    let up = up().await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let request = Client::new().get(up.url("/trace"));
    let response =
        request.header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01")).send().await.unwrap();
    assert_eq!(response.headers()["trace-id"], trace);
    assert_eq!(response.text().await.unwrap(), trace);
    let fresh = reqwest::get(up.url("/trace")).await.unwrap();
    assert_eq!(fresh.headers()["trace-id"].len(), 32);
}

#[tokio::test]
async fn every_service_shows_its_pages() {
    let up = up().await;
    let gate = up.kit.readiness.gate("replica");
    let waiting = problem(reqwest::get(up.url("/readyz")).await.unwrap()).await;
    assert!(waiting.detail.contains("replica"));
    gate.set(true);
    assert_eq!(reqwest::get(up.url("/readyz")).await.unwrap().status(), 200);

    let openapi: serde_json::Value =
        reqwest::get(up.url("/openapi.json")).await.unwrap().json().await.unwrap();
    assert!(openapi["openapi"].as_str().unwrap().starts_with("3.1"));
    assert!(openapi["paths"]["/v1/letters/{name}"]["get"].is_object(), "{openapi}");
    let docs = reqwest::get(up.url("/docs/")).await.unwrap().text().await.unwrap();
    assert!(docs.contains("swagger"), "{docs}");
    let page = reqwest::get(up.url("/problems/not-found")).await.unwrap().text().await.unwrap();
    assert!(page.contains("404 not-found"));

    let numbers = reqwest::get(up.url("/metrics")).await.unwrap().text().await.unwrap();
    let counted = numbers.lines().any(|line| {
        line.starts_with("http_requests_total{")
            && line.contains("/problems/{code}")
            && line.contains("users")
    });
    assert!(counted, "{numbers}");
    assert!(numbers.contains("http_request_duration_seconds_bucket"));
}

#[tokio::test]
async fn only_named_origins_may_call_from_a_page() {
    let up = up_with(|common| common.http.cors_origins = vec!["https://chat.example".into()]).await;
    let ask = |origin: &'static str| Client::new().get(up.url("/trace")).header("origin", origin).send();
    let header = "access-control-allow-origin";
    assert_eq!(ask("https://chat.example").await.unwrap().headers()[header], "https://chat.example");
    assert!(!ask("https://evil.example").await.unwrap().headers().contains_key(header));
}

#[tokio::test]
async fn a_stop_ends_streams_and_finishes_requests() {
    let up = up_with(|common| common.http.request_timeout = Period::millis(300)).await;
    let mut stream = reqwest::get(up.url("/stream")).await.unwrap();
    assert!(stream.chunk().await.unwrap().unwrap().starts_with(b"data: hello"));
    let slow = tokio::spawn(reqwest::get(up.url("/hangs")));
    eventually("the slow request is in", || async {
        let numbers = kit::telemetry::metrics().render();
        tokio::time::sleep(Duration::from_millis(20)).await;
        numbers.contains("/stream")
    })
    .await;
    let url = up.url("/livez");
    assert!(up.running.stop().await, "it did not stop in time");
    assert!(stream.chunk().await.unwrap().is_none(), "the stream goes on");
    assert_eq!(slow.await.unwrap().unwrap().status(), 503);
    assert!(reqwest::get(url).await.is_err(), "it still listens");
}

#[tokio::test]
async fn a_taken_port_names_the_setting_that_moves_it() {
    let up = up().await;
    let error = up.kit.clone().serve(up.running.addr, common::routes()).await.map(drop).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("users.listen") && text.contains(&up.running.addr.to_string()), "{text}");
}
