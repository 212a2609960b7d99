use api::{
    auth::Scopes,
    logs::{MAX_LOG_MESSAGE_BYTES, MAX_RECORDS},
};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::network::{Network, problem, record};

#[tokio::test]
async fn only_services_ship_records() {
    let network = Network::up().await;
    let body = json!({ "records": [record(0, "forged")] });
    let nobody = network.request(Method::POST, "/v1/logs").json(&body).send().await.unwrap();
    assert_eq!(problem(nobody).await, (401, "not-authenticated".into()));
    for token in [network.operator(), network.token(Scopes::ordinary(), 900)] {
        let person =
            network.request(Method::POST, "/v1/logs").bearer_auth(token).json(&body).send().await.unwrap();
        assert_eq!(problem(person).await, (403, "forbidden".into()));
    }
    assert!(network.finds_messages("").await.is_empty());
}

#[tokio::test]
async fn a_batch_holds_as_many_records_as_the_limit_and_no_more() {
    let network = Network::up().await;
    network.ships(vec![record(0, "x"); MAX_RECORDS]).await;
    let refused = network.try_ship(vec![record(0, "x"); MAX_RECORDS + 1]).await;
    assert_eq!(problem(refused).await, (422, "invalid-parameter".into()));
    assert_eq!(network.finds_messages("?limit=1000").await.len(), MAX_RECORDS);
    network.ships([]).await;
}

#[tokio::test]
async fn one_record_that_is_not_allowed_stores_none_and_is_pointed_at() {
    let network = Network::up().await;
    network.ships([record(0, &"x".repeat(MAX_LOG_MESSAGE_BYTES))]).await;
    let long = record(0, &"x".repeat(MAX_LOG_MESSAGE_BYTES + 1));
    let refused = network.try_ship(vec![record(0, "fine"), long]).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let refused: api::Problem = refused.json().await.unwrap();
    assert_eq!(refused.errors[0].pointer, "/records/1/message");
    assert_eq!(network.finds_messages("?q=fine").await, [""; 0]);
}

/// As many bytes as may be sent, and one more. White space, so that nothing is measured but the length.
#[tokio::test]
async fn a_body_may_be_as_long_as_the_limit_and_no_longer() {
    const MAX_BATCH_BYTES: usize = 16 * 1024 * 1024;
    let network = Network::up().await;
    for (bytes, status) in
        [(MAX_BATCH_BYTES, StatusCode::ACCEPTED), (MAX_BATCH_BYTES + 1, StatusCode::PAYLOAD_TOO_LARGE)]
    {
        let batch = r#"{"records":[]}"#;
        let body = batch.to_owned() + &" ".repeat(bytes - batch.len());
        let request = network.by_service(Method::POST, "/v1/logs").header("content-type", "application/json");
        let response = request.body(body).send().await.unwrap();
        assert_eq!(response.status(), status);
    }
}

#[tokio::test]
async fn a_thousand_of_the_largest_usual_records_fit() {
    let network = Network::up().await;
    network.ships(vec![record(0, &"é".repeat(MAX_LOG_MESSAGE_BYTES / 2)); MAX_RECORDS]).await;
    assert_eq!(network.finds_messages("?limit=3").await.len(), 3);
}
