use api::logs::LogRecord;
use reqwest::{Method, StatusCode};

use crate::network::{Network, problem, record};

const USER: &str = "3f9k2m7q0x1ab";

#[tokio::test]
async fn an_erased_user_is_named_nowhere() {
    let network = Network::up().await;
    let fields = [("user".to_owned(), USER.into()), ("name".to_owned(), "Éloïse".into())];
    let by_field = LogRecord { fields: fields.into_iter().collect(), ..record(1, "Éloïse logged in") };
    network.ships([record(0, "somebody else"), by_field, record(2, &format!("lost {USER}"))]).await;
    for _ in 0..2 {
        let path = format!("/v1/users/{USER}/data");
        let answer = network.by_service(Method::DELETE, &path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    }
    assert_eq!(network.finds_messages("").await, ["[erased]", "[erased]", "somebody else"]);
    for query in ["?q=3f9k2m7q0x1ab", "?q=%C3%89lo%C3%AFse"] {
        assert!(network.finds_messages(query).await.is_empty(), "{query}");
    }
}

#[tokio::test]
async fn only_services_erase_and_only_by_an_id() {
    let network = Network::up().await;
    network.ships([record(0, USER)]).await;
    let path = format!("/v1/users/{USER}/data");
    let person = network.request(Method::DELETE, &path).bearer_auth(network.operator()).send().await.unwrap();
    assert_eq!(problem(person).await, (403, "forbidden".into()));
    let nick = network.by_service(Method::DELETE, "/v1/users/eloise/data").send().await.unwrap();
    assert_eq!(problem(nick).await, (404, "not-found".into()));
    let short = network.by_service(Method::DELETE, "/v1/users/3/data").send().await.unwrap();
    assert_eq!(problem(short).await, (422, "invalid-parameter".into()));
    assert_eq!(network.finds_messages("").await, [USER]);
}
