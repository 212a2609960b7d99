//! Accounts that stay without a session.

use api::{channels::EndHolders, event::UserChange, users::EndSession};
use user_service::store::{
    presence::Change,
    sessions::{How, Opening},
    staying::AWAY,
    tasks::Task,
};

use crate::{
    contract,
    house::{House, TERMS, at, by_password, just_before, kept, kinds, nick},
};

contract! {
    who_stays_is_there_and_away_until_they_come_back
    who_is_put_out_does_not_stay
    who_does_not_want_to_stay_any_more_goes
    to_whom_nobody_connects_for_too_long_goes
}

impl House {
    /// What is to be told to channel-service, in the order of the versions.
    async fn ends(&self) -> Vec<EndHolders> {
        let claimed = self.claims(at(3600)).await;
        let ends = claimed.into_iter().map(|claimed| match claimed.task {
            Task::EndHolders(ended) => ended,
            other => panic!("{other:?}"),
        });
        let mut ends: Vec<_> = ends.collect();
        ends.sort_by_key(|ended| ended.user.user_version);
        ends
    }
}

async fn who_stays_is_there_and_away_until_they_come_back(house: House) {
    let alice = house.account("alice").await;
    let id = &alice.user.id;
    assert!(house.store.set_always_on(id, true, at(0)).await.unwrap().is_none());
    let desk = house.opens(by_password(&alice), at(1)).await.unwrap();
    assert_eq!((desk.always_on, desk.missed_since), (true, None));
    let phone = house.opens(by_password(&alice), at(1)).await.unwrap();
    let end = |session| EndSession { session, reason: "bye".into() };
    let (told, _) = house.store.end_sessions(&[end(phone.session)], at(2)).await.unwrap();
    assert_eq!(kinds(&told), ["ended"], "she is there by another one");
    let (told, claimed) = house.store.end_sessions(&[end(desk.session)], at(3)).await.unwrap();
    assert_eq!(kinds(&told), ["ended", "away"]);
    assert!(told.iter().all(|event| event.online == Some(true)));
    assert!(matches!(&told[1].change, UserChange::Away { text: Some(text) } if text == AWAY));
    assert!(claimed.iter().all(
        |claimed| matches!(&claimed.task, Task::EndHolders(ended) if ended.stays == Some(true) && !ended.all)
    ));
    let user = house.user(id).await;
    assert_eq!((user.left_at, user.since), (Some(at(3).0), Some(at(1).0)));
    assert!(house.store.former_nicks(&nick("alice"), at(9), 9).await.unwrap().is_empty());

    // Somebody who asks for another nick is called so again, as nobody else of theirs is there.
    let wanted = Opening { nick: Some(nick("al")), ..by_password(&alice) };
    let (results, told) = house.store.open_sessions(vec![wanted.clone()], TERMS, at(4)).await.unwrap();
    let back = results.into_iter().next().unwrap().unwrap();
    assert_eq!((back.missed_since, back.user.away), (Some(at(3)), None));
    assert_eq!((kinds(&told), back.user.person.nick), (vec!["nick", "opened", "away"], nick("al")));
    let again = house.opens(wanted, at(5)).await.unwrap();
    assert_eq!(again.missed_since, Some(at(3)), "the answer was lost");
    let second = house.opens(by_password(&alice), at(5)).await.unwrap();
    assert_eq!((second.always_on, second.missed_since), (true, None));

    // What one is away for oneself is not overwritten.
    let change = Change { away: Some("at sea".into()), ..Change::default() };
    house.store.change(id, change, None, at(6)).await.unwrap();
    let told = house.store.disconnect(id, None, How::Closed, "bye", at(7)).await.unwrap();
    assert_eq!(kinds(&told), ["ended", "ended"]);
    assert_eq!(house.user(id).await.away.as_deref(), Some("at sea"));
}

async fn who_is_put_out_does_not_stay(house: House) {
    let alice = house.account("alice").await;
    let id = &alice.user.id;
    house.store.set_always_on(id, true, at(0)).await.unwrap();
    let told = {
        house.opens(by_password(&alice), at(1)).await.unwrap();
        house.store.disconnect(id, None, How::Forced, "enough", at(2)).await.unwrap()
    };
    assert_eq!((kinds(&told), told[0].online), (vec!["put out"], Some(false)));
    assert_eq!(house.ends().await[0].stays, Some(false));
    // Nor who is not connected at that moment.
    house.opens(by_password(&alice), at(3)).await.unwrap();
    house.store.disconnect(id, None, How::Lapsed, "lost", at(4)).await.unwrap();
    assert_eq!(house.user(id).await.left_at, Some(at(4).0));
    let told = house.store.change_password(id, &alice.password, &kept("new"), at(5)).await.unwrap();
    assert_eq!((kinds(&told), told[0].online), (vec!["left", "revoked"], Some(false)));
    let user = house.user(id).await;
    assert_eq!((user.left_at, user.since, user.away, user.always_on), (None, None, None, true));
    let ends = house.ends().await;
    assert_eq!(ends.iter().map(|ended| ended.stays).collect::<Vec<_>>(), [Some(true), Some(false)]);
    assert!(ends[0].user.user_version < ends[1].user.user_version, "the later one counts");
    // An erasure leaves nobody behind.
    house.store.erase(id, at(6)).await.unwrap();
    let user = house.user(id).await;
    assert_eq!((user.left_at, user.since, user.always_on), (None, None, false));
}

async fn who_does_not_want_to_stay_any_more_goes(house: House) {
    let alice = house.account("alice").await;
    let id = &alice.user.id;
    house.store.set_always_on(id, true, at(0)).await.unwrap();
    house.opens(by_password(&alice), at(1)).await.unwrap();
    house.store.disconnect(id, None, How::Closed, "bye", at(2)).await.unwrap();
    let told = house.store.set_always_on(id, false, at(3)).await.unwrap().unwrap();
    assert_eq!((kinds(std::slice::from_ref(&told)), told.online), (vec!["left"], Some(false)));
    assert_eq!(house.store.former_nicks(&nick("alice"), at(9), 9).await.unwrap().len(), 1);
    assert!(house.store.set_always_on(id, false, at(4)).await.unwrap().is_none());
    let ends = house.ends().await;
    assert_eq!(ends.iter().map(|ended| ended.stays).collect::<Vec<_>>(), [Some(true), Some(false)]);

    // Connected, they stay until they go: only what holds them beside that goes now.
    house.store.set_always_on(id, true, at(5)).await.unwrap();
    let open = house.opens(by_password(&alice), at(5)).await.unwrap();
    assert!(house.store.set_always_on(id, false, at(6)).await.unwrap().is_none());
    let ends = house.ends().await;
    assert_eq!((ends.len(), ends[0].stays, ends[0].sessions.len()), (1, Some(false), 0));
    house.store.disconnect(id, Some(&open.session), How::Closed, "bye", at(7)).await.unwrap();
    assert_eq!(house.user(id).await.since, None);
    assert_eq!(house.ends().await[0].stays, None);
    let guest = house.guest("bob", at(8)).await.unwrap();
    assert!(house.store.set_always_on(&guest.id, true, at(8)).await.is_err());
}

async fn to_whom_nobody_connects_for_too_long_goes(house: House) {
    let (alice, bob) = (house.account("alice").await, house.account("bob").await);
    for (who, leaves) in [(&alice, at(2)), (&bob, at(3))] {
        house.store.set_always_on(&who.user.id, true, at(0)).await.unwrap();
        house.opens(by_password(who), at(1)).await.unwrap();
        house.store.disconnect(&who.user.id, None, How::Closed, "bye", leaves).await.unwrap();
    }
    assert!(house.store.let_idle_go(just_before(at(2)), at(9)).await.unwrap().is_empty());
    let told = house.store.let_idle_go(at(2), at(9)).await.unwrap();
    assert_eq!((kinds(&told), &told[0].user), (vec!["left"], &alice.user.id.0));
    assert!(house.store.let_idle_go(at(2), at(9)).await.unwrap().is_empty());
    let (alice, bob) = (house.user(&alice.user.id).await, house.user(&bob.user.id).await);
    assert_eq!((alice.since, alice.always_on), (None, false));
    assert!(bob.since.is_some() && bob.always_on);
}
