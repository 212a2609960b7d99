use api::{
    ErrorCode,
    event::UserChange,
    metadata::{MAX_METADATA_KEYS, MetadataKey, MetadataLookup, MetadataValue, Metadatum},
};
use user_service::store::metadata::Change;

use crate::{
    contract,
    house::{House, at, code, kinds},
};

contract! {
    what_people_say_of_themselves_is_kept_by_key
    people_say_so_much_and_no_more
    many_are_asked_at_once
}

fn key(text: &str) -> MetadataKey {
    text.try_into().unwrap()
}

fn set(name: &str, value: &str) -> Change {
    Change::Set(key(name), MetadataValue::try_from(value).unwrap())
}

async fn what_people_say_of_themselves_is_kept_by_key(house: House) {
    let alice = house.account("alice").await.user;
    let change = async |change| house.store.change_metadata(&alice.id, change, None, at(1)).await.unwrap().1;
    assert_eq!(kinds(&change(set("url", "u")).await), ["metadata"]);
    assert_eq!(kinds(&change(set("avatar", "a")).await), ["metadata"]);
    assert_eq!(kinds(&change(set("avatar", "a")).await), [""; 0], "it is so already");
    let told = change(set("avatar", "b")).await;
    let value = Some("b".to_owned());
    assert_eq!(told[0].change, UserChange::Metadata { key: key("avatar"), value: value.clone() });
    assert_eq!(told[0].version, house.user(&alice.id).await.version.cast_unsigned());
    let datum = |name: &str, value: &str| Metadatum { key: key(name), value: value.to_owned() };
    assert_eq!(house.store.metadata(&alice.id).await.unwrap(), [datum("avatar", "b"), datum("url", "u")]);
    assert_eq!(kinds(&change(Change::Remove(key("url"))).await), ["metadata"]);
    assert_eq!(kinds(&change(Change::Remove(key("url"))).await), [""; 0]);
    change(set("url", "u")).await;
    assert_eq!(kinds(&change(Change::Clear).await), ["metadata", "metadata"]);
    assert_eq!(house.store.metadata(&alice.id).await.unwrap(), []);
}

async fn people_say_so_much_and_no_more(house: House) {
    let bob = house.guest("bob", at(0)).await.unwrap();
    let change = async |change| house.store.change_metadata(&bob.id, change, None, at(1)).await;
    for n in 0..MAX_METADATA_KEYS {
        change(set(&format!("k{n}"), "v")).await.unwrap();
    }
    assert_eq!(code(change(set("another", "v")).await), ErrorCode::ListFull);
    change(set("k0", "w")).await.unwrap();
    change(Change::Remove(key("k0"))).await.unwrap();
    change(set("another", "v")).await.unwrap();
}

async fn many_are_asked_at_once(house: House) {
    let (alice, bob) = (house.account("alice").await.user, house.guest("bob", at(0)).await.unwrap());
    for (user, name) in [(&alice, "avatar"), (&alice, "url"), (&bob, "avatar")] {
        house.store.change_metadata(&user.id, set(name, "v"), None, at(1)).await.unwrap();
    }
    let asked = MetadataLookup { ids: vec![alice.id.0.clone(), bob.id.0.clone()], keys: vec![key("avatar")] };
    let mut found = house.store.metadata_of(&asked).await.unwrap();
    found.sort_by_key(|said| said.user != alice.id.0);
    let who: Vec<_> = found.iter().map(|said| (&said.user, said.datum.key.as_str())).collect();
    assert_eq!(who, [(&alice.id.0, "avatar"), (&bob.id.0, "avatar")]);
    let nothing = house.store.metadata_of(&MetadataLookup::default()).await.unwrap();
    assert_eq!(nothing, []);
}
