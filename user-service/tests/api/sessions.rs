use api::{
    Item,
    event::UserChange,
    page::Batch,
    users::{EndSession, SessionToken},
};
use client::Caller;
use kit::bus::{BusItem, Feed};
use reqwest::Method;
use serde_json::json;

use crate::town::{
    SOON, Town, actor, as_guest, by_password, by_token, events_of, gateway_id, hasty, refused, said, session,
    soon,
};

fn ends(opened: &api::users::OpenedSession, reason: &str) -> Batch<EndSession> {
    Batch { items: vec![EndSession { session: opened.session.clone(), reason: reason.into() }] }
}

#[tokio::test]
async fn a_batch_has_a_result_for_each_in_order() {
    let town = Town::up().await;
    town.registers("alice").await;
    let gateway = gateway_id();
    let items = [
        as_guest("bob"),
        as_guest("not a nick"),
        by_password("alice"),
        as_guest("Bob"),
        by_password("nobody"),
    ]
    .map(|who| session(&gateway, "192.0.2.1", who));
    let results = town.opens_many(items.to_vec()).await;
    let codes: Vec<&str> = results
        .iter()
        .map(|item| match item {
            Item::Ok(opened) => opened.user.person.nick.as_str(),
            Item::Problem(problem) => problem.code.as_str(),
        })
        .collect();
    assert_eq!(codes, ["bob", "invalid-nick", "alice", "nick-in-use", "bad-credentials"]);
}

#[tokio::test]
async fn asking_again_with_the_same_id_gives_the_same_session() {
    let town = Town::up().await;
    let item = session(&gateway_id(), "192.0.2.1", as_guest("bob"));
    let first = town.opens(item.clone()).await.unwrap();
    let second = town.opens(item.clone()).await.unwrap();
    assert_eq!((first.secret, first.user), (second.secret.clone(), second.user.clone()));
    town.gateway().end_sessions(&ends(&second, "bye")).await.unwrap();
    assert_eq!(town.opens(item).await.unwrap_err().code.as_str(), "session-ended");
}

#[tokio::test]
async fn a_session_that_ends_frees_the_guests_nick_and_leaves_the_channels() {
    let town = Town::up().await;
    let gateway = gateway_id();
    let opened = town.opens(session(&gateway, "192.0.2.1", as_guest("bob"))).await.unwrap();
    town.neighbour.set_away(true);
    town.gateway().end_sessions(&ends(&opened, "bye")).await.unwrap();
    town.gateway().end_sessions(&ends(&opened, "again")).await.unwrap();
    // Another bob would meet the first one in the channels.
    let early = town.opens(session(&gateway, "192.0.2.1", as_guest("bob"))).await;
    assert_eq!(early.unwrap_err().code.as_str(), "nick-in-use");
    town.neighbour.set_away(false);
    soon("the task is carried out once the neighbour is back", || async {
        !town.neighbour.ended(&opened.session).is_empty()
    })
    .await;
    let told = town.neighbour.ended(&opened.session);
    assert_eq!((&told[0]["reason"], &told[0]["all"], told.len()), (&json!("bye"), &json!(true), 1));
    soon("the nick is free", || async {
        town.opens(session(&gateway, "192.0.2.1", as_guest("bob"))).await.is_ok()
    })
    .await;
}

#[tokio::test]
async fn nobody_passes_for_somebody_who_was_erased() {
    let town = Town::up().await;
    for nick in ["[erased]", "[Erased]", "erased-4prf4vpadgo0p"] {
        let taken = town.opens(session(&gateway_id(), "192.0.2.1", as_guest(nick))).await;
        assert_eq!(taken.unwrap_err().code.as_str(), "nick-in-use", "{nick}");
        assert_eq!(refused(town.wants_guest(nick)).await, "nick-in-use", "{nick}");
    }
}

#[tokio::test]
async fn who_comes_back_at_once_has_left_the_channels_before() {
    let town = Town::up().await;
    let gateway = gateway_id();
    for round in 1..=20 {
        let opened = town.opens(session(&gateway, "192.0.2.1", as_guest("bob"))).await.unwrap();
        town.gateway().end_sessions(&ends(&opened, "bye")).await.unwrap();
        assert!(!town.neighbour.ended(&opened.session).is_empty(), "a ghost in round {round}");
    }
}

#[tokio::test]
async fn the_bus_carries_what_happened_with_the_gateway_that_knows_it() {
    let town = Town::up().await;
    let users: reqwest::Url = town.base.parse().unwrap();
    let keys =
        kit::secrets::Keys::open(&town.settings.common.secrets_dir(), api::auth::ServiceName::Messages)
            .unwrap();
    let tasks = kit::Tasks::new(api::auth::ServiceName::Messages);
    let signer = kit::auth::Signer::new(keys.into(), kit::Clock::system());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let bus = kit::bus::Bus::open(&town.settings.common.bus, signer, http, &tasks).await.unwrap();
    let mut feed = bus.subscribe(Feed::all(&users, &["user."]));
    assert_eq!(feed.next().await, Some(BusItem::Connected));

    let gateway = gateway_id();
    let opened = town.opens(session(&gateway, "192.0.2.1", as_guest("bob"))).await.unwrap();
    let item = tokio::time::timeout(SOON, feed.next()).await.unwrap();
    let Some(BusItem::Frame(frame)) = item else { panic!("{item:?}") };
    assert_eq!(frame.origin.as_deref(), Some(gateway.as_str()));
    assert_eq!(frame.subject, api::bus::Subject::user(&opened.user.person.id));
    let events = events_of(&frame);
    assert_eq!(events[0].version, opened.user.person.user_version);
    assert!(
        matches!(&events[0].change, UserChange::SessionOpened { opened: id, .. } if *id == opened.session)
    );
    tasks.stop(SOON).await;
}

#[tokio::test]
async fn all_sessions_of_an_account_share_its_user() {
    let town = Town::up().await;
    town.registers("alice").await;
    let gateway = gateway_id();
    let items = vec![
        session(&gateway, "192.0.2.1", by_password("alice")),
        session(&gateway, "192.0.2.2", by_password("alice")),
    ];
    let opened: Vec<_> = town
        .opens_many(items)
        .await
        .into_iter()
        .map(|item| Result::from(item).unwrap())
        .collect::<Vec<api::users::OpenedSession>>();
    assert_eq!(opened[0].user.person.id, opened[1].user.person.id);
    assert_ne!(opened[0].user.host, opened[1].user.host);

    let token = town.logs_in("alice").await.access_token;
    let list = |path: &str| town.request(Method::GET, path).bearer_auth(&token);
    let first = said(list("/v1/users/me/sessions?limit=1"), 200).await;
    let cursor = first["next"].as_str().unwrap();
    let second = said(list(&format!("/v1/users/me/sessions?limit=1&cursor={cursor}")), 200).await;
    assert_eq!(second["next"], json!(null));
    assert_ne!(first["items"][0]["id"], second["items"][0]["id"]);

    let one = format!("/v1/users/me/sessions/{}", opened[0].session);
    said(town.request(Method::DELETE, &one).bearer_auth(&token), 204).await;
    assert_eq!(refused(town.request(Method::DELETE, &one).bearer_auth(&token)).await, "session-ended");
    let user = &opened[0].user.person.id;
    assert!(town.gateway().user(Caller::Service, user).await.unwrap().online);
    said(town.request(Method::DELETE, "/v1/users/me/sessions").bearer_auth(&token), 204).await;
    assert!(!town.gateway().user(Caller::Service, user).await.unwrap().online);
}

#[tokio::test]
async fn one_account_opens_so_many_sessions_and_no_more() {
    let town = Town::with(user_service::Config { sessions_of_user: 3, ..hasty() }).await;
    town.registers("alice").await;
    let gateway = gateway_id();
    let items = (0..4).map(|_| session(&gateway, "192.0.2.1", by_password("alice"))).collect();
    let results = town.opens_many(items).await;
    assert_eq!(results.iter().filter(|item| matches!(item, Item::Ok(_))).count(), 3);
    let refusal = results.iter().find_map(|item| match item {
        Item::Problem(problem) => Some(problem.code.as_str()),
        Item::Ok(_) => None,
    });
    assert_eq!(refusal, Some("list-full"));
}

#[tokio::test]
async fn a_guest_who_logs_in_is_replaced_by_the_account() {
    let town = Town::up().await;
    town.registers("alice").await;
    let gateway = gateway_id();
    let guest = town.opens(session(&gateway, "192.0.2.1", as_guest("bob"))).await.unwrap();
    let mut login = session(&gateway, "192.0.2.1", by_password("alice"));
    login.replaces = Some(guest.session.clone());
    let alice = town.opens(login).await.unwrap();
    assert_eq!(alice.user.person.nick.as_str(), "alice");
    soon("the guest leaves the channels", || async { !town.neighbour.ended(&guest.session).is_empty() })
        .await;
    // A moment after they were told.
    soon("the nick is free", || async { town.wants_guest("bob").send().await.unwrap().status() == 200 })
        .await;

    let mut guest_again = session(&gateway, "192.0.2.1", as_guest("carol"));
    let carol = town.opens(guest_again.clone()).await.unwrap();
    guest_again = session(&gateway, "192.0.2.1", as_guest("carol"));
    guest_again.replaces = Some(carol.session);
    assert_eq!(town.opens(guest_again).await.unwrap().user.person.nick.as_str(), "carol");
}

#[tokio::test]
async fn a_sessions_token_takes_the_session_over() {
    let town = Town::up().await;
    let (here, there) = (gateway_id(), gateway_id());
    let first = town.opens(session(&here, "192.0.2.1", as_guest("bob"))).await.unwrap();
    let made = town
        .gateway()
        .session_token(&actor(&first), &first.session, &SessionToken { label: None })
        .await
        .unwrap();
    assert_eq!(made.expires_in, Some(900));
    said(town.request(Method::GET, "/v1/users/me").bearer_auth(&made.token), 200).await;

    let second = town.opens(session(&there, "192.0.2.1", by_token(&made.token))).await.unwrap();
    assert_eq!(second.replaced.as_ref(), Some(&first.session));
    assert_eq!(second.user.person.id, first.user.person.id);
    let events = town.gateway().events(&first.user.person.id, first.user.person.user_version).await.unwrap();
    assert!(events.events.iter().any(|event| matches!(&event.change,
        UserChange::SessionEnded { ended, gateway, forced: false, .. } if *ended == first.session && *gateway == here)));
    soon("the old session leaves the channels after a while", || async {
        town.neighbour.ended(&first.session).iter().any(|body| body["all"] == false)
    })
    .await;

    let third = town.opens(session(&here, "192.0.2.1", by_token(&second.secret))).await.unwrap();
    assert_eq!(third.replaced, Some(second.session));
    let forged = format!("{}x", third.secret);
    let refusal = town.opens(session(&there, "192.0.2.1", by_token(&forged))).await.unwrap_err();
    assert_eq!(refusal.code.as_str(), "bad-credentials");
    town.gateway().end_sessions(&ends(&third, "bye")).await.unwrap();
    let refusal = town.opens(session(&there, "192.0.2.1", by_token(&third.secret))).await.unwrap_err();
    assert_eq!(refusal.code.as_str(), "session-ended");
    // The token from /token still holds the nick.
    assert_eq!(refused(town.wants_guest("bob")).await, "nick-in-use");
}

#[tokio::test]
async fn a_session_that_waits_for_its_successor_leaves_with_it() {
    // Nothing here takes that long.
    let takeover = kit::config::Period::seconds(600);
    let town = Town::with(user_service::Config { takeover, ..hasty() }).await;
    let gateway = gateway_id();
    let first = town.opens(session(&gateway, "192.0.2.1", as_guest("bob"))).await.unwrap();
    let second = town.opens(session(&gateway, "192.0.2.1", by_token(&first.secret))).await.unwrap();
    assert_eq!(second.replaced.as_ref(), Some(&first.session));
    town.gateway().end_sessions(&ends(&second, "good night")).await.unwrap();
    soon("both leave the channels at once", || async {
        let (first, second) = (town.neighbour.ended(&first.session), town.neighbour.ended(&second.session));
        first == second && first.first().is_some_and(|body| body["reason"] == "good night")
    })
    .await;
}

#[tokio::test]
async fn a_session_makes_api_tokens_for_accounts_only() {
    let town = Town::up().await;
    town.registers("alice").await;
    let gateway = gateway_id();
    let label = SessionToken { label: Some("laptop".try_into().unwrap()) };
    let alice = town.opens(session(&gateway, "192.0.2.1", by_password("alice"))).await.unwrap();
    let made = town.gateway().session_token(&actor(&alice), &alice.session, &label).await.unwrap();
    assert_eq!(made.expires_in, None);
    let again = town.opens(session(&gateway, "192.0.2.1", by_token(&made.token))).await.unwrap();
    assert_eq!(again.user.person.id, alice.user.person.id);
    let bob = town.opens(session(&gateway, "192.0.2.1", as_guest("bob"))).await.unwrap();
    let refusal = town.gateway().session_token(&actor(&bob), &bob.session, &label).await.unwrap_err();
    assert_eq!(refusal.problem().code.as_str(), "forbidden");
    let stolen = town.gateway().session_token(&actor(&bob), &alice.session, &label).await.unwrap_err();
    assert_eq!(stolen.problem().code.as_str(), "session-ended");
}
