use std::collections::BTreeMap;

use api::{ErrorCode, Nick, id::UserId};
use user_service::store::{presence::Change, sessions::How, users::UserRow};

use crate::{
    contract,
    house::{
        House, MANY, account_name, as_guest, at, at_once, by_password, code, just_before, kinds, nick,
        winners,
    },
};

contract! {
    a_nick_belongs_to_one_person_however_many_want_it
    of_many_who_change_to_a_nick_one_gets_it
    a_changed_nick_is_free_and_a_refused_one_changes_nothing
    an_accounts_name_is_kept_for_it
    a_nick_comes_free_when_its_guest_has_left_the_channels
    nobody_passes_for_one_of_the_erased
    nobody_passes_for_a_service
    former_nicks_are_told_latest_first
    away_is_told_when_it_changes
    people_are_found_by_id_and_by_what_has_changed
}

fn renamed(to: &str) -> Change {
    Change { nick: Some(nick(to)), ..Change::default() }
}

async fn wearer(house: &House, of: &str) -> Option<UserId> {
    house.store.by_nick(&nick(of)).await.unwrap().map(|user| user.id.0)
}

async fn a_nick_belongs_to_one_person_however_many_want_it(house: House) {
    let house = std::sync::Arc::new(house);
    let tries = (0..MANY).map(|n| {
        let house = house.clone();
        async move {
            // By REST and by gateway; they look the same.
            match n % 3 {
                0 => house.guest("Copa", at(0)).await.map(|user| user.id.0),
                1 => house.guest("сора", at(0)).await.map(|user| user.id.0),
                _ => house.opens(as_guest("copa"), at(0)).await.map(|opened| opened.user.person.id),
            }
        }
    });
    let won = winners(at_once(tries).await, ErrorCode::NickInUse);
    assert_eq!(won.len(), 1);
    assert_eq!(house.number("select count(*) from users").await, 1);
    let worn = house.user(&won[0]).await.nick.0;
    assert_eq!(house.store.by_nick(&worn).await.unwrap().unwrap().id.0, won[0]);
    // Only the very nick is theirs, whatever looks like it.
    let alike = if worn == nick("copa") { "сора" } else { "copa" };
    assert_eq!(wearer(&house, alike).await, None);
}

async fn of_many_who_change_to_a_nick_one_gets_it(house: House) {
    let mut people = Vec::new();
    for n in 0..MANY {
        people.push(house.guest(&format!("guest{n}"), at(0)).await.unwrap().id.0);
    }
    let tries = people.iter().map(|id| {
        let (store, id) = (house.store.clone(), id.clone());
        async move { store.change(&id, renamed("wanted"), None, at(1)).await.map(|_| id) }
    });
    let won = winners(at_once(tries).await, ErrorCode::NickInUse);
    assert_eq!(won.len(), 1);
    assert_eq!(wearer(&house, "wanted").await.as_ref(), Some(&won[0]));
    for (n, id) in people.iter().enumerate() {
        let old = wearer(&house, &format!("guest{n}")).await;
        assert_eq!(old, (*id != won[0]).then(|| id.clone()), "who lost keeps theirs");
    }
}

async fn a_changed_nick_is_free_and_a_refused_one_changes_nothing(house: House) {
    let (bob, carol) = (house.guest("bob", at(0)).await.unwrap(), house.guest("carol", at(0)).await.unwrap());
    let change = async |who: &UserRow, to: &str| house.store.change(&who.id, renamed(to), None, at(1)).await;
    assert_eq!(code(change(&bob, "carol").await), ErrorCode::NickInUse);
    assert_eq!(house.user(&bob.id).await.version, bob.version);
    let (now, told) = change(&bob, "robert").await.unwrap();
    assert_eq!((now.nick.as_str(), now.version, kinds(&told)), ("robert", bob.version + 1, vec!["nick"]));
    assert!(change(&bob, "robert").await.unwrap().1.is_empty(), "it is so already");
    assert_eq!(kinds(&change(&bob, "Robert").await.unwrap().1), ["nick"]);
    assert_eq!(kinds(&change(&carol, "bob").await.unwrap().1), ["nick"]);
    assert_eq!(wearer(&house, "bob").await, Some(carol.id.0));
}

async fn an_accounts_name_is_kept_for_it(house: House) {
    let alice = house.account("alice").await;
    assert_eq!(code(house.guest("alice", at(0)).await), ErrorCode::NickInUse);
    house.store.change(&alice.user.id, renamed("ally"), None, at(1)).await.unwrap();
    assert_eq!(code(house.guest("alice", at(2)).await), ErrorCode::NickInUse);
    assert_eq!(code(house.guest("ally", at(2)).await), ErrorCode::NickInUse);
    house.store.change(&alice.user.id, renamed("alice"), None, at(3)).await.unwrap();
    house.guest("ally", at(4)).await.unwrap();
    // Nor is a worn nick registered by another.
    assert_eq!(code(house.registers("ally", None, at(5)).await), ErrorCode::AccountExists);
}

async fn a_nick_comes_free_when_its_guest_has_left_the_channels(house: House) {
    let bob = house.opens(as_guest("bob"), at(0)).await.unwrap().user.person.id;
    house.store.disconnect(&bob, None, How::Closed, "bye", at(1)).await.unwrap();
    let user = house.user(&bob).await;
    assert_eq!((user.freed_at, user.since), (Some(at(1).0), None));
    assert_eq!(code(house.guest("bob", at(1)).await), ErrorCode::NickInUse);
    let change = house.store.change(&bob, renamed("robert"), None, at(1)).await;
    assert_eq!(code(change), ErrorCode::NotAuthenticated);
    house.carries_out_ends(at(1)).await;
    let other = house.guest("bob", at(2)).await.unwrap();
    assert_eq!(wearer(&house, "bob").await, Some(other.id.0));
}

async fn nobody_passes_for_a_service(house: House) {
    let bob = house.guest("bob", at(0)).await.unwrap();
    for name in ["NickServ", "chanserv"] {
        assert_eq!(code(house.guest(name, at(0)).await), ErrorCode::NickInUse, "{name}");
        assert_eq!(code(house.opens(as_guest(name), at(0)).await), ErrorCode::NickInUse, "{name}");
        assert_eq!(code(house.registers(name, None, at(0)).await), ErrorCode::AccountExists, "{name}");
        let change = house.store.change(&bob.id, renamed(name), None, at(1)).await;
        assert_eq!(code(change), ErrorCode::NickInUse, "{name}");
    }
    house.guest("NickServer", at(0)).await.unwrap();
}

async fn nobody_passes_for_one_of_the_erased(house: House) {
    assert_eq!(code(house.guest("erased-1abc", at(0)).await), ErrorCode::NickInUse);
    assert_eq!(code(house.registers("Erased-1abc", None, at(0)).await), ErrorCode::AccountExists);
    let bob = house.guest("bob", at(0)).await.unwrap();
    let change = house.store.change(&bob.id, renamed("[erased]"), None, at(1)).await;
    assert_eq!(code(change), ErrorCode::NickInUse);
}

async fn former_nicks_are_told_latest_first(house: House) {
    let alice = house.account("alice").await;
    house.opens(by_password(&alice), at(0)).await.unwrap();
    for (to, now) in [("x", 1), ("alice", 2), ("y", 3)] {
        house.store.change(&alice.user.id, renamed(to), None, at(now)).await.unwrap();
    }
    house.store.disconnect(&alice.user.id, None, How::Closed, "bye", at(4)).await.unwrap();
    let former = async |of: &str, before, limit| {
        let found = house.store.former_nicks(&nick(of), before, limit).await.unwrap();
        found.into_iter().map(|former| (former.nick.to_string(), former.until)).collect::<Vec<_>>()
    };
    let both = [("alice".to_owned(), at(3)), ("alice".to_owned(), at(1))];
    assert_eq!(former("ALICE", at(9), 9).await, both);
    assert_eq!(former("alice", at(9), 1).await, both[..1]);
    assert_eq!(former("alice", at(3), 9).await, both[1..]);
    assert_eq!(former("y", at(9), 9).await, [("y".to_owned(), at(4))]);
    let known = house.store.former_nicks(&nick("x"), at(9), 9).await.unwrap();
    assert_eq!(known[0].account, Some(account_name("alice")));
}

async fn away_is_told_when_it_changes(house: House) {
    let bob = house.opens(as_guest("bob"), at(0)).await.unwrap().user.person.id;
    let away = async |text: &str| {
        let change = Change { away: Some(text.to_owned()), ..Change::default() };
        let (user, told) = house.store.change(&bob, change, None, at(1)).await.unwrap();
        (user.away, told.len())
    };
    assert_eq!(away("lunch").await, (Some("lunch".into()), 1));
    assert_eq!(away("lunch").await, (Some("lunch".into()), 0));
    assert_eq!(away("").await, (None, 1));
    assert_eq!(away("").await, (None, 0));
    let both = Change { nick: Some(nick("robert")), away: Some("tea".into()), ..Change::default() };
    let (user, told) = house.store.change(&bob, both, None, at(2)).await.unwrap();
    assert_eq!((kinds(&told), user.version), (vec!["nick", "away"], told[1].version as i64));
    // Who leaves is not away.
    house.store.disconnect(&bob, None, How::Closed, "bye", at(3)).await.unwrap();
    assert_eq!(house.user(&bob).await.away, None);
}

async fn people_are_found_by_id_and_by_what_has_changed(house: House) {
    let (bob, carol) = (house.guest("bob", at(0)).await.unwrap(), house.guest("carol", at(0)).await.unwrap());
    let nobody = UserId::random(&mut rand::rng());
    let ids = [carol.id.0.clone(), nobody.clone(), bob.id.0.clone()];
    let mut expected = [&bob, &carol].map(|user| (user.id.to_string(), user.nick.to_string()));
    expected.sort();
    let found = house.store.many(&ids).await.unwrap();
    let found: Vec<_> = found.iter().map(|user| (user.id.to_string(), user.nick.to_string())).collect();
    assert_eq!(found, expected);
    assert!(house.store.many(&[]).await.unwrap().is_empty());
    assert!(house.store.user(&nobody).await.unwrap().is_none());

    house.store.change(&bob.id, renamed("robert"), None, just_before(at(1))).await.unwrap();
    let held: BTreeMap<_, _> = ids.iter().map(|id| (id.to_string(), 1)).collect();
    let heads = house.store.heads(&held).await.unwrap();
    assert_eq!(heads.behind.into_iter().collect::<Vec<_>>(), [(bob.id.to_string(), 2)]);
    assert_eq!(heads.gone, [nobody.to_string()]);
    let renamed: Nick = house.user(&bob.id).await.nick.0;
    assert_eq!(renamed, nick("robert"));
}
