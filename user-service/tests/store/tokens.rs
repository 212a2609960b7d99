//! Logins and their refresh tokens.

use std::time::Duration;

use api::{
    ErrorCode, Timestamp,
    auth::{ACCESS_TOKEN_SECONDS, Scopes},
};
use user_service::store::tokens::{Exchanged, NewRefresh, Refreshed};

use crate::{
    contract,
    house::{
        HOST, House, MANY, as_guest, at, at_once, by_access_token, code, ended, just_before, nick, refresh,
    },
};

contract! {
    a_refresh_token_is_exchanged_for_the_next
    one_that_comes_twice_was_stolen
    of_many_who_come_with_it_at_once_one_is_served
    a_role_that_was_taken_away_is_in_no_new_token
    a_guest_is_there_as_long_as_a_token_lives
    who_comes_late_with_a_refresh_token_is_no_thief
    a_session_may_hold_its_nick_by_a_token
    a_revoked_login_takes_along_what_came_of_it
}

fn next(hash: &str) -> impl FnOnce(String) -> NewRefresh + Send + use<> {
    let hash = hash.to_owned();
    move |family| refresh(&hash, &family, at(3600))
}

async fn exchange(house: &House, old: &str, new: &str, now: Timestamp) -> kit::Result<Exchanged> {
    house.store.refresh(old, next(new), now).await
}

fn fresh(exchanged: Exchanged) -> Refreshed {
    match exchanged {
        Exchanged::Fresh(refreshed) => *refreshed,
        Exchanged::Stolen(ended) => panic!("{ended:?}"),
    }
}

async fn a_refresh_token_is_exchanged_for_the_next(house: House) {
    let alice = house.account("alice").await;
    house.logs_in(&alice, "login", at(0)).await;
    let refreshed = fresh(exchange(&house, "login 1", "login 2", at(1)).await.unwrap());
    assert_eq!((refreshed.user.id, refreshed.family.as_str()), (alice.user.id.clone(), "login"));
    assert_eq!(refreshed.scopes, Scopes::ordinary());
    let owner = Some((alice.user.id.0, "login".to_owned()));
    assert_eq!(house.store.grant_of("login 2").await.unwrap(), owner);
    fresh(exchange(&house, "login 2", "login 3", just_before(at(3600))).await.unwrap());
    assert_eq!(code(exchange(&house, "unknown", "x", at(2)).await.map(drop)), ErrorCode::BadCredentials);
    assert!(house.store.grant_of("unknown").await.unwrap().is_none());
}

async fn one_that_comes_twice_was_stolen(house: House) {
    let alice = house.account("alice").await;
    house.logs_in(&alice, "login", at(0)).await;
    house.logs_in(&alice, "other", at(0)).await;
    let open = house.opens(by_access_token(&alice.user.id, at(0), "login"), at(0)).await.unwrap();
    fresh(exchange(&house, "login 1", "login 2", at(1)).await.unwrap());
    match exchange(&house, "login 1", "login 3", at(2)).await.unwrap() {
        Exchanged::Stolen(what) => assert_eq!(ended(&what.told), [open.session]),
        Exchanged::Fresh(_) => panic!("it was exchanged twice"),
    }
    // Neither the thief nor the owner goes on with it; other logins do.
    for dead in ["login 1", "login 2", "login 3"] {
        assert_eq!(
            code(exchange(&house, dead, "x", at(3)).await.map(drop)),
            ErrorCode::BadCredentials,
            "{dead}"
        );
    }
    fresh(exchange(&house, "other 1", "other 2", at(3)).await.unwrap());
}

async fn of_many_who_come_with_it_at_once_one_is_served(house: House) {
    let alice = house.account("alice").await;
    house.logs_in(&alice, "login", at(0)).await;
    let tries = (0..MANY).map(|n| {
        let store = house.store.clone();
        async move { store.refresh("login 1", next(&format!("login of {n}")), at(1)).await }
    });
    let (mut served, mut stolen) = (0, 0);
    for exchanged in at_once(tries).await {
        match exchanged {
            Ok(Exchanged::Fresh(_)) => served += 1,
            Ok(Exchanged::Stolen(_)) => stolen += 1,
            // The theft has taken it away.
            Err(failure) => assert_eq!(failure.code(), ErrorCode::BadCredentials),
        }
    }
    // Whoever had seen the token before it was taken away tells of the theft as well.
    assert!(served == 1 && stolen >= 1, "{served} {stolen}");
    assert_eq!(house.number("select count(*) from refresh_tokens").await, 0);
}

async fn a_role_that_was_taken_away_is_in_no_new_token(house: House) {
    let alice = house.account("alice").await;
    let all = Scopes::ordinary().with(api::auth::Scope::Operator);
    let new = refresh("login 1", "login", at(3600));
    house.store.grant(&alice.user.id, &alice.password, all, "h", &new, at(0)).await.unwrap();
    // Nor in one for which they never had it.
    let refreshed = fresh(exchange(&house, "login 1", "login 2", at(1)).await.unwrap());
    assert_eq!(refreshed.scopes, Scopes::ordinary());
    house.store.suspend(&alice.user.id, Some("spam"), at(2)).await.unwrap();
    assert_eq!(
        code(exchange(&house, "login 2", "login 3", at(3)).await.map(drop)),
        ErrorCode::BadCredentials
    );
}

async fn a_guest_is_there_as_long_as_a_token_lives(house: House) {
    let new = refresh("bob 1", "guestgrant", at(3600));
    let bob = house.store.grant_guest(&nick("bob"), HOST.to_owned(), &new, at(0)).await.unwrap();
    let life = Duration::from_secs(ACCESS_TOKEN_SECONDS);
    assert_eq!(bob.held_until, Some(at(0).plus(life).0));
    let refreshed = fresh(exchange(&house, "bob 1", "bob 2", at(10)).await.unwrap());
    assert_eq!(refreshed.user.held_until, Some(at(10).plus(life).0));
    // A refresh token holds the nick no longer than the access token, whatever was asked.
    let too_late = exchange(&house, "bob 2", "bob 3", at(10).plus(life)).await;
    assert_eq!(code(too_late.map(drop)), ErrorCode::BadCredentials);
}

async fn who_comes_late_with_a_refresh_token_is_no_thief(house: House) {
    let alice = house.account("alice").await;
    let new = refresh("login 1", "login", at(100));
    house.store.grant(&alice.user.id, &alice.password, Scopes::ordinary(), "h", &new, at(0)).await.unwrap();
    fresh(exchange(&house, "login 1", "login 2", at(99)).await.unwrap());
    let late = exchange(&house, "login 2", "login 3", at(100_000_000)).await;
    assert_eq!(code(late.map(drop)), ErrorCode::BadCredentials);
    // Used once, it is a thief's for ever.
    assert!(matches!(
        exchange(&house, "login 1", "login 4", at(100_000_001)).await,
        Ok(Exchanged::Stolen(_))
    ));
}

async fn a_session_may_hold_its_nick_by_a_token(house: House) {
    let open = house.opens(as_guest("bob"), at(0)).await.unwrap();
    let id = &open.user.person.id;
    let held = house.store.hold_nick(id, at(1)).await.unwrap();
    assert_eq!(held.held_until, Some(at(1).plus(Duration::from_secs(ACCESS_TOKEN_SECONDS)).0));
    let end = api::users::EndSession { session: open.session, reason: String::new() };
    house.store.end_sessions(&[end], at(2)).await.unwrap();
    assert_eq!(house.user(id).await.freed_at, None, "the token is still there");
    house.store.revoke_grant(id, "guestgrant".into(), at(3)).await.unwrap();
    assert_eq!(house.user(id).await.freed_at, Some(at(3).0));
    assert_eq!(code(house.store.hold_nick(id, at(4)).await), ErrorCode::SessionEnded);
    let alice = house.account("alice").await;
    assert_eq!(house.store.hold_nick(&alice.user.id, at(4)).await.unwrap().held_until, None);
}

async fn a_revoked_login_takes_along_what_came_of_it(house: House) {
    let alice = house.account("alice").await;
    let id = &alice.user.id;
    house.logs_in(&alice, "login", at(0)).await;
    house.logs_in(&alice, "other", at(0)).await;
    let of_login = house.opens(by_access_token(id, at(0), "login"), at(1)).await.unwrap();
    let of_other = house.opens(by_access_token(id, at(0), "other"), at(1)).await.unwrap();
    // By a token of the session that the login had opened.
    let what = house.store.revoke_grant(id, of_login.session.to_string(), at(2)).await.unwrap();
    assert_eq!(ended(&what.told), std::slice::from_ref(&of_login.session));
    assert_eq!(what.grants, [of_login.session.to_string(), "login".to_owned()]);
    assert!(house.store.grant_of("login 1").await.unwrap().is_none());
    assert!(house.store.grant_of("other 1").await.unwrap().is_some());
    assert!(house.store.session(&of_other.session).await.unwrap().unwrap().is_live());
    let nobody = api::id::UserId::random(&mut rand::rng());
    assert!(house.store.revoke_grant(&nobody, "login".into(), at(3)).await.unwrap().grants.is_empty());
}
