use std::{pin::Pin, time::Duration};

use api::{
    auth::{Scope, Scopes},
    id::UserId,
    logs::{Level, LogRecord},
};
use eventsource_stream::{Event, Eventsource};
use futures_util::{Stream, StreamExt};
use kit::config::Period;
use log_service::Config;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::network::{Network, eventually, problem, record};

struct Reader(Pin<Box<dyn Stream<Item = Event>>>);

impl Reader {
    async fn of(network: &Network, query: &str, last_event_id: Option<&str>) -> Self {
        Self::with(network, &network.operator(), query, last_event_id).await
    }

    async fn with(network: &Network, token: &str, query: &str, last_event_id: Option<&str>) -> Self {
        let url = format!("http://{}/v1/logs/stream{query}", network.service.addr);
        let mut request = network.http.get(url).bearer_auth(token);
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let events = response.bytes_stream().eventsource();
        Self(Box::pin(
            events.take_while(|event| std::future::ready(event.is_ok())).map(|event| event.unwrap()),
        ))
    }

    async fn next(&mut self) -> Option<Event> {
        tokio::time::timeout(Duration::from_secs(10), self.0.next()).await.expect("no event comes")
    }

    async fn sees(&mut self, message: &str) -> Event {
        let event = self.next().await.expect("the stream goes on");
        let data: Value = serde_json::from_str(&event.data).unwrap();
        assert_eq!((event.event.as_str(), data["message"].as_str()), ("record", Some(message)));
        assert_eq!(event.id, data["id"].to_string());
        event
    }
}

#[tokio::test]
async fn a_reader_sees_what_is_stored_from_now_on() {
    let network = Network::up().await;
    network.ships([record(0, "before")]).await;
    let mut reader = Reader::of(&network, "", None).await;
    network.ships([record(1, "one"), record(2, "two")]).await;
    reader.sees("one").await;
    reader.sees("two").await;
    network.ships([record(-5, "three")]).await;
    reader.sees("three").await;
}

#[tokio::test]
async fn a_reader_that_comes_back_goes_on_where_it_was() {
    let network = Network::up().await;
    network.ships([record(0, "one"), record(0, "two")]).await;
    let mut reader = Reader::of(&network, "", Some("0")).await;
    let last = reader.sees("one").await;
    drop(reader);
    network.ships([record(0, "three")]).await;
    let mut reader = Reader::of(&network, "", Some(&last.id)).await;
    reader.sees("two").await;
    reader.sees("three").await;
}

#[tokio::test]
async fn the_stream_has_the_filters_of_the_list() {
    let network = Network::up().await;
    let mut reader = Reader::of(&network, "?level=warn&service=users&q=BAD", None).await;
    let users = |level, message| LogRecord { level, service: "users".into(), ..record(0, message) };
    network.ships([users(Level::Warn, "good"), users(Level::Info, "bad"), record(0, "bad")]).await;
    network.ships([users(Level::Error, "bad")]).await;
    reader.sees("bad").await;
    let refused = network.by_operator("/v1/logs/stream?level=loud").send().await.unwrap();
    assert_eq!(problem(refused).await, (422, "invalid-parameter".into()));
    let refused = network.by_operator("/v1/logs/stream").header("last-event-id", "x").send().await.unwrap();
    assert_eq!(problem(refused).await, (422, "invalid-parameter".into()));
}

#[tokio::test]
async fn nothing_that_is_logged_becomes_an_event_of_its_own() {
    let network = Network::up().await;
    let mut reader = Reader::of(&network, "", None).await;
    let message = "x\n\nevent: closed\ndata: {}\r\n\r\nid: 99\r\rdata: y";
    network.ships([record(0, message), record(0, "next")]).await;
    assert_eq!(reader.sees(message).await.id, "1");
    assert_eq!(reader.sees("next").await.id, "2");
}

#[tokio::test]
async fn a_reader_is_told_what_went_before_it_came() {
    let config = Config { keep_records: 2, sweep_every: Period::millis(20), ..Config::default() };
    let network = Network::with(config).await;
    network.ships((0..5).map(|n| record(n, &n.to_string()))).await;
    eventually("two are left", || async { network.finds_messages("").await.len() == 2 }).await;
    let mut reader = Reader::of(&network, "", Some("1")).await;
    let missed = reader.next().await.unwrap();
    assert_eq!((missed.event.as_str(), missed.data.as_str()), ("missed", r#"{"records":2}"#));
    reader.sees("3").await;
}

#[tokio::test]
async fn a_stream_ends_with_its_token() {
    let network = Network::up().await;
    let token = network.token(Scopes::default().with(Scope::Operator), 2);
    let mut reader = Reader::with(&network, &token, "", None).await;
    let last = reader.next().await.unwrap();
    assert_eq!(last.event, "closed");
    assert_eq!(
        serde_json::from_str::<Value>(&last.data).unwrap(),
        json!({ "reason": "the token has expired" })
    );
    assert!(reader.next().await.is_none());
}

#[tokio::test]
async fn a_stream_ends_when_its_reader_is_put_out() {
    let network = Network::up().await;
    let user = UserId::random(&mut rand::rng());
    let token = network.token_of(user.clone(), Scopes::default().with(Scope::Operator), 900);
    let mut reader = Reader::with(&network, &token, "", None).await;
    network.revoke(user);
    assert_eq!(reader.next().await.unwrap().event, "closed");
    assert!(reader.next().await.is_none());
}

#[tokio::test]
async fn as_many_streams_as_the_limit_are_open_at_once() {
    let network = Network::with(Config { streams: 2, ..Config::default() }).await;
    let first = Reader::of(&network, "", None).await;
    let _second = Reader::of(&network, "", None).await;
    let third = network.by_operator("/v1/logs/stream").send().await.unwrap();
    assert!(third.headers().contains_key("retry-after"));
    assert_eq!(problem(third).await, (503, "overloaded".into()));
    drop(first);
    eventually("there is room again", || async {
        let answer =
            network.request(Method::GET, "/v1/logs/stream").bearer_auth(network.operator()).send().await;
        answer.is_ok_and(|answer| answer.status() == StatusCode::OK)
    })
    .await;
}

#[tokio::test]
async fn a_stop_ends_the_streams() {
    let network = Network::up().await;
    let mut reader = Reader::of(&network, "", None).await;
    let Network { service, .. } = network;
    let (stopped, end) = tokio::join!(service.stop(), reader.next());
    assert!(stopped && end.is_none());
}

#[tokio::test]
async fn a_reader_that_reads_nothing_holds_up_nobody_and_loses_nothing() {
    let network = Network::up().await;
    let mut slow = Reader::of(&network, "", None).await;
    let text = "x".repeat(8000);
    for _ in 0..10 {
        network.ships(vec![record(0, &text); 200]).await;
    }
    network.ships([record(0, "last")]).await;
    for _ in 0..2000 {
        slow.sees(&text).await;
    }
    assert_eq!(slow.sees("last").await.id, "2001");
}
