use api::{ErrorCode, auth::Scope};

use crate::{
    api_tokens::token,
    contract,
    house::{House, as_guest, at, by_password, by_secret, code, ended, hash, kept, kinds},
};

contract! {
    the_role_is_given_and_taken_once
    a_reset_password_takes_all_with_it
    a_session_operates_as_long_as_whose_password_it_was
    what_operators_tell_everybody_is_an_event
}

async fn the_role_is_given_and_taken_once(house: House) {
    let alice = house.account("alice").await;
    let id = &alice.user.id;
    let set = async |operator, now| {
        let (changed, told) = house.store.set_operator(id, operator, at(now)).await.unwrap();
        (changed, kinds(&told))
    };
    assert_eq!(set(false, 0).await, (false, vec![]));
    house.opens(by_password(&alice), at(0)).await.unwrap();
    assert_eq!(set(true, 1).await, (true, vec![]), "who is there stays");
    assert!(house.store.account_of(id).await.unwrap().unwrap().user.operator);
    assert_eq!(set(true, 2).await, (false, vec![]));
    // No session keeps the scope.
    assert_eq!(set(false, 3).await, (true, vec!["put out", "revoked"]));
    assert!(!house.user(id).await.operator);
    let nobody = api::id::UserId::random(&mut rand::rng());
    assert_eq!(code(house.store.set_operator(&nobody, true, at(4)).await), ErrorCode::NoSuchAccount);
}

async fn a_reset_password_takes_all_with_it(house: House) {
    let alice = house.account("alice").await;
    let id = &alice.user.id;
    house.logs_in(&alice, "login", at(0)).await;
    house.opens(by_password(&alice), at(0)).await.unwrap();
    house.store.add_api_token(id, &token("bot"), "digest", None, 9).await.unwrap();
    let told = house.store.reset_password(id, &kept("hash of a new one"), at(1)).await.unwrap();
    assert_eq!(kinds(&told), ["put out", "revoked"]);
    assert!(house.store.api_tokens(id, "", 9).await.unwrap().is_empty());
    assert!(house.store.grant_of("login 1").await.unwrap().is_none());
    assert_ne!(house.store.account_of(id).await.unwrap().unwrap().password, hash("alice"));
    let nobody = api::id::UserId::random(&mut rand::rng());
    assert_eq!(code(house.store.reset_password(&nobody, &kept("x"), at(2)).await), ErrorCode::NoSuchAccount);
}

async fn a_session_operates_as_long_as_whose_password_it_was(house: House) {
    let alice = house.account("alice").await;
    let by = &alice.user.id;
    let bob = house.opens(as_guest("bob"), at(0)).await.unwrap();
    let (session, user) = (&bob.session, &bob.user.person.id);
    let operates = async || house.store.operate(session, user, by, &alice.password).await;
    assert_eq!(code(operates().await), ErrorCode::Forbidden);
    house.store.set_operator(by, true, at(1)).await.unwrap();
    assert_eq!(code(house.store.operate(session, user, by, "old").await), ErrorCode::BadCredentials);
    assert_eq!(code(house.store.operate(session, by, by, &alice.password).await), ErrorCode::SessionEnded);
    assert!(operates().await.unwrap().contains(Scope::Operator));
    assert!(!house.store.operate_no_more(session, user).await.unwrap().contains(Scope::Operator));
    operates().await.unwrap();
    // Its secret is worth no more than who opened it.
    let again = house.opens(by_secret(&bob), at(2)).await.unwrap();
    assert!(!again.scopes.contains(Scope::Operator));
    house.store.operate(&again.session, user, by, &alice.password).await.unwrap();
    let (_, told) = house.store.set_operator(by, false, at(3)).await.unwrap();
    assert_eq!((kinds(&told), ended(&told)), (vec!["revoked", "put out"], vec![again.session]));
}

async fn what_operators_tell_everybody_is_an_event(house: House) {
    let bob = house.opens(as_guest("bob"), at(0)).await.unwrap();
    let id = &bob.user.person.id;
    let told = house.store.wallops(id, Some(&bob.session), "hear".into(), at(1)).await.unwrap();
    assert_eq!(kinds(std::slice::from_ref(&told)), ["wallops"]);
    assert_eq!(house.store.events(id, 1).await.unwrap().unwrap().events, [told]);
}
