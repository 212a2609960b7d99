use std::time::Duration;

use api::{event::UserChange, id::UserId};
use user_service::store::{Store, housekeeping::Kept, presence::Change};

use crate::{
    contract,
    house::{House, MANY, as_guest, at, at_once, kinds, nick},
};

contract! {
    what_happened_after_a_version_is_told_with_who_they_are_now
    versions_have_no_hole_however_many_change_somebody
    so_many_events_come_at_once_and_one_more_is_missing
    events_that_have_gone_are_said_to_be_missing
}

fn away(text: &str) -> Change {
    Change { away: Some(text.to_owned()), ..Change::default() }
}

async fn what_happened_after_a_version_is_told_with_who_they_are_now(house: House) {
    let open = house.opens(as_guest("bob"), at(0)).await.unwrap();
    let bob = &open.user.person.id;
    let change = Change { nick: Some(nick("robert")), ..Change::default() };
    let (_, told) = house.store.change(bob, change, Some(&open.session), at(1)).await.unwrap();
    let all = house.store.events(bob, 0).await.unwrap().unwrap();
    assert_eq!((kinds(&all.events), all.complete), (vec!["opened", "nick"], true));
    // As it was told: with the session that did it.
    assert_eq!(all.events[1..], told[..]);
    assert_eq!(told[0].session.as_ref(), Some(&open.session));
    assert!(matches!(&told[0].change, UserChange::NickChanged { old } if *old == nick("bob")));
    assert_eq!((&all.user.person.nick, all.user.person.user_version), (&nick("robert"), 2));
    let rest = house.store.events(bob, 1).await.unwrap().unwrap();
    assert_eq!((kinds(&rest.events), rest.complete), (vec!["nick"], true));
    for known in [2, 99, u64::MAX] {
        let none = house.store.events(bob, known).await.unwrap().unwrap();
        assert!(none.events.is_empty() && none.complete, "{known}");
    }
    assert!(house.store.events(&UserId::random(&mut rand::rng()), 0).await.unwrap().is_none());
    let again = Store::open((*house.db).clone()).await.unwrap();
    assert_eq!(again.events(bob, 0).await.unwrap().unwrap().epoch, all.epoch);
}

async fn versions_have_no_hole_however_many_change_somebody(house: House) {
    let bob = house.opens(as_guest("bob"), at(0)).await.unwrap().user.person.id;
    let changes = (0..MANY).map(|n| {
        let (store, bob) = (house.store.clone(), bob.clone());
        async move {
            for turn in 0..10 {
                store.change(&bob, away(&format!("{n} {turn}")), None, at(1)).await.unwrap();
            }
        }
    });
    at_once(changes).await;
    let all = house.store.events(&bob, 0).await.unwrap().unwrap();
    let versions: Vec<u64> = all.events.iter().map(|event| event.version).collect();
    assert_eq!(versions, (1..=1 + MANY as u64 * 10).collect::<Vec<_>>());
    assert_eq!(all.user.person.user_version, *versions.last().unwrap());
}

async fn so_many_events_come_at_once_and_one_more_is_missing(house: House) {
    let bob = house.opens(as_guest("bob"), at(0)).await.unwrap().user.person.id;
    for n in 0..500 {
        let change =
            Change { nick: Some(nick(&format!("b{n}"))), away: Some(n.to_string()), ..Change::default() };
        house.store.change(&bob, change, None, at(1)).await.unwrap();
    }
    let fits = house.store.events(&bob, 1).await.unwrap().unwrap();
    assert_eq!((fits.events.len(), fits.complete), (1000, true));
    let more = house.store.events(&bob, 0).await.unwrap().unwrap();
    assert_eq!((more.events.len(), more.complete), (1000, false));
}

async fn events_that_have_gone_are_said_to_be_missing(house: House) {
    let bob = house.opens(as_guest("bob"), at(0)).await.unwrap().user.person.id;
    house.store.change(&bob, away("lunch"), None, at(10)).await.unwrap();
    let kept = Kept { events: Duration::from_secs(10), former_nicks: Duration::from_secs(10) };
    house.store.forget_old(at(10), kept).await.unwrap();
    let all = house.store.events(&bob, 0).await.unwrap().unwrap();
    assert_eq!((kinds(&all.events), all.complete), (vec!["away"], false));
    assert!(house.store.events(&bob, 1).await.unwrap().unwrap().complete);
}
