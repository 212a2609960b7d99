use api::{
    HeadsRequest,
    event::{UserChange, UserEvent},
    users::{Lookup, PatchUser, Revocations, Tokens},
};
use client::Caller;
use reqwest::Method;
use serde_json::json;

use crate::town::{Town, actor, as_, as_guest, by_password, gateway_id, refused, said, session};

#[tokio::test]
async fn a_nick_is_changed_everywhere_and_remembered() {
    let town = Town::up().await;
    let bob = town.guest("bob").await;
    let patch = |body| town.request(Method::PATCH, "/v1/users/me").bearer_auth(&bob.access_token).json(&body);
    let changed = said(patch(json!({ "nick": "Robert" })), 200).await;
    assert_eq!((&changed["user"]["nick"], &changed["events"][0]["old"]), (&json!("Robert"), &json!("bob")));
    let event: UserEvent = as_(changed["events"][0].clone());
    assert_eq!(event.version, bob_version(&changed));

    let get = |path: &str| town.request(Method::GET, path).bearer_auth(&bob.access_token);
    assert_eq!(said(get("/v1/users/robert"), 200).await["id"], json!(bob.user.id));
    assert_eq!(refused(get("/v1/users/bob")).await, "no-such-nick");
    let former = said(get("/v1/nicks/bob/history"), 200).await;
    assert_eq!(former["items"][0]["nick"], "bob");

    // Freed for others; one's own other spelling is no conflict, and the same nick no event.
    town.guest("bob").await;
    assert_eq!(refused(patch(json!({ "nick": "Bob" }))).await, "nick-in-use");
    assert_eq!(refused(patch(json!({ "nick": "a b" }))).await, "invalid-nick");
    said(patch(json!({ "nick": "ROBERT" })), 200).await;
    assert_eq!(said(patch(json!({ "nick": "ROBERT" })), 200).await["events"], json!([]));
}

#[tokio::test]
async fn services_hear_who_is_called_otherwise_than_older_tokens_say() {
    let town = Town::up().await;
    let (bob, carol) = (town.guest("bob").await, town.guest("carol").await);
    let feed = async |after: u64| {
        let path = format!("/v1/revocations?after={after}");
        as_::<Revocations>(said(town.as_service(Method::GET, &path), 200).await)
    };
    let start = feed(0).await;
    assert_eq!(start.renamed, []);
    let rename = |who: &Tokens, nick: &str| {
        let patch = town.request(Method::PATCH, "/v1/users/me").bearer_auth(&who.access_token);
        said(patch.json(&json!({ "nick": nick })), 200)
    };
    rename(&bob, "robert").await;
    let first = feed(start.cursor).await;
    assert_eq!(first.renamed[0].nick.as_str(), "robert");
    rename(&carol, "bob").await;
    let changed = rename(&bob, "rob").await;
    // Each once, as they are now.
    let names =
        |page: &Revocations| page.renamed.iter().map(|person| person.nick.to_string()).collect::<Vec<_>>();
    assert_eq!(names(&feed(0).await), ["bob", "rob"]);
    let second = feed(first.cursor).await;
    assert_eq!((names(&second), second.items.len()), (vec!["bob".to_owned(), "rob".to_owned()], 0));
    assert_eq!(second.renamed[1].user_version, bob_version(&changed));
    assert_eq!(feed(second.cursor).await.renamed, []);
}

fn bob_version(changed: &serde_json::Value) -> u64 {
    changed["user"]["user_version"].as_u64().unwrap()
}

#[tokio::test]
async fn an_away_text_is_shown_until_it_is_emptied() {
    let town = Town::up().await;
    let bob = town.guest("bob").await;
    let patch = |away: &str| {
        town.request(Method::PATCH, "/v1/users/me")
            .bearer_auth(&bob.access_token)
            .json(&json!({ "away": away }))
    };
    assert_eq!(said(patch("lunch"), 200).await["user"]["away"], "lunch");
    assert_eq!(said(patch("lunch"), 200).await["events"], json!([]));
    assert_eq!(said(patch(""), 200).await["events"][0]["text"], json!(null));
    assert_eq!(refused(patch("two\nlines")).await, "invalid-parameter");
}

#[tokio::test]
async fn the_nick_of_an_account_stays_its_own_while_another_is_worn() {
    let town = Town::up().await;
    town.registers("alice").await;
    let alice = town.logs_in("alice").await;
    let patch = town.request(Method::PATCH, "/v1/users/me").bearer_auth(&alice.access_token);
    said(patch.json(&json!({ "nick": "wonderland" })), 200).await;
    assert_eq!(refused(town.wants_guest("alice")).await, "nick-in-use");
    assert_eq!(refused(town.wants_guest("wonderland")).await, "nick-in-use");
}

#[tokio::test]
async fn readers_learn_what_they_missed() {
    let town = Town::up().await;
    let gateway = town.gateway();
    let opened = town.opens(session(&gateway_id(), "192.0.2.1", as_guest("bob"))).await.unwrap();
    let id = opened.user.person.id.clone();
    let bob = actor(&opened);
    for nick in ["robert", "rob"] {
        gateway.change(&bob, &PatchUser { nick: Some(nick.into()), ..PatchUser::default() }).await.unwrap();
    }
    let held = opened.user.person.user_version;
    let missed = gateway.events(&id, held).await.unwrap();
    assert!(missed.complete);
    let nicks: Vec<&str> = missed.events.iter().map(|event| event.nick.as_str()).collect();
    assert_eq!(nicks, ["robert", "rob"]);
    assert!(matches!(&missed.events[0].change, UserChange::NickChanged { old } if old.as_str() == "bob"));
    assert_eq!(missed.events[0].session.as_ref(), Some(&opened.session));
    assert!(gateway.events(&id, held + 2).await.unwrap().events.is_empty());

    let request = HeadsRequest { held: [(id.to_string(), held), ("9nobody".to_owned(), 3)].into() };
    let heads = gateway.heads(&request).await.unwrap();
    assert_eq!(heads.behind, [(id.to_string(), held + 2)].into());
    assert_eq!((heads.gone, heads.epoch), (vec!["9nobody".to_owned()], missed.epoch));
}

#[tokio::test]
async fn people_say_what_they_are_called_and_what_they_are() {
    let town = Town::up().await;
    let bob = town.guest("bob").await;
    let patch = |body: &str| {
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        town.request(Method::PATCH, "/v1/users/me").bearer_auth(&bob.access_token).json(&body)
    };
    let changed = said(patch(r#"{"realname":"Bob T.","modes":{"bot":true,"invisible":true}}"#), 200).await;
    assert_eq!(changed["user"]["realname"], "Bob T.");
    assert_eq!(
        changed["user"]["modes"],
        serde_json::json!({"bot": true, "invisible": true, "registered_only": false, "wallops": false})
    );
    let kinds: Vec<_> =
        changed["events"].as_array().unwrap().iter().map(|event| event["kind"].clone()).collect();
    assert_eq!(kinds, ["realname", "modes"]);
    let changed = said(patch(r#"{"realname":"","modes":{"bot":false,"invisible":true}}"#), 200).await;
    assert_eq!(
        (&changed["user"]["realname"], &changed["user"]["modes"]["bot"]),
        (&serde_json::Value::Null, &false.into())
    );
    let again = said(patch(r#"{"realname":"","modes":{"invisible":true}}"#), 200).await;
    assert!(again["events"].as_array().unwrap().is_empty());
    said(patch(&format!(r#"{{"realname":"{}"}}"#, "x".repeat(128))), 200).await;
    assert_eq!(
        said(patch(&format!(r#"{{"realname":"{}"}}"#, "x".repeat(129))), 413).await["code"],
        "text-too-long"
    );
    said(patch(r#"{"modes":{"operator":true}}"#), 422).await;
}

#[tokio::test]
async fn many_people_are_looked_up_at_once() {
    let town = Town::up().await;
    let (bob, carol) = (town.guest("bob").await, town.guest("carol").await);
    let ids = vec![bob.user.id.clone(), "9nobody".try_into().unwrap(), carol.user.id.clone()];
    let mut found = town.gateway().lookup(ids.clone()).await.unwrap();
    found.sort_by(|a, b| a.person.nick.as_str().cmp(b.person.nick.as_str()));
    assert_eq!(found.iter().map(|user| user.person.nick.as_str()).collect::<Vec<_>>(), ["bob", "carol"]);
    assert!(found[0].online);
    let nicks = vec!["BOB".to_owned(), "no nick".to_owned(), "nobody".to_owned()];
    let found = town.gateway().wearers(nicks).await.unwrap();
    assert_eq!(found.iter().map(|user| &user.person.id).collect::<Vec<_>>(), [&bob.user.id]);
    let by_bob = town
        .request(Method::POST, "/v1/users:lookup")
        .bearer_auth(&bob.access_token)
        .json(&Lookup { ids, ..Lookup::default() });
    assert_eq!(said(by_bob, 200).await["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn somebody_is_online_while_they_have_a_session() {
    let town = Town::up().await;
    town.registers("alice").await;
    let gateway = town.gateway();
    let id: api::id::UserId = town.logs_in("alice").await.user.id;
    assert!(!gateway.user(Caller::Service, &id).await.unwrap().online, "a token alone is no presence");
    let opened = town.opens(session(&gateway_id(), "192.0.2.1", by_password("alice"))).await.unwrap();
    let seen = gateway.by_nick(Caller::Service, &"alice".try_into().unwrap()).await.unwrap();
    assert!(seen.online && seen.since.is_some() && seen.host.ends_with(".cloak"), "{seen:?}");
    gateway
        .end_sessions(&api::page::Batch {
            items: vec![api::users::EndSession { session: opened.session, reason: "bye".into() }],
        })
        .await
        .unwrap();
    assert!(!gateway.user(Caller::Service, &id).await.unwrap().online);
}
