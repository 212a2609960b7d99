use api::{
    auth::{Scope, Scopes},
    logs::{Level, LogRecord},
};
use kit::config::Period;
use log_service::Config;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::network::{Network, eventually, problem, record};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[tokio::test]
async fn only_operators_read_records() {
    let network = Network::up().await;
    for path in ["/v1/logs", "/v1/logs/stream"] {
        let nobody = network.request(Method::GET, path).send().await.unwrap();
        assert!(nobody.headers().contains_key("www-authenticate"));
        assert_eq!(problem(nobody).await, (401, "not-authenticated".into()));
        let ordinary = network.token(Scopes::ordinary(), 900);
        let person = network.request(Method::GET, path).bearer_auth(ordinary).send().await.unwrap();
        assert_eq!(problem(person).await, (403, "forbidden".into()));
        let late = network.token(Scopes::default().with(Scope::Operator), 0);
        let late = network.request(Method::GET, path).bearer_auth(late).send().await.unwrap();
        assert_eq!(problem(late).await, (401, "not-authenticated".into()));
        // A service has logs of its own to read.
        let service = network.by_service(Method::GET, path).send().await.unwrap();
        assert_eq!(problem(service).await, (401, "not-authenticated".into()));
    }
}

#[tokio::test]
async fn whatever_was_logged_comes_back_as_it_was_in_one_line_of_json() {
    let network = Network::up().await;
    let message =
        "one\r\ntwo\n{\"items\":[]}\n\u{1b}[31mred \u{7f}\u{85}\u{2028}\u{202e} data: x\n\nevent: closed";
    let fields = json!({ "line\nbreak": "\r\nid: 7\u{0}", "nested": [{ "a": "\"}]" }] });
    let odd = LogRecord {
        fields: fields.as_object().unwrap().clone(),
        trace_id: Some(TRACE.into()),
        level: Level::Warn,
        ..record(0, message)
    };
    network.ships([odd]).await;
    let text = network.by_operator("/v1/logs").send().await.unwrap().text().await.unwrap();
    assert!(!text.contains(|c: char| c < ' '), "a raw control character: {text:?}");
    let page: serde_json::Value = serde_json::from_str(&text).unwrap();
    let expected = json!({
        "id": 1, "at": "2023-11-14T22:13:20.000Z", "service": "messages", "instance": "1-a", "level": "warn",
        "message": message, "fields": fields, "trace_id": TRACE,
    });
    assert_eq!(page, json!({ "items": [expected], "next": null }));
}

#[tokio::test]
async fn an_operator_narrows_the_list_down() {
    let network = Network::up().await;
    let error = LogRecord { level: Level::Error, service: "users".into(), ..record(1, "Broken 100%") };
    let traced = LogRecord { trace_id: Some(TRACE.into()), ..record(2, "traced") };
    network.ships([record(0, "usual"), error, traced]).await;
    for (query, expected) in [
        ("", vec!["traced", "Broken 100%", "usual"]),
        ("?level=warn", vec!["Broken 100%"]),
        ("?service=messages", vec!["traced", "usual"]),
        ("?service=users&level=error&q=broken", vec!["Broken 100%"]),
        ("?q=100%25", vec!["Broken 100%"]),
        ("?q=%25u", vec![]),
        ("?since=2023-11-14T22:13:21Z", vec!["traced", "Broken 100%"]),
        ("?until=2023-11-14T22:13:21Z", vec!["usual"]),
        ("?trace_id=4bf92f3577b34da6a3ce929d0e0e4736", vec!["traced"]),
    ] {
        assert_eq!(network.finds_messages(query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused() {
    let network = Network::up().await;
    let long = format!("q={}", "x".repeat(257));
    for query in [
        "limit=0",
        "limit=1001",
        "limit=x",
        "levl=warn",
        "level=loud",
        "since=yesterday",
        "trace_id=1",
        "service=",
        "q=%00",
        "cursor=x",
        &long,
    ] {
        let refused = network.by_operator(&format!("/v1/logs?{query}")).send().await.unwrap();
        assert_eq!(problem(refused).await, (422, "invalid-parameter".into()), "{query}");
    }
    network.finds("?limit=1000").await;
    network.finds(&format!("?q={}", "x".repeat(256))).await;
}

#[tokio::test]
async fn pages_lead_to_the_end() {
    let network = Network::up().await;
    network.ships((0..120).map(|n| record(n / 4, &n.to_string()))).await;
    let (mut query, mut seen) = ("?limit=50".to_owned(), Vec::new());
    loop {
        let page = network.finds(&query).await;
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].as_u64().unwrap()));
        let Some(next) = page["next"].as_str() else { break };
        query = format!("?limit=50&cursor={next}");
    }
    assert_eq!(seen, (1..=120).rev().collect::<Vec<_>>());
    assert_eq!(network.finds("").await["items"].as_array().unwrap().len(), 50);
}

#[tokio::test]
async fn the_oldest_records_go_by_themselves() {
    let config = Config { keep_records: 10, sweep_every: Period::millis(20), ..Config::default() };
    let network = Network::with(config).await;
    network.ships((0..30).map(|n| record(n, &n.to_string()))).await;
    eventually("ten are left", || async { network.finds_messages("").await.len() == 10 }).await;
    assert_eq!(network.finds_messages("").await[9], "20");
}

#[tokio::test]
async fn records_outlive_the_process() {
    let network = Network::up().await;
    network.ships([record(0, "kept")]).await;
    let Network { service, dir, .. } = network;
    assert!(service.stop().await);
    let url = kit::config::SecretUrl::from(format!("sqlite:{}", dir.path().join("logs.db").display()));
    let db = kit::db::connect(&url, &log_service::store::migrations()).await.unwrap();
    let store = log_service::store::Store::open(db).await.unwrap();
    assert_eq!(store.head().await.unwrap(), 1);
}

#[tokio::test]
async fn the_documented_paths_are_the_ones_that_answer() {
    let network = Network::up().await;
    let openapi: serde_json::Value =
        network.request(Method::GET, "/openapi.json").send().await.unwrap().json().await.unwrap();
    let mut documented = Vec::new();
    for (path, methods) in openapi["paths"].as_object().unwrap() {
        documented.extend(methods.as_object().unwrap().keys().map(|method| format!("{method} {path}")));
    }
    for call in ["post /v1/logs", "get /v1/logs", "get /v1/logs/stream", "delete /v1/users/{user}/data"] {
        assert!(documented.iter().any(|documented| documented == call), "{call} is not among {documented:?}");
        let (method, path) = call.split_once(' ').unwrap();
        let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        let answer = network.request(method, &path.replace("{user}", "3f9k2m7q0x1ab")).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{call}");
    }
    let ready = network.request(Method::GET, "/readyz").send().await.unwrap();
    assert_eq!(ready.status(), StatusCode::OK);
}
