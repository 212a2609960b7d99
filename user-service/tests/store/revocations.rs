//! What is refused though it has not expired, and who has another name by now than their tokens say.

use std::{collections::BTreeSet, net::IpAddr, time::Duration};

use api::{auth::ACCESS_TOKEN_SECONDS, id::UserId};
use user_service::store::{access_tokens::AccessTokenRow, presence::Change};

use crate::{
    contract,
    house::{HOST, House, MANY, as_guest, at, at_once, just_before, kept, kinds, nick},
};

contract! {
    revocations_are_read_on_from_a_cursor
    their_numbers_commit_in_order
    a_rename_is_told_once_and_as_it_is_now
    access_tokens_are_listed_while_they_can_be_alive
    one_access_token_is_refused_and_no_other
    who_is_thrown_out_is_out_and_a_guest_is_gone
}

async fn revocations_are_read_on_from_a_cursor(house: House) {
    let (alice, bob) = (house.account("alice").await, house.account("bob").await);
    let empty = house.store.revocations(0).await.unwrap();
    assert!(empty.items.is_empty() && empty.renamed.is_empty() && empty.cursor == 0);
    house.store.revoke_grant(&alice.user.id, "login".into(), at(1)).await.unwrap();
    let first = house.store.revocations(0).await.unwrap();
    let [one] = &first.items[..] else { panic!("{first:?}") };
    assert_eq!((&one.user, one.before, one.grant.as_deref()), (&alice.user.id.0, at(1).0, Some("login")));
    house.store.reset_password(&bob.user.id, &kept("new"), at(2)).await.unwrap();
    let second = house.store.revocations(first.cursor).await.unwrap();
    let [two] = &second.items[..] else { panic!("{second:?}") };
    assert_eq!((&two.user, two.before, two.grant.as_deref()), (&bob.user.id.0, at(2).0, None));
    assert!(house.store.revocations(second.cursor).await.unwrap().items.is_empty());
    assert_eq!(house.store.revocations(0).await.unwrap().items.len(), 2);
}

/// A reader that follows meanwhile misses none.
async fn their_numbers_commit_in_order(house: House) {
    let mut people = Vec::new();
    for n in 0..MANY {
        people.push(house.account(&format!("user{n}")).await.user.id.0);
    }
    let store = house.store.clone();
    let reader = tokio::spawn(async move {
        // What is committed while it reads may come twice.
        let (mut cursor, mut met) = (0, BTreeSet::new());
        while met.len() < MANY * 10 {
            let read = store.revocations(cursor).await.unwrap();
            met.extend(read.items.into_iter().map(|item| item.cursor));
            cursor = read.cursor;
        }
        met
    });
    let writers = people.into_iter().map(|id| {
        let store = house.store.clone();
        async move {
            for n in 0..10 {
                store.revoke_grant(&id, format!("login{n}"), at(n)).await.unwrap();
            }
        }
    });
    at_once(writers).await;
    let met = tokio::time::timeout(Duration::from_secs(30), reader).await.expect("it misses none").unwrap();
    assert_eq!(met, (1..=MANY as u64 * 10).collect());
}

async fn a_rename_is_told_once_and_as_it_is_now(house: House) {
    let bob = house.guest("bob", at(0)).await.unwrap();
    let rename = async |to: &str| {
        let change = Change { nick: Some(nick(to)), ..Change::default() };
        house.store.change(&bob.id, change, None, at(1)).await.unwrap();
    };
    rename("b1").await;
    let first = house.store.revocations(0).await.unwrap().cursor;
    rename("b2").await;
    rename("b3").await;
    for cursor in [0, first] {
        let read = house.store.revocations(cursor).await.unwrap();
        assert!(read.items.is_empty());
        let [person] = &read.renamed[..] else { panic!("{read:?}") };
        assert_eq!((&person.id, &person.nick, person.user_version), (&bob.id.0, &nick("b3"), 4));
        assert!(house.store.revocations(read.cursor).await.unwrap().renamed.is_empty());
    }
}

async fn note(house: &House, id: &str, user: &UserId, issued: i64) {
    let address = IpAddr::from([192, 0, 2, 7]);
    house.store.note_access_token(id, user, address, HOST, at(issued)).await.unwrap();
}

async fn access_tokens_are_listed_while_they_can_be_alive(house: House) {
    let bob = house.guest("bob", at(0)).await.unwrap();
    for (id, issued) in [("g.1", 0), ("g.2", 1), ("g.3", 0)] {
        note(&house, id, &bob.id, issued).await;
    }
    let ids = async |after: &str, limit, now| {
        let rows = house.store.access_tokens(after, limit, now).await.unwrap();
        rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(ids("", 9, at(1)).await, ["g.1", "g.2", "g.3"]);
    assert_eq!(ids("g.1", 1, at(1)).await, ["g.2"]);
    let last = at(0).plus(Duration::from_secs(ACCESS_TOKEN_SECONDS + 60));
    assert_eq!(ids("", 9, just_before(last)).await, ["g.1", "g.2", "g.3"]);
    assert_eq!(ids("", 9, last).await, ["g.2"]);
    let row: AccessTokenRow = house.store.access_tokens("", 1, at(1)).await.unwrap().remove(0);
    assert_eq!(
        (&row.user_id, row.address(), row.host.as_str()),
        (&bob.id, Some([192, 0, 2, 7].into()), HOST)
    );
}

async fn one_access_token_is_refused_and_no_other(house: House) {
    let alice = house.account("alice").await;
    house.logs_in(&alice, "login", at(0)).await;
    note(&house, "login.1", &alice.user.id, 0).await;
    let row = house.store.access_tokens("", 1, at(1)).await.unwrap().remove(0);
    house.store.revoke_access_token(&row, at(1)).await.unwrap();
    let refused = house.store.revocations(0).await.unwrap().items;
    assert_eq!(refused.iter().map(|item| item.grant.as_deref()).collect::<Vec<_>>(), [Some("login.1")]);
    assert!(house.store.grant_of("login 1").await.unwrap().is_some());
}

async fn who_is_thrown_out_is_out_and_a_guest_is_gone(house: House) {
    let open = house.opens(as_guest("bob"), at(0)).await.unwrap();
    let bob = &open.user.person.id;
    house.store.hold_nick(bob, at(0)).await.unwrap();
    let told = house.store.throw_out(bob, "banned", at(1)).await.unwrap();
    assert_eq!(kinds(&told), ["put out", "revoked"]);
    assert_eq!(house.user(bob).await.freed_at, Some(at(1).0));
    house.carries_out_ends(at(1)).await;
    house.guest("bob", at(2)).await.unwrap();

    // By a token only.
    let carol = house.guest("carol", at(0)).await.unwrap();
    assert_eq!(kinds(&house.store.throw_out(&carol.id, "banned", at(1)).await.unwrap()), ["revoked"]);
    assert_eq!(house.user(&carol.id).await.freed_at, Some(at(1).0));
    // An account stays.
    let alice = house.account("alice").await;
    assert_eq!(kinds(&house.store.throw_out(&alice.user.id, "banned", at(1)).await.unwrap()), ["revoked"]);
    assert_eq!(house.user(&alice.user.id).await.freed_at, None);
    let nobody = UserId::random(&mut rand::rng());
    assert!(house.store.throw_out(&nobody, "banned", at(1)).await.unwrap().is_empty());
}
