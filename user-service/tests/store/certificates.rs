//! Certificates that log in.

use api::{ErrorCode, users::Fingerprint};
use user_service::store::sessions::Proof;

use crate::{
    contract,
    house::{House, MANY, at, at_once, by, code, winners},
};

contract! {
    so_many_certificates_and_no_more_however_many_are_added_at_once
    a_certificate_is_of_whoever_adds_it_too
    what_one_account_takes_away_another_keeps
}

fn fingerprint(byte: usize) -> Fingerprint {
    Fingerprint::of([u8::try_from(byte).unwrap(); 32])
}

async fn so_many_certificates_and_no_more_however_many_are_added_at_once(house: House) {
    let alice = house.account("alice").await;
    let tries = (0..MANY).map(|n| {
        let (store, id) = (house.store.clone(), alice.user.id.clone());
        async move { store.add_certificate(&id, &fingerprint(n), 3, at(0)).await }
    });
    assert_eq!(winners(at_once(tries).await, ErrorCode::ListFull).len(), 3);
    assert_eq!(house.store.certificates(&alice.user.id, "", 9).await.unwrap().len(), 3);
}

async fn a_certificate_is_of_whoever_adds_it_too(house: House) {
    let mut people = Vec::new();
    for name in ["alice", "bob", "carol"] {
        let user = house.account(name).await.user.id.0;
        house.store.add_certificate(&user, &fingerprint(1), 1, at(0)).await.unwrap();
        // Once more is no more.
        house.store.add_certificate(&user, &fingerprint(1), 1, at(1)).await.unwrap();
        people.push(user);
    }
    for user in &people {
        let holders = house.store.certificate_holders(&fingerprint(1), Some(user)).await.unwrap();
        assert_eq!(holders.as_slice(), std::slice::from_ref(user));
    }
    assert_eq!(house.store.certificate_holders(&fingerprint(1), None).await.unwrap().len(), 2, "or more");
    assert!(house.store.certificate_holders(&fingerprint(2), None).await.unwrap().is_empty());
}

async fn what_one_account_takes_away_another_keeps(house: House) {
    let [alice, bob] = [house.account("alice").await.user.id.0, house.account("bob").await.user.id.0];
    for user in [&alice, &bob] {
        house.store.add_certificate(user, &fingerprint(1), 1, at(0)).await.unwrap();
        house.opens(by(user, Proof::Certificate(fingerprint(1)), None), at(1)).await.unwrap();
    }
    let ended = house.store.delete_certificate(&bob, &fingerprint(1), at(2)).await.unwrap().unwrap();
    assert!(ended.told.iter().all(|event| event.user == bob) && !ended.told.is_empty());
    let again = by(&bob, Proof::Certificate(fingerprint(1)), None);
    assert_eq!(code(house.opens(again, at(3)).await), ErrorCode::BadCredentials);
    house.opens(by(&alice, Proof::Certificate(fingerprint(1)), None), at(3)).await.unwrap();
    assert_eq!(house.store.certificate_holders(&fingerprint(1), None).await.unwrap(), [alice]);
    assert!(house.store.delete_certificate(&bob, &fingerprint(1), at(4)).await.unwrap().is_none());
}
