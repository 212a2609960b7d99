//! Secrets and signing keys: of many replicas one makes them.

use std::time::Duration;

use user_service::store::Store;

use crate::{
    contract,
    house::{House, MANY, at, at_once},
};

contract! {
    replicas_share_a_secret_whoever_asks_first
    replicas_that_miss_a_key_make_one
    the_next_key_is_made_ahead_and_an_outlived_one_goes
}

const HOUR: Duration = Duration::from_secs(3600);

async fn replicas_share_a_secret_whoever_asks_first(house: House) {
    let asked = (0..MANY).map(|_| {
        let store = house.store.clone();
        async move { store.secret("cloak").await.unwrap() }
    });
    let mut secrets = at_once(asked).await;
    assert_eq!(secrets[0].len(), 32);
    secrets.dedup();
    assert_eq!(secrets.len(), 1);
    assert_ne!(house.store.secret("sessions").await.unwrap(), secrets[0]);
}

async fn keys(store: &Store) -> Vec<(String, i64)> {
    let keys = store.signing_keys().await.unwrap();
    assert!(keys.iter().all(|key| key.secret == format!("secret of {}", key.id)));
    keys.into_iter().map(|key| (key.id, key.use_from)).collect()
}

fn fresh(id: &str) -> impl FnOnce() -> (String, String) + Send + use<> {
    let id = id.to_owned();
    move || (id.clone(), format!("secret of {id}"))
}

async fn replicas_that_miss_a_key_make_one(house: House) {
    let replicas = (0..MANY).map(|n| {
        let store = house.store.clone();
        async move { store.rotate_keys(at(0), HOUR, fresh(&n.to_string())).await.unwrap() }
    });
    at_once(replicas).await;
    let made = keys(&house.store).await;
    assert_eq!(made.iter().map(|(_, use_from)| *use_from).collect::<Vec<_>>(), [at(0).0]);
}

async fn the_next_key_is_made_ahead_and_an_outlived_one_goes(house: House) {
    let minute = |minutes: i64| at(minutes * 60);
    let look = async |minutes, id: &str| {
        house.store.rotate_keys_if_due(minute(minutes), HOUR, fresh(id)).await.unwrap();
        keys(&house.store).await
    };
    let (a, b) = (("a".to_owned(), minute(0).0), ("b".to_owned(), minute(60).0));
    assert_eq!(look(0, "a").await, std::slice::from_ref(&a));
    assert_eq!(look(44, "x").await, std::slice::from_ref(&a));
    assert_eq!(look(45, "b").await, [a.clone(), b.clone()]);
    // The last token of the first lives for 15 minutes after its last use, and clocks differ by 5.
    assert_eq!(look(80, "x").await, [a, b.clone()]);
    assert_eq!(look(81, "x").await, [b]);
}
