use api::ErrorCode;

use crate::{
    api_tokens::token,
    contract,
    house::{House, at, by_password, code, hash, kinds},
};

contract! {
    the_role_is_given_and_taken_once
    a_reset_password_takes_all_with_it
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
    let told = house.store.reset_password(id, "hash of a new one", at(1)).await.unwrap();
    assert_eq!(kinds(&told), ["put out", "revoked"]);
    assert!(house.store.api_tokens(id, "", 9).await.unwrap().is_empty());
    assert!(house.store.grant_of("login 1").await.unwrap().is_none());
    assert_ne!(house.store.account_of(id).await.unwrap().unwrap().password, hash("alice"));
    let nobody = api::id::UserId::random(&mut rand::rng());
    assert_eq!(code(house.store.reset_password(&nobody, "x", at(2)).await), ErrorCode::NoSuchAccount);
}
