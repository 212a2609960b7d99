use api::ErrorCode;
use reqwest::Method;
use serde_json::json;
use user_service::{Config, Rate, Registration};

use crate::town::{PASSWORD, Town, hasty, refused, said};

#[tokio::test]
async fn an_account_is_registered_shown_changed_and_exported() {
    let town = Town::up().await;
    let body = json!({ "name": "Éloïse", "password": PASSWORD });
    let response = town.request(Method::POST, "/v1/accounts").json(&body).send().await.unwrap();
    assert_eq!(response.headers()["location"], "/v1/accounts/%C3%89lo%C3%AFse");
    let account: serde_json::Value = response.json().await.unwrap();
    assert_eq!((&account["name"], &account["user"]["nick"]), (&json!("Éloïse"), &json!("Éloïse")));

    let token = town.logs_in("éloïse").await.access_token;
    let me = |method| town.request(method, "/v1/accounts/me").bearer_auth(&token);
    assert_eq!(said(me(Method::GET), 200).await, account);
    let changed = said(me(Method::PATCH).json(&json!({ "display_name": "Élo" })), 200).await;
    assert_eq!(changed["display_name"], "Élo");
    assert_eq!(
        refused(me(Method::PATCH).json(&json!({ "display_name": "a\nb" }))).await,
        "invalid-parameter"
    );

    let label = json!({ "label": "backup" });
    said(town.request(Method::POST, "/v1/accounts/me/api-tokens").bearer_auth(&token).json(&label), 201)
        .await;
    let export = said(town.request(Method::GET, "/v1/accounts/me/export").bearer_auth(&token), 200).await;
    assert_eq!(export["account"]["display_name"], "Élo");
    assert_eq!(export["api_tokens"][0]["label"], "backup");
    assert!(!export.to_string().contains("argon2") && export["api_tokens"][0].get("secret").is_none());
}

#[tokio::test]
async fn a_name_that_looks_like_another_is_taken() {
    let town = Town::up().await;
    town.registers("paypal").await;
    let register = |name: &str| {
        let body = json!({ "name": name, "password": PASSWORD });
        town.request(Method::POST, "/v1/accounts").json(&body)
    };
    assert_eq!(refused(register("PayPal")).await, "account-exists");
    // All of it Cyrillic.
    assert_eq!(refused(register("раураӏ")).await, "account-exists");
    assert_eq!(refused(town.wants_guest("paypal")).await, "nick-in-use");
    assert_eq!(refused(register("1st")).await, "invalid-nick");
    assert_eq!(refused(register("me")).await, "invalid-nick");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_take_one_name_one_has_it() {
    let town = Town::up().await;
    let register = || {
        let body = json!({ "name": "alice", "password": PASSWORD });
        town.request(Method::POST, "/v1/accounts").json(&body).send()
    };
    let guests = || town.wants_guest("alice").send();
    let (accounts, guests) = futures_util::join!(
        futures_util::future::join_all((0..8).map(|_| register())),
        futures_util::future::join_all((0..32).map(|_| guests())),
    );
    let statuses: Vec<u16> =
        accounts.into_iter().chain(guests).map(|answer| answer.unwrap().status().as_u16()).collect();
    assert_eq!(statuses.iter().filter(|&&status| status < 300).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 201, 409].contains(status)), "{statuses:?}");
}

#[tokio::test]
async fn a_password_must_be_good_and_the_answer_says_where() {
    let town = Town::up().await;
    let body = json!({ "name": "alice", "password": "password" });
    let problem = said(town.request(Method::POST, "/v1/accounts").json(&body), 422).await;
    assert_eq!(
        (&problem["code"], &problem["errors"][0]["pointer"]),
        (&json!("weak-password"), &json!("/password"))
    );
}

#[tokio::test]
async fn a_new_password_puts_everybody_out_who_came_with_the_old() {
    let town = Town::up().await;
    town.registers("alice").await;
    let old = town.logs_in("alice").await;
    let change = |current: &str, new: &str| {
        let body = json!({ "current": current, "new": new });
        town.request(Method::PUT, "/v1/accounts/me/password").bearer_auth(&old.access_token).json(&body)
    };
    assert_eq!(refused(change("not the password", "another horse battery")).await, "bad-credentials");
    assert_eq!(refused(change(PASSWORD, "short")).await, "weak-password");
    said(change(PASSWORD, "another horse battery"), 204).await;

    let me = town.request(Method::GET, "/v1/accounts/me").bearer_auth(&old.access_token);
    assert_eq!(refused(me).await, "not-authenticated");
    let refresh = json!({ "grant_type": "refresh_token", "refresh_token": old.refresh_token });
    assert_eq!(refused(town.request(Method::POST, "/v1/tokens").json(&refresh)).await, "bad-credentials");
    let login = |password: &str| {
        let body = json!({ "grant_type": "password", "name": "alice", "password": password });
        town.request(Method::POST, "/v1/tokens").json(&body)
    };
    assert_eq!(refused(login(PASSWORD)).await, "bad-credentials");
    said(login("another horse battery"), 200).await;
}

#[tokio::test]
async fn registration_can_be_closed() {
    let town = Town::with(Config { registration: Registration::Closed, ..hasty() }).await;
    let body = json!({ "name": "alice", "password": PASSWORD });
    assert_eq!(refused(town.request(Method::POST, "/v1/accounts").json(&body)).await, "registration-closed");
}

#[tokio::test]
async fn registration_can_need_an_invitation_which_is_good_once() {
    let mut town = Town::up().await;
    let operator = town.operator("olga").await;
    town.stop().await;
    town.settings.service.registration = Registration::Invite;
    town.start().await;
    let invite = town.request(Method::POST, "/v1/invites").bearer_auth(&operator.access_token);
    let code = said(invite, 201).await["code"].clone();
    let register = |name: &str, invite: serde_json::Value| {
        let body = json!({ "name": name, "password": PASSWORD, "invite": invite });
        town.request(Method::POST, "/v1/accounts").json(&body)
    };
    assert_eq!(refused(register("alice", json!(null))).await, "registration-closed");
    assert_eq!(refused(register("alice", json!("made up"))).await, "registration-closed");
    said(register("alice", code.clone()), 201).await;
    assert_eq!(refused(register("bob", code)).await, "registration-closed");
}

#[tokio::test]
async fn failed_logins_are_counted_for_the_account_whoever_tries() {
    let burst = 3;
    let rate = Rate { burst, every: kit::config::Period::seconds(60) };
    let town = Town::with(Config { logins_of_account: rate, ..hasty() }).await;
    town.registers("alice").await;
    let login = |name: &str, password: &str| {
        let body = json!({ "grant_type": "password", "name": name, "password": password });
        town.request(Method::POST, "/v1/tokens").json(&body)
    };
    // What is right is not counted.
    for _ in 0..=burst {
        said(login("alice", PASSWORD), 200).await;
    }
    for name in ["alice", "nobody"] {
        for _ in 0..burst {
            assert_eq!(refused(login(name, "wrong")).await, "bad-credentials", "{name}");
        }
        let response = login(name, PASSWORD).send().await.unwrap();
        let after: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=60).contains(&after), "{after}");
        let problem: api::Problem = response.json().await.unwrap();
        assert_eq!((problem.code, problem.status), (ErrorCode::TooFast, 429));
    }
    town.registers("bob").await;
    said(login("bob", PASSWORD), 200).await;
}

#[tokio::test]
async fn failed_logins_are_counted_for_the_address_whatever_account() {
    let rate = Rate { burst: 3, every: kit::config::Period::seconds(60) };
    let town = Town::with(Config { logins_from_address: rate, ..hasty() }).await;
    for (at, code) in
        ["bad-credentials", "bad-credentials", "bad-credentials", "too-fast"].into_iter().enumerate()
    {
        let body = json!({ "grant_type": "password", "name": format!("nobody{at}"), "password": "wrong" });
        assert_eq!(refused(town.request(Method::POST, "/v1/tokens").json(&body)).await, code, "{at}");
    }
}

#[tokio::test]
async fn newcomers_from_one_address_are_counted() {
    let rate = Rate { burst: 2, every: kit::config::Period::seconds(60) };
    let town = Town::with(Config { newcomers_from_address: rate, ..hasty() }).await;
    town.registers("alice").await;
    town.guest("bob").await;
    assert_eq!(refused(town.wants_guest("carol")).await, "too-fast");
}

#[tokio::test]
async fn a_guest_registers_the_nick_that_they_wear() {
    let town = Town::up().await;
    let guest = town.guest("alice").await;
    let body = json!({ "name": "alice", "password": PASSWORD });
    let register = || town.request(Method::POST, "/v1/accounts").json(&body);
    assert_eq!(refused(register()).await, "account-exists");
    let account = said(register().bearer_auth(&guest.access_token), 201).await;
    assert_eq!(account["user"]["id"], json!(guest.user.id), "the guest became the account's user");
    assert_eq!(town.logs_in("alice").await.user.id, guest.user.id);
}
