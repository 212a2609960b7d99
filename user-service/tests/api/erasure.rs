use kit::config::Period;
use reqwest::Method;
use serde_json::json;
use user_service::Config;

use crate::town::{PASSWORD, Town, as_guest, by_password, gateway_id, hasty, refused, said, session, soon};

#[tokio::test]
async fn after_an_erasure_nothing_here_knows_the_name() {
    let name = "zephyrine";
    let town = Town::with(Config { erase_again: Period::seconds(1), ..hasty() }).await;
    let olga = town.operator("olga").await;
    town.registers(name).await;
    let gateway = gateway_id();
    // As a guest first, as herself then, with everything that leaves a trace.
    let guest = town.opens(session(&gateway, "192.0.2.1", as_guest("zephyrine-guest"))).await.unwrap();
    let mut login = session(&gateway, "192.0.2.1", by_password(name));
    login.replaces = Some(guest.session.clone());
    let opened = town.opens(login).await.unwrap();
    let tokens = town.logs_in(name).await;
    let patch =
        |body| town.request(Method::PATCH, "/v1/users/me").bearer_auth(&tokens.access_token).json(&body);
    said(patch(json!({ "nick": "zephyrine2", "away": "zephyrine is out" })), 200).await;
    said(patch(json!({ "nick": name })), 200).await;
    let url = town.request(Method::PUT, "/v1/users/me/metadata/url").bearer_auth(&tokens.access_token);
    said(url.json(&json!({ "value": "https://zephyrine.example" })), 200).await;
    let label = json!({ "label": "zephyrine's bot" });
    said(
        town.request(Method::POST, "/v1/accounts/me/api-tokens")
            .bearer_auth(&tokens.access_token)
            .json(&label),
        201,
    )
    .await;
    let me = town.request(Method::PATCH, "/v1/accounts/me").bearer_auth(&tokens.access_token);
    said(me.json(&json!({ "display_name": "Zephyrine" })), 200).await;
    let ban = json!({ "target": "~account:zephyrine", "reason": "" });
    said(town.request(Method::POST, "/v1/network-bans").bearer_auth(&olga.access_token).json(&ban), 201)
        .await;
    assert!(crate::POSTGRES || !town.files_hold(name).is_empty(), "the search finds what is there");

    town.neighbour.set_away(true);
    let delete = town.request(Method::DELETE, "/v1/accounts/me").bearer_auth(&tokens.access_token);
    said(delete, 202).await;
    assert_eq!(
        refused(town.request(Method::GET, "/v1/users/me").bearer_auth(&tokens.access_token)).await,
        "not-authenticated"
    );
    let login = json!({ "grant_type": "password", "name": name, "password": PASSWORD });
    assert_eq!(refused(town.request(Method::POST, "/v1/tokens").json(&login)).await, "bad-credentials");
    let events = town.gateway().events(&opened.user.person.id, 0).await.unwrap();
    let kinds: Vec<_> = events
        .events
        .iter()
        .map(|event| serde_json::to_value(&event.change).unwrap()["kind"].clone())
        .collect();
    assert_eq!(kinds.last(), Some(&json!("erased")), "{kinds:?}");
    assert!(!serde_json::to_string(&events).unwrap().contains(name));

    town.neighbour.set_away(false);
    let ids = [&opened.user.person.id, &guest.user.person.id];
    soon("every other service is told, twice, of both of her selves", || async {
        let told = town.neighbour.told();
        ids.iter().all(|id| {
            ["channels", "messages", "logs"].iter().all(|service| {
                let what = format!("{service} DELETE /v1/users/{id}/data");
                told.iter().filter(|(told, _)| *told == what).count() >= 2
            })
        })
    })
    .await;
    soon("the files hold nothing", || async { town.files_hold(name).is_empty() }).await;
    // The name is free again.
    town.registers(name).await;
}
