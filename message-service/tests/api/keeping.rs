use api::{ErrorCode, auth::ServiceName};
use serde_json::{Value, json};

use crate::{
    answers::channel_id,
    town::{Town, soon},
};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_past_its_retention_goes_and_the_first_seq_follows() {
    let town = Town::new().await;
    let alice = town.account("alice").await;
    town.rules(&alice, "POST", "/v1/channels", json!({ "name": "#rust" })).await;
    let rust = channel_id(&town.joins(&alice, "rust").await);
    for text in ["old", "older still"] {
        town.says(&alice, "rust", text).await.ok();
    }
    let two_days = "update entries set at = at - 2 * 24 * 3600 * 1000000";
    sqlx::query(two_days).execute(&town.rows().await).await.unwrap();
    town.says(&alice, "rust", "young").await.ok();
    let page = town.get(&alice, "/v1/channels/rust/messages").await.ok();
    assert_eq!((page["items"].as_array().unwrap().len(), &page["first_seq"]), (3, &json!(1)));

    let history = json!({ "history": { "retention_days": 1 } });
    town.rules(&alice, "PATCH", "/v1/channels/rust", history).await;
    let latest = async || town.get(&alice, "/v1/channels/rust/messages").await.ok();
    soon("the old ones are gone", async || latest().await["first_seq"] == 3).await;
    let page = latest().await;
    let left = page["items"].as_array().unwrap().iter().map(|item| &item["text"]).collect::<Vec<_>>();
    assert_eq!((left, &page["has_before"]), (vec![&json!("young")], &json!(false)));
    town.get(&alice, &format!("/v1/messages/{rust}-1")).await.refused(ErrorCode::NoSuchMessage);
    assert_eq!(town.says(&alice, "rust", "next").await.ok()["seq"], 4, "a number was given twice");
}

/// Where the only entry of the only conversation stands.
async fn set_seq(town: &Town, seq: i64) {
    sqlx::query("update entries set seq = $1").bind(seq).execute(&town.rows().await).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_while_storing_costs_one_answer_and_no_later_one() {
    let mut town = Town::new().await;
    let alice = town.guest("alice").await;
    town.joins(&alice, "rust").await;
    town.joins(&alice, "calm").await;
    town.says(&alice, "rust", "one").await.ok();
    town.stop_messages().await;
    // There is no next number, and arithmetic that overflows panics in tests.
    set_seq(&town, i64::MAX).await;
    town.start_messages().await;
    for _ in 0..2 {
        town.says_once(&alice, "rust", "two", "key").await.refused(ErrorCode::Unavailable);
    }
    let metrics = town.request(ServiceName::Messages, None, "GET", "/metrics").send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    let panics =
        metrics.lines().find(|line| line.starts_with("task_panics_total") && line.contains("\"writer\""));
    assert!(panics.is_some(), "nothing panicked: {metrics}");

    set_seq(&town, 1).await;
    assert_eq!(town.says(&alice, "calm", "works").await.ok()["seq"], 1);
    let again = town.says_once(&alice, "rust", "two", "key").await.ok();
    assert_eq!(again["seq"], 2);
    assert_eq!(town.texts(&alice, "/v1/channels/rust/messages").await, ["one", "two"]);
    assert_eq!(town.says_once(&alice, "rust", "two", "key").await.ok(), again);
    assert_ne!(again, Value::Null);
}
