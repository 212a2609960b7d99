//! What goes with a login that is taken back.

use api::{
    id::SessionId,
    users::{OpenedSession, Tokens},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::town::{Town, actor, as_, by_password, by_token, gateway_id, refused, said, session, soon};

impl Town {
    async fn exchange(&self, body: Value) -> reqwest::Response {
        self.request(Method::POST, "/v1/tokens").json(&body).send().await.unwrap()
    }

    async fn revokes(&self, token: &str) {
        said(self.request(Method::POST, "/v1/tokens/revoke").json(&json!({ "token": token })), 200).await;
    }

    /// What `/token` gives on a connection; with a label a personal API token.
    pub(crate) async fn token_of(&self, opened: &OpenedSession, label: Option<&str>) -> String {
        let path = format!("/v1/sessions/{}/tokens", opened.session);
        let request = self.as_service(Method::POST, &path).json(&json!({ "label": label }));
        let act_as = kit::auth::act_as(&actor(opened));
        let made = said(request.header(api::auth::ACT_AS, act_as), 201).await;
        made["token"].as_str().unwrap().to_owned()
    }

    async fn api_token(&self, access: &str) -> String {
        let request = self.request(Method::POST, "/v1/accounts/me/api-tokens").bearer_auth(access);
        let made = said(request.json(&json!({ "label": "bot" })), 201).await;
        made["secret"].as_str().unwrap().to_owned()
    }

    async fn takes(&self, access: &str) -> bool {
        let me = self.request(Method::GET, "/v1/users/me").bearer_auth(access).send().await.unwrap();
        me.status() == 200
    }

    async fn exchanges(&self, api_token: &str) -> bool {
        let body = json!({ "grant_type": "api_token", "api_token": api_token });
        self.exchange(body).await.status() == 200
    }

    async fn has_ended(&self, session: &SessionId) {
        soon("the session leaves its channels", || async { !self.neighbour.ended(session).is_empty() }).await;
    }
}

#[tokio::test]
async fn a_login_that_is_taken_back_takes_along_all_that_came_of_it() {
    let town = Town::up().await;
    town.registers("alice").await;
    let gateway = gateway_id();
    let open = |proof| town.opens(session(&gateway, "192.0.2.1", proof));
    let other = town.logs_in("alice").await;
    let kept = (
        open(by_password("alice")).await.unwrap(),
        town.api_token(&other.access_token).await,
        open(by_token(&other.access_token)).await.unwrap(),
    );
    for way in ["access token", "refresh token", "theft"] {
        let login = town.logs_in("alice").await;
        let first = open(by_token(&login.access_token)).await.unwrap();
        let access = town.token_of(&first, None).await;
        // Goes on in its place; a third has the secret of the second.
        let second = open(by_token(&access)).await.unwrap();
        let third = open(by_token(&second.secret)).await.unwrap();
        let fourth = open(by_token(&login.access_token)).await.unwrap();
        let by_line = town.token_of(&third, Some("evil")).await;
        let by_rest = town.api_token(&login.access_token).await;
        let body = json!({ "grant_type": "api_token", "api_token": by_rest });
        let exchanged: Tokens = as_(town.exchange(body).await.json().await.unwrap());
        let by_itself = town.api_token(&exchanged.access_token).await;
        let fifth = open(by_token(&by_itself)).await.unwrap();

        let refresh = login.refresh_token.clone().unwrap();
        match way {
            "access token" => town.revokes(&login.access_token).await,
            "refresh token" => town.revokes(&refresh).await,
            _ => {
                let body = json!({ "grant_type": "refresh_token", "refresh_token": refresh });
                assert_eq!(town.exchange(body.clone()).await.status(), 200);
                assert_eq!(town.exchange(body).await.status(), 401);
            }
        }
        for token in [&login.access_token, &access, &exchanged.access_token] {
            assert!(!town.takes(token).await, "{way}");
            assert_eq!(open(by_token(token)).await.unwrap_err().code.as_str(), "bad-credentials", "{way}");
        }
        for token in [&by_line, &by_rest, &by_itself] {
            assert!(!town.exchanges(token).await, "{way}");
        }
        for opened in [&third, &fourth, &fifth] {
            town.has_ended(&opened.session).await;
            let refusal = open(by_token(&opened.secret)).await.unwrap_err();
            assert_eq!(refusal.code.as_str(), "session-ended", "{way}");
        }
    }
    assert!(town.takes(&other.access_token).await && town.exchanges(&kept.1).await);
    for opened in [&kept.0, &kept.2] {
        assert!(town.neighbour.ended(&opened.session).is_empty());
        assert!(town.takes(&town.token_of(opened, None).await).await);
    }
}

#[tokio::test]
async fn a_guests_token_takes_along_the_session_that_it_opened() {
    let town = Town::up().await;
    let guest = town.guest("bob").await;
    let opened =
        town.opens(session(&gateway_id(), "192.0.2.1", by_token(&guest.access_token))).await.unwrap();
    assert_eq!(refused(town.wants_guest("bob")).await, "nick-in-use");
    town.revokes(&guest.access_token).await;
    town.has_ended(&opened.session).await;
    assert_eq!(town.neighbour.ended(&opened.session)[0]["all"], true);
    soon("the nick is free", || async { town.wants_guest("bob").send().await.unwrap().status() == 200 })
        .await;
}

#[tokio::test]
async fn a_session_that_goes_on_elsewhere_still_ends_with_its_api_token() {
    let town = Town::up().await;
    town.registers("alice").await;
    let alice = town.logs_in("alice").await;
    let bot = town.api_token(&alice.access_token).await;
    let first = town.opens(session(&gateway_id(), "192.0.2.1", by_token(&bot))).await.unwrap();
    let second = town.opens(session(&gateway_id(), "192.0.2.1", by_token(&first.secret))).await.unwrap();
    town.revokes(&bot).await;
    town.has_ended(&second.session).await;
}
