//! Sessions that are open, and how they end.

use api::{id::SessionId, users::EndSession};
use user_service::store::{sessions::How, tasks::Task};

use crate::{
    contract,
    house::{House, MANY, as_guest, at, at_once, by_password, ended, kinds, session},
};

contract! {
    open_sessions_are_paged_in_the_order_of_their_ids
    a_session_ends_once_however_many_say_so
    what_takes_them_out_of_their_channels_is_in_one_hand
    one_session_or_all_of_somebody_end
}

async fn open_sessions_are_paged_in_the_order_of_their_ids(house: House) {
    let alice = house.account("alice").await;
    let mut own = Vec::new();
    for _ in 0..3 {
        own.push(house.opens(by_password(&alice), at(0)).await.unwrap().session);
    }
    own.sort();
    let mut all = own.clone();
    all.push(house.opens(as_guest("bob"), at(0)).await.unwrap().session);
    all.sort();
    let of_alice = async |after: &str, limit| -> Vec<SessionId> {
        let rows = house.store.sessions_of(&alice.user.id, after, limit).await.unwrap();
        rows.into_iter().map(|row| row.id.0).collect()
    };
    let live = async |after: &str, limit| -> Vec<SessionId> {
        let rows = house.store.live_sessions(after, limit).await.unwrap();
        rows.into_iter().map(|row| row.id.0).collect()
    };
    assert_eq!((of_alice("", 9).await, live("", 9).await), (own.clone(), all.clone()));
    assert_eq!(of_alice(own[0].as_str(), 1).await, own[1..2]);
    assert_eq!(live(all[0].as_str(), 2).await, all[1..3]);
    house.store.disconnect(&alice.user.id, Some(&own[1]), How::Closed, "bye", at(1)).await.unwrap();
    assert_eq!(of_alice("", 9).await, [own[0].clone(), own[2].clone()]);
    assert!(!live("", 9).await.contains(&own[1]));
    let row = house.store.session(&own[0]).await.unwrap().unwrap();
    assert_eq!((row.view().id, row.address()), (own[0].clone(), Some([192, 0, 2, 1].into())));
    let gone = house.store.session(&own[1]).await.unwrap().unwrap();
    assert!(!gone.is_live() && gone.address().is_none(), "an address is kept no longer than its session");
    assert!(house.store.session(&session()).await.unwrap().is_none());
}

async fn a_session_ends_once_however_many_say_so(house: House) {
    let bob = house.opens(as_guest("bob"), at(0)).await.unwrap();
    let carol = house.opens(as_guest("carol"), at(0)).await.unwrap();
    let end = |session: &SessionId| EndSession { session: session.clone(), reason: "gone".into() };
    let items = vec![end(&bob.session), end(&session()), end(&carol.session), end(&bob.session)];
    let tries = (0..MANY).map(|_| {
        let (store, items) = (house.store.clone(), items.clone());
        async move { store.end_sessions(&items, at(1)).await.unwrap() }
    });
    let (told, claimed): (Vec<_>, Vec<_>) = at_once(tries).await.into_iter().unzip();
    let mut told = ended(&told.concat());
    told.sort();
    let mut both = [bob.session, carol.session];
    both.sort();
    assert_eq!(told, both);
    assert_eq!(claimed.into_iter().flatten().count(), 2);
    assert_eq!(house.number("select count(*) from tasks").await, 2);
    assert_eq!(house.store.end_sessions(&[], at(2)).await.unwrap().0, []);
}

async fn what_takes_them_out_of_their_channels_is_in_one_hand(house: House) {
    let bob = house.opens(as_guest("bob"), at(0)).await.unwrap();
    let end = EndSession { session: bob.session.clone(), reason: "gone fishing".into() };
    let (told, claimed) = house.store.end_sessions(&[end], at(1)).await.unwrap();
    assert_eq!(kinds(&told), ["ended"]);
    let [own] = &claimed[..] else { panic!("{claimed:?}") };
    let Task::EndHolders(ended) = &own.task else { panic!("{own:?}") };
    assert_eq!((&ended.sessions[..], ended.all), (&[bob.session][..], true));
    assert_eq!(ended.reason.as_deref(), Some("gone fishing"));
    assert!(house.claims(at(1)).await.is_empty(), "it is in the caller's hand");
    house.store.holders_ended(&own.id, ended).await.unwrap();
    assert!(house.claims(at(3600)).await.is_empty());
}

async fn one_session_or_all_of_somebody_end(house: House) {
    let alice = house.account("alice").await;
    let first = house.opens(by_password(&alice), at(0)).await.unwrap().session;
    let second = house.opens(by_password(&alice), at(0)).await.unwrap().session;
    let bob = house.opens(as_guest("bob"), at(0)).await.unwrap();
    let end = async |only: Option<&SessionId>| {
        house.store.disconnect(&alice.user.id, only, How::Forced, "enough", at(1)).await.unwrap()
    };
    assert!(end(Some(&bob.session)).await.is_empty(), "it is another's");
    let told = end(Some(&first)).await;
    assert_eq!((kinds(&told), ended(&told)), (vec!["put out"], vec![first]));
    assert!(house.user(&alice.user.id).await.since.is_some(), "she is still there");
    assert_eq!(ended(&end(None).await), [second]);
    assert!(end(None).await.is_empty());
    assert_eq!(house.user(&alice.user.id).await.since, None);
    let nobody = api::id::UserId::random(&mut rand::rng());
    assert!(house.store.disconnect(&nobody, None, How::Closed, "", at(2)).await.unwrap().is_empty());
    assert!(house.store.session(&bob.session).await.unwrap().unwrap().is_live());
}
