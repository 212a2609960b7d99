use api::auth::Scope;
use reqwest::Method;
use serde_json::json;

use crate::town::{PASSWORD, Town, by_password, gateway_id, hasty, refused, said, session, soon};

#[tokio::test]
async fn the_first_operator_is_made_on_the_machine_itself() {
    let town = Town::up().await;
    let name = "olga".try_into().unwrap();
    let none = user_service::operator::add(&town.settings, &name).await.unwrap_err();
    assert!(none.to_string().contains("no account"), "{none}");
    town.registers("olga").await;
    assert!(user_service::operator::add(&town.settings, &name).await.unwrap());
    assert!(!user_service::operator::add(&town.settings, &name).await.unwrap());
    let olga = town.logs_in("olga").await;
    assert!(olga.scope.contains(Scope::Operator));

    user_service::operator::remove(&town.settings, &name).await.unwrap();
    soon("her tokens are refused", || async {
        let bans = town.request(Method::GET, "/v1/network-bans").bearer_auth(&olga.access_token);
        bans.send().await.unwrap().status() == 401
    })
    .await;
    assert!(!town.logs_in("olga").await.scope.contains(Scope::Operator));
}

#[tokio::test]
async fn others_accounts_are_for_operators_only_existing_or_not() {
    let town = Town::up().await;
    let olga = town.operator("olga").await;
    town.registers("alice").await;
    town.registers("bob").await;
    let bob = town.logs_in("bob").await;
    for name in ["alice", "nobody", "not%20a%20name"] {
        let path = format!("/v1/accounts/{name}");
        for (method, path) in [
            (Method::GET, path.clone()),
            (Method::DELETE, path.clone()),
            (Method::PUT, format!("{path}/suspension")),
        ] {
            let request = town.request(method, &path).bearer_auth(&bob.access_token);
            assert_eq!(refused(request).await, "forbidden", "{path}");
        }
    }
    let show = |name: &str| {
        town.request(Method::GET, &format!("/v1/accounts/{name}")).bearer_auth(&olga.access_token)
    };
    assert_eq!(said(show("alice"), 200).await["name"], "alice");
    assert_eq!(refused(show("nobody")).await, "no-such-account");
    assert_eq!(refused(town.request(Method::GET, "/v1/accounts/me")).await, "not-authenticated");
}

#[tokio::test]
async fn a_suspended_account_is_out_until_it_is_let_in_again() {
    let town = Town::up().await;
    let olga = town.operator("olga").await;
    town.registers("alice").await;
    let alice = town.logs_in("alice").await;
    let opened = town.opens(session(&gateway_id(), "192.0.2.1", by_password("alice"))).await.unwrap();
    let suspension =
        |method| town.request(method, "/v1/accounts/alice/suspension").bearer_auth(&olga.access_token);
    assert_eq!(
        refused(suspension(Method::PUT).json(&json!({ "reason": "a\nb" }))).await,
        "invalid-parameter"
    );
    assert_eq!(
        said(suspension(Method::PUT).json(&json!({ "reason": "spam" })), 200).await["suspended"],
        true
    );
    assert_eq!(said(suspension(Method::PUT), 200).await["suspended"], true);

    let me = town.request(Method::GET, "/v1/accounts/me").bearer_auth(&alice.access_token);
    assert_eq!(refused(me).await, "not-authenticated");
    let login = json!({ "grant_type": "password", "name": "alice", "password": PASSWORD });
    assert_eq!(refused(town.request(Method::POST, "/v1/tokens").json(&login)).await, "suspended");
    let refusal = town.opens(session(&gateway_id(), "192.0.2.1", by_password("alice"))).await.unwrap_err();
    assert_eq!(refusal.code.as_str(), "suspended");
    soon("her session leaves the channels", || async { !town.neighbour.ended(&opened.session).is_empty() })
        .await;
    let events =
        town.gateway().events(&opened.user.person.id, opened.user.person.user_version).await.unwrap();
    let kinds: Vec<String> = events
        .events
        .iter()
        .map(|event| serde_json::to_value(&event.change).unwrap()["kind"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds, ["suspended", "session-ended", "revoked"]);

    assert_eq!(said(suspension(Method::DELETE), 200).await["suspended"], false);
    said(town.request(Method::POST, "/v1/tokens").json(&login), 200).await;
}

#[tokio::test]
async fn an_operator_resets_a_password_and_shows_it_once() {
    let town = Town::up().await;
    let olga = town.operator("olga").await;
    town.registers("alice").await;
    let reset = |body| {
        town.request(Method::PUT, "/v1/accounts/alice/password").bearer_auth(&olga.access_token).json(&body)
    };
    let made = said(reset(json!({})), 200).await;
    let login = |password: &serde_json::Value| {
        let body = json!({ "grant_type": "password", "name": "alice", "password": password });
        town.request(Method::POST, "/v1/tokens").json(&body)
    };
    said(login(&made["password"]), 200).await;
    assert_eq!(refused(login(&json!(PASSWORD))).await, "bad-credentials");
    assert_eq!(refused(reset(json!({ "password": "alice123" }))).await, "weak-password");
    assert_eq!(said(reset(json!({ "password": "chosen by olga" })), 200).await["password"], json!(null));
}

#[tokio::test]
async fn an_operator_disconnects_somebody() {
    let town = Town::up().await;
    let olga = town.operator("olga").await;
    town.registers("alice").await;
    let opened = town.opens(session(&gateway_id(), "192.0.2.1", by_password("alice"))).await.unwrap();
    let path = format!("/v1/users/{}/sessions", opened.user.person.id);
    let bob = town.guest("bob").await;
    assert_eq!(refused(town.request(Method::GET, &path).bearer_auth(&bob.access_token)).await, "forbidden");
    let list = said(town.request(Method::GET, &path).bearer_auth(&olga.access_token), 200).await;
    assert_eq!(list["items"][0]["id"], json!(opened.session));
    said(town.request(Method::DELETE, "/v1/users/alice/sessions").bearer_auth(&olga.access_token), 204).await;
    let events =
        town.gateway().events(&opened.user.person.id, opened.user.person.user_version).await.unwrap();
    assert_eq!(serde_json::to_value(&events.events[0].change).unwrap()["forced"], true);
    assert_eq!(
        refused(town.request(Method::DELETE, "/v1/users/nobody/sessions").bearer_auth(&olga.access_token))
            .await,
        "no-such-nick"
    );
}

#[tokio::test]
async fn a_network_ban_keeps_out_and_throws_out() {
    let town = Town::up().await;
    let olga = town.operator("olga").await;
    town.registers("alice").await;
    let bans = |method| town.request(method, "/v1/network-bans").bearer_auth(&olga.access_token);
    let inside = town.opens(session(&gateway_id(), "192.0.2.7", by_password("alice"))).await.unwrap();
    let ban =
        said(bans(Method::POST).json(&json!({ "target": "192.0.2.0/24", "reason": "noise" })), 201).await;
    soon("who was inside is out", || async { !town.neighbour.ended(&inside.session).is_empty() }).await;
    let refusal = town.opens(session(&gateway_id(), "192.0.2.9", by_password("alice"))).await.unwrap_err();
    assert_eq!(refusal.code.as_str(), "network-banned");
    town.opens(session(&gateway_id(), "198.51.100.1", by_password("alice"))).await.unwrap();

    said(bans(Method::POST).json(&json!({ "target": "~account:alice", "reason": "" })), 201).await;
    let refusal = town.opens(session(&gateway_id(), "198.51.100.1", by_password("alice"))).await.unwrap_err();
    assert_eq!(refusal.code.as_str(), "network-banned");
    said(bans(Method::POST).json(&json!({ "target": "spam*", "reason": "" })), 201).await;
    assert_eq!(refused(town.wants_guest("spammer")).await, "network-banned");
    assert_eq!(
        refused(bans(Method::POST).json(&json!({ "target": "a b", "reason": "" }))).await,
        "invalid-mask"
    );

    assert_eq!(said(bans(Method::GET), 200).await["items"].as_array().unwrap().len(), 3);
    let one = format!("/v1/network-bans/{}", ban["id"].as_str().unwrap());
    said(town.request(Method::DELETE, &one).bearer_auth(&olga.access_token), 204).await;
    assert_eq!(
        refused(town.request(Method::DELETE, &one).bearer_auth(&olga.access_token)).await,
        "no-such-ban"
    );
    let bob = town.guest("bob").await;
    assert_eq!(
        refused(town.request(Method::GET, "/v1/network-bans").bearer_auth(&bob.access_token)).await,
        "forbidden"
    );
}

#[tokio::test]
async fn there_are_so_many_network_bans_and_api_tokens_and_no_more() {
    let config = user_service::Config { network_bans: 1, api_tokens_of_account: 1, ..hasty() };
    let town = Town::with(config).await;
    let olga = town.operator("olga").await;
    for (path, body) in [
        ("/v1/network-bans", json!({ "target": "192.0.2.1", "reason": "" })),
        ("/v1/accounts/me/api-tokens", json!({ "label": "one" })),
    ] {
        let post = || town.request(Method::POST, path).bearer_auth(&olga.access_token).json(&body);
        said(post(), 201).await;
        assert_eq!(refused(post()).await, "list-full", "{path}");
    }
}

#[tokio::test]
async fn a_network_ban_and_an_operator_put_those_out_who_have_tokens_only() {
    let town = Town::up().await;
    let olga = town.operator("olga").await;
    town.registers("alice").await;
    let alice = town.logs_in("alice").await;
    let (spammer, noise, bob) =
        (town.guest("spammer").await, town.guest("noise").await, town.guest("bob").await);
    let takes = async |token: &str| {
        let me = town.request(Method::GET, "/v1/users/me").bearer_auth(token).send().await.unwrap();
        me.status() == 200
    };
    let bans = async |target: &str| {
        let request = town.request(Method::POST, "/v1/network-bans").bearer_auth(&olga.access_token);
        said(request.json(&json!({ "target": target, "reason": "noise" })), 201).await
    };
    let refreshes = async |token: &Option<String>| {
        let body = json!({ "grant_type": "refresh_token", "refresh_token": token });
        town.request(Method::POST, "/v1/tokens").json(&body).send().await.unwrap().status() == 200
    };
    bans("spam*").await;
    soon("the guest's token is refused", async || !takes(&spammer.access_token).await).await;
    assert!(!refreshes(&spammer.refresh_token).await);
    soon("the guest leaves the channels", || async {
        town.neighbour.told().iter().any(|(_, body)| body["user"]["id"] == json!(spammer.user.id))
    })
    .await;
    bans("~account:alice").await;
    soon("the account's token is refused", async || !takes(&alice.access_token).await).await;
    for kept in [&noise, &bob, &olga] {
        assert!(takes(&kept.access_token).await);
    }

    let sessions = town.request(Method::DELETE, "/v1/users/noise/sessions").bearer_auth(&olga.access_token);
    said(sessions, 204).await;
    assert!(!takes(&noise.access_token).await && !refreshes(&noise.refresh_token).await);
    let ban = bans("127.0.0.0/8").await;
    soon("whoever came from there is out", async || !takes(&bob.access_token).await).await;
    assert!(takes(&olga.access_token).await, "who can lift it stays");
    assert_eq!(ban["target"], "127.0.0.0/8");
}
