//! Stories on one page, without a database.

use std::time::Duration;

use api::{
    ErrorCode, Nick, Person, Timestamp,
    auth::{Actor, Scopes},
    event::ChannelChange,
    id::{ChannelId, SessionId, UserId},
    mode::{ModesPatch, Role, Roles},
};

use super::*;
use crate::domain::room::REST_HOLDER;

const NOW: Timestamp = Timestamp(1_000_000_000);

fn person(id: &str, nick: &str) -> Actor {
    Actor {
        person: Person {
            id: UserId::try_from(id).unwrap(),
            nick: Nick::try_from(nick).unwrap(),
            user_version: 1,
        },
        account: None,
        session: None,
        scopes: Scopes::ordinary(),
        username: "~u".to_owned(),
        host: "h.cloak".to_owned(),
        since: 0,
    }
}

fn page() -> (Ledger, ChannelId) {
    let mut ledger = Ledger::new(NOW, JoinLimits { members: 10, channels_each: 10 });
    let id = ChannelId::try_from("1c").unwrap();
    ledger.rooms.insert(id.clone(), Room::unborn(id.clone(), "#c".try_into().unwrap(), NOW));
    (ledger, id)
}

fn joining(actor: &Actor) -> Joining<'_> {
    Joining { actor, session: None, token_of: None, key: None }
}

#[test]
fn an_invitation_opens_a_closed_door_once() {
    let (mut ledger, id) = page();
    let (alice, bob, eve) = (person("1a", "alice"), person("1b", "bob"), person("1e", "eve"));
    ledger.join(&id, joining(&alice)).unwrap();
    let doer = Doer::default();
    let patch = ModesPatch { invite_only: Some(true), ..ModesPatch::default() };
    ledger.set_modes(&id, &alice, &doer, &patch, None).unwrap();
    assert_eq!(ledger.join(&id, joining(&bob)).unwrap_err(), ErrorCode::InviteOnly);

    let until = NOW.plus(Duration::from_secs(60));
    let invited = ledger.invite(&id, &alice, &doer, bob.person.clone(), until, (0, 1)).unwrap();
    assert!(matches!(invited.event.unwrap().change, ChannelChange::Invited { .. }));
    let again = ledger.invite(&id, &alice, &doer, bob.person.clone(), until, (1, 1)).unwrap();
    assert!(again.event.is_none(), "the same invitation twice is one");
    let full = ledger.invite(&id, &alice, &doer, eve.person.clone(), until, (1, 1));
    assert_eq!(full.unwrap_err(), ErrorCode::ListFull);

    let patch = ModesPatch { key: Some(Some("k".into())), ..ModesPatch::default() };
    ledger.set_modes(&id, &alice, &doer, &patch, None).unwrap();
    let with_key = Joining { key: Some("k"), ..joining(&bob) };
    ledger.now = until;
    assert_eq!(ledger.join(&id, with_key).unwrap_err(), ErrorCode::InviteOnly, "it has expired");
    ledger.now = NOW;
    ledger.join(&id, joining(&bob)).expect("who is invited needs no key");
    ledger.part(&id, &bob, None, None).unwrap();
    assert_eq!(ledger.join(&id, with_key).unwrap_err(), ErrorCode::InviteOnly, "it has been used");

    assert_eq!(
        ledger.invite(&id, &bob, &doer, eve.person, until, (0, 9)).unwrap_err(),
        ErrorCode::NotAMember
    );
}

#[test]
fn the_floor_rises_to_the_end_of_what_was_said_in_a_closed_channel() {
    let (mut ledger, id) = page();
    let (alice, bob) = (person("1a", "alice"), person("1b", "bob"));
    ledger.join(&id, joining(&alice)).unwrap();
    for secret in [true, false] {
        let patch = ModesPatch { secret: Some(secret), ..ModesPatch::default() };
        ledger.set_modes(&id, &alice, &Doer::default(), &patch, None).unwrap();
    }
    ledger.part(&id, &alice, None, None).unwrap();
    assert!(ledger.rooms[&id].floor_pending);
    assert_eq!(ledger.join(&id, joining(&bob)).unwrap_err(), ErrorCode::Unavailable);
    assert!(ledger.written.need_floor.contains(&id));

    ledger.floors.insert(id.clone(), 41);
    let woken = ledger.join(&id, joining(&bob)).unwrap();
    assert!(matches!(woken.before[0].change, ChannelChange::Woken { floor: 41 }));
    assert_eq!(woken.channel.floor, 41);
    ledger.part(&id, &bob, None, None).unwrap();
    ledger.floors.insert(id.clone(), 50);
    assert_eq!(ledger.join(&id, joining(&alice)).unwrap().channel.floor, 41, "it was open this time");
}

#[test]
fn a_member_who_joins_again_keeps_roles_and_brings_a_newer_nick() {
    let (mut ledger, id) = page();
    let alice = person("1a", "alice");
    ledger.join(&id, joining(&alice)).unwrap();
    let mut renamed = alice.clone();
    renamed.person =
        Person { nick: Nick::try_from("alix").unwrap(), user_version: 2, ..alice.person.clone() };
    assert!(ledger.join(&id, joining(&renamed)).unwrap().event.is_none());
    assert!(ledger.join(&id, joining(&alice)).unwrap().event.is_none());
    let seat = &ledger.seats[&(id, alice.id().clone())];
    assert_eq!((seat.member.person.nick.as_str(), seat.member.roles), ("alix", Roles::NONE.with(Role::Op)));
    assert_eq!(seat.holders.iter().collect::<Vec<_>>(), [REST_HOLDER]);
}

#[test]
fn a_token_of_an_ended_session_opens_nothing_and_a_guests_join_ends_with_it() {
    let (mut ledger, id) = page();
    let session = SessionId::try_from("1s").unwrap();
    let (guest, mut alice) = (person("1g", "guest"), person("1a", "alice"));
    alice.account = Some("alice".try_into().unwrap());
    let with_token = |actor| Joining { token_of: Some(&session), ..joining(actor) };
    ledger.join(&id, with_token(&guest)).unwrap();
    ledger.join(&id, with_token(&alice)).unwrap();
    let holder = |ledger: &Ledger, actor: &Actor| {
        ledger.seats[&(id.clone(), actor.id().clone())].holders.iter().next().cloned().unwrap()
    };
    assert_eq!((holder(&ledger, &guest).as_str(), holder(&ledger, &alice).as_str()), ("1s", REST_HOLDER));
    ledger.ended.insert(session.clone());
    assert_eq!(ledger.join(&id, with_token(&guest)).unwrap_err(), ErrorCode::SessionEnded);
}
