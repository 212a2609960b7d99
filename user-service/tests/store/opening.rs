//! How sessions open.

use api::{ErrorCode, event::UserChange, id::SessionId};
use user_service::store::sessions::{How, Opened, Opening, Proof};

use crate::{
    contract,
    house::{
        House, MANY, TERMS, as_guest, at, at_once, by, by_access_token, by_password, by_secret, code, ended,
        gateway, kept, kinds, nick, session, winners,
    },
};

contract! {
    the_same_request_again_gives_the_same_session
    a_batch_gives_each_its_own_result
    so_many_sessions_of_one_account_and_no_more
    a_session_is_taken_over_by_its_secret_once
    many_who_take_a_session_over_leave_one
    a_guest_who_logs_in_is_linked_and_gone
    a_nick_goes_along_with_who_logs_in_unless_they_are_here_already
    who_logs_in_again_takes_the_nick_along_unless_somebody_still_has_it
    what_was_shown_is_looked_at_again
    a_session_of_the_past_is_not_opened_again
}

async fn the_same_request_again_gives_the_same_session(house: House) {
    let alice = house.account("alice").await;
    let wanted = by_password(&alice);
    let tries = (0..MANY).map(|_| {
        let (store, wanted) = (house.store.clone(), wanted.clone());
        async move {
            loop {
                // Another replica is at it: a gateway tries again.
                match store.open_sessions(vec![wanted.clone()], TERMS, at(1)).await {
                    Ok((mut results, _)) => return results.remove(0),
                    Err(failure) => assert_eq!(failure.code(), ErrorCode::Unavailable),
                }
            }
        }
    });
    for opened in winners(at_once(tries).await, ErrorCode::Internal) {
        assert_eq!((opened.session, opened.opened_at), (wanted.id.clone(), at(1)));
    }
    assert_eq!(house.number("select count(*) from sessions").await, 1);
    // Not with that id on another gateway.
    let elsewhere = Opening { gateway: gateway("b"), ..wanted };
    assert_eq!(code(house.opens(elsewhere, at(2)).await), ErrorCode::SessionEnded);
}

async fn a_batch_gives_each_its_own_result(house: House) {
    let alice = house.account("alice").await;
    let wrong = by(&alice.user.id, Proof::Password("a guess".into()), None);
    let items = vec![
        as_guest("zoe"),
        as_guest("alice"),
        wrong,
        by_password(&alice),
        as_guest("bob"),
        as_guest("Bob"),
    ];
    let ids: Vec<SessionId> = items.iter().map(|item| item.id.clone()).collect();
    let (results, told) = house.store.open_sessions(items, TERMS, at(1)).await.unwrap();
    let results: Vec<_> =
        results.into_iter().map(|result| result.map(|opened| opened.session).map_err(|f| f.code())).collect();
    let expected = [
        Ok(ids[0].clone()),
        Err(ErrorCode::NickInUse),
        Err(ErrorCode::BadCredentials),
        Ok(ids[3].clone()),
        Ok(ids[4].clone()),
        Err(ErrorCode::NickInUse),
    ];
    assert_eq!(results, expected);
    assert_eq!(kinds(&told), ["opened"; 3]);
    assert!(house.user(&alice.user.id).await.since.is_some());
}

async fn so_many_sessions_of_one_account_and_no_more(house: House) {
    let alice = house.account("alice").await;
    let tries = (0..MANY).map(|_| {
        let (store, wanted) = (house.store.clone(), by_password(&alice));
        async move { store.open_sessions(vec![wanted], TERMS, at(1)).await.unwrap().0.remove(0) }
    });
    let open = winners(at_once(tries).await, ErrorCode::ListFull);
    assert_eq!(open.len(), TERMS.sessions_of_user as usize);
    // Who takes one over needs no place more.
    let taken = house.opens(by_secret(&open[0]), at(2)).await.unwrap();
    assert_eq!(taken.replaced.as_ref(), Some(&open[0].session));
    house.store.disconnect(&alice.user.id, Some(&taken.session), How::Closed, "bye", at(3)).await.unwrap();
    house.opens(by_password(&alice), at(4)).await.unwrap();
    assert_eq!(code(house.opens(by_password(&alice), at(4)).await), ErrorCode::ListFull);
}

async fn a_session_is_taken_over_by_its_secret_once(house: House) {
    let bob = house.opens(as_guest("bob"), at(0)).await.unwrap();
    let (results, told) = house.store.open_sessions(vec![by_secret(&bob)], TERMS, at(1)).await.unwrap();
    let taken = results.into_iter().next().unwrap().unwrap();
    assert_eq!(
        (taken.user.person.id.clone(), taken.replaced),
        (bob.user.person.id.clone(), Some(bob.session.clone()))
    );
    assert_eq!((kinds(&told), ended(&told)), (vec!["opened", "ended"], vec![bob.session.clone()]));
    assert_eq!(code(house.opens(by_secret(&bob), at(2)).await), ErrorCode::SessionEnded);
    // The old one stays in its channels for a while, so that nobody sees a gap.
    assert!(house.claims(at(10)).await.is_empty());
    assert_eq!(house.claims(at(11)).await.len(), 1);
    assert_eq!(house.user(&bob.user.person.id).await.freed_at, None);
}

async fn many_who_take_a_session_over_leave_one(house: House) {
    let bob = house.opens(as_guest("bob"), at(0)).await.unwrap();
    let tries = (0..MANY).map(|_| {
        let (store, wanted) = (house.store.clone(), by_secret(&bob));
        async move { store.open_sessions(vec![wanted], TERMS, at(1)).await.unwrap().0.remove(0) }
    });
    let won = winners(at_once(tries).await, ErrorCode::SessionEnded);
    assert_eq!(won.len(), 1);
    let live = house.store.sessions_of(&bob.user.person.id, "", 9).await.unwrap();
    assert_eq!(live.into_iter().map(|session| session.id.0).collect::<Vec<_>>(), [won[0].session.clone()]);
}

async fn a_guest_who_logs_in_is_linked_and_gone(house: House) {
    let alice = house.account("alice").await;
    let guest = house.opens(as_guest("visitor"), at(0)).await.unwrap();
    let login = Opening { replaces: Some(guest.session.clone()), ..by_password(&alice) };
    let (results, told) = house.store.open_sessions(vec![login], TERMS, at(1)).await.unwrap();
    assert_eq!(results[0].as_ref().unwrap().user.person.nick, nick("alice"));
    assert_eq!(kinds(&told), ["opened", "ended"]);
    assert_eq!((&told[1].user, ended(&told)), (&guest.user.person.id, vec![guest.session]));
    assert_eq!(house.user(&guest.user.person.id).await.freed_at, Some(at(1).0));
    let linked = "select count(*) from earlier_selves as l join users as u on u.id = l.user_id where u.account = 'alice'";
    assert_eq!(house.number(linked).await, 1);
    // Of another gateway's session nobody disposes.
    let other = house.opens(as_guest("other"), at(2)).await.unwrap();
    let login =
        Opening { replaces: Some(other.session.clone()), gateway: gateway("b"), ..by_password(&alice) };
    house.opens(login, at(3)).await.unwrap();
    assert!(house.store.session(&other.session).await.unwrap().unwrap().is_live());
}

async fn a_nick_goes_along_with_who_logs_in_unless_they_are_here_already(house: House) {
    let alice = house.account("alice").await;
    let guest = house.opens(as_guest("visitor"), at(0)).await.unwrap();
    let login = |wanted: &str, replaces: Option<&Opened>| Opening {
        replaces: replaces.map(|opened| opened.session.clone()),
        nick: Some(nick(wanted)),
        realname: Some("Alice L.".into()),
        ..by_password(&alice)
    };
    let (results, told) =
        house.store.open_sessions(vec![login("visitor", Some(&guest))], TERMS, at(1)).await.unwrap();
    let first = results.into_iter().next().unwrap().unwrap();
    assert_eq!((first.user.person.nick, first.user.realname), (nick("visitor"), Some("Alice L.".into())));
    let online: Vec<_> = told.iter().map(|event| event.online.unwrap()).collect();
    assert_eq!((kinds(&told), online), (vec!["nick", "opened", "ended"], vec![false, true, false]));
    assert!(
        matches!(&told[1].change, UserChange::SessionOpened { former: Some(id), .. } if *id == guest.user.person.id)
    );
    assert_eq!(house.store.by_nick(&nick("visitor")).await.unwrap().unwrap().id.0, alice.user.id.0);
    assert_eq!(code(house.opens(as_guest("visitor"), at(2)).await), ErrorCode::NickInUse);
    let second = house.opens(login("elsewhere", None), at(2)).await.unwrap();
    assert_eq!(second.user.person.nick, nick("visitor"));
    // What somebody else is called stays theirs.
    let bob = house.opens(as_guest("bob"), at(2)).await.unwrap();
    house.store.disconnect(&alice.user.id, None, How::Closed, "bye", at(3)).await.unwrap();
    let third = house.opens(login("bob", None), at(4)).await.unwrap();
    assert_eq!(third.user.person.nick, nick("visitor"));
    let nicks = [nick("Bob"), nick("visitor"), nick("nobody")];
    let mut wearers: Vec<_> =
        house.store.wearers(&nicks).await.unwrap().into_iter().map(|user| user.id.0).collect();
    wearers.sort();
    let mut both = [bob.user.person.id, alice.user.id.0.clone()];
    both.sort();
    assert_eq!(wearers, both);
}

async fn who_logs_in_again_takes_the_nick_along_unless_somebody_still_has_it(house: House) {
    let (alice, bob) = (house.account("alice").await, house.account("bob").await);
    let login = |who, replaces: Option<&Opened>| Opening {
        replaces: replaces.map(|opened| opened.session.clone()),
        nick: Some(nick("al")),
        ..by_password(who)
    };
    let first = house.opens(login(&alice, None), at(1)).await.unwrap();
    assert_eq!(first.user.person.nick, nick("al"));
    let (results, told) =
        house.store.open_sessions(vec![login(&bob, Some(&first))], TERMS, at(2)).await.unwrap();
    let second = results.into_iter().next().unwrap().unwrap();
    assert_eq!(second.user.person.nick, nick("al"));
    assert_eq!((kinds(&told), ended(&told)), (vec!["nick", "opened", "nick", "ended"], vec![first.session]));
    let left = house.user(&alice.user.id).await;
    assert_eq!((left.nick.0, left.since), (nick("alice"), None));
    // She is not the same person as he is: her erasure leaves him.
    assert_eq!(house.number("select count(*) from earlier_selves").await, 0);

    let elsewhere = house.opens(by_password(&bob), at(3)).await.unwrap();
    let third = house.opens(login(&alice, Some(&second)), at(4)).await.unwrap();
    assert_eq!((third.user.person.nick, elsewhere.user.person.nick), (nick("alice"), nick("al")));
    assert_eq!(house.user(&bob.user.id).await.nick.0, nick("al"));
}

async fn what_was_shown_is_looked_at_again(house: House) {
    let alice = house.account("alice").await;
    let id = &alice.user.id;
    house.opens(by_access_token(id, at(0), "login"), at(1)).await.unwrap();
    let open = house.opens(by_password(&alice), at(1)).await.unwrap();
    house.store.change_password(id, &alice.password, &kept("new"), at(2)).await.unwrap();
    // As if they had been verified just before.
    for stale in [by_password(&alice), by_access_token(id, at(1), "login")] {
        assert_eq!(code(house.opens(stale, at(3)).await), ErrorCode::BadCredentials);
    }
    assert_eq!(code(house.opens(by_secret(&open), at(3)).await), ErrorCode::SessionEnded);
    house.opens(by_access_token(id, at(2), "login"), at(3)).await.unwrap();
    let nobody = by(&api::id::UserId::random(&mut rand::rng()), Proof::Password(String::new()), None);
    assert_eq!(code(house.opens(nobody, at(3)).await), ErrorCode::BadCredentials);
}

async fn a_session_of_the_past_is_not_opened_again(house: House) {
    let wanted = as_guest("bob");
    let bob = house.opens(wanted.clone(), at(0)).await.unwrap();
    house.store.disconnect(&bob.user.person.id, None, How::Closed, "bye", at(1)).await.unwrap();
    assert_eq!(code(house.opens(wanted, at(2)).await), ErrorCode::SessionEnded);
    assert_eq!(code(house.opens(by_secret(&bob), at(2)).await), ErrorCode::SessionEnded);
    let unknown = by(&bob.user.person.id, Proof::SessionSecret, Some(&session()));
    assert_eq!(code(house.opens(unknown, at(2)).await), ErrorCode::SessionEnded);
}
