//! What is written is read.

use std::time::Duration;

use api::{
    ChannelName, HeadsRequest, Person, Timestamp,
    channels::{HistoryPolicy, ListEntry, ListKind},
    event::ChannelChange,
    id::ListEntryId,
    mask::Mask,
    mode::ModesPatch,
};
use channel_service::{
    domain::ledger::{Ending, Ledger, NewEntry},
    store::{ListQuery, Within},
};

use crate::{House, LIMITS, contract, doer, now, person};

contract! {
    a_room_with_all_that_can_be_set_is_read_as_it_was_written
    events_are_given_from_a_version_on_and_known_to_be_missing
    events_are_given_between_moments_from_either_end
    heads_tell_what_is_behind_and_what_is_gone
    lists_expire_and_sleepers_are_forgotten
    an_ended_session_does_not_come_in
    a_newer_nick_takes_the_place_of_an_older_one
    tasks_are_done_until_they_are_done
    an_erased_person_is_in_no_row
    the_list_shows_what_may_be_seen
}

async fn a_room_with_all_that_can_be_set_is_read_as_it_was_written(house: House) {
    let mut alice = person("alice");
    alice.account = Some("alice".try_into().unwrap());
    let id = house.join(&alice, "#Général").await.unwrap();
    assert_eq!(house.join(&alice, "#général").await.as_ref(), Some(&id), "names are compared folded");
    let expires_at = Some(now().plus(Duration::from_secs(60)));
    let written = house
        .change(&id, &[&alice], |ledger| {
            let doer = doer(&alice);
            ledger.register(&id, &alice, &doer, 0, 1).unwrap();
            ledger.set_topic(&id, &alice, &doer, "a \"quoted\" tópic \u{1F600}", None).unwrap();
            let patch = ModesPatch {
                secret: Some(true),
                key: Some(Some("k".into())),
                limit: Some(Some(7)),
                slow_seconds: Some(Some(5)),
                ..ModesPatch::default()
            };
            ledger.set_modes(&id, &alice, &doer, &patch, None).unwrap();
            let history = HistoryPolicy { retention_days: Some(30), lines_on_join: 10 };
            ledger.set_history(&id, &alice, &doer, history, None).unwrap();
            for list in [ListKind::Bans, ListKind::Excepts, ListKind::InviteMasks] {
                let entry = ListEntry {
                    id: ListEntryId::random(&mut rand::rng()),
                    mask: Mask::try_from("bob").unwrap(),
                    reason: Some("why".into()),
                    by: alice.person.clone(),
                    at: ledger.now,
                    expires_at,
                };
                ledger.list(&id, &alice, &doer, NewEntry { list, entry, limit: 1 }).unwrap();
            }
            (ledger.rooms[&id].clone(), ledger.lists[&id].clone(), ledger.written.events.clone())
        })
        .await;
    let (room, lists, events) = written;
    assert_eq!(house.store.room(&id).await.unwrap().unwrap(), room);
    assert_eq!(house.store.lists_of(&id).await.unwrap(), lists);
    let read = house.store.events(&id, room.channel.version, after(1), 100).await.unwrap();
    assert_eq!((read.events, read.complete), (events, true));
    let snapshot = house.store.snapshot(&id).await.unwrap().unwrap();
    assert_eq!(snapshot.channel, room.channel);
    assert_eq!((snapshot.members.len(), snapshot.bans), (1, lists.bans));
    assert_eq!(house.store.member(&id, alice.id()).await.unwrap().as_ref(), snapshot.members.first());
    assert_eq!(house.store.members(&id, "", 10).await.unwrap(), snapshot.members);
    assert!(house.store.members(&id, alice.id().as_str(), 10).await.unwrap().is_empty());
    let named = house.store.room_named(&ChannelName::try_from("#GÉNÉRAL").unwrap()).await.unwrap();
    assert_eq!(named.unwrap().channel.id, id);
}

fn after(version: u64) -> Within {
    Within { after: version, ..Within::default() }
}

async fn events_are_given_between_moments_from_either_end(house: House) {
    let alice = person("alice");
    let id = house.join(&alice, "#a").await.unwrap();
    for text in ["one", "two", "three"] {
        let set = |ledger: &mut Ledger| ledger.set_topic(&id, &alice, &doer(&alice), text, None);
        house.change(&id, &[&alice], set).await.unwrap();
    }
    let all = house.store.events(&id, 4, Within::default(), 9).await.unwrap().events;
    let versions = async |within: Within, limit| {
        let found = house.store.events(&id, 4, within, limit).await.unwrap().events;
        found.iter().map(|event| event.version).collect::<Vec<_>>()
    };
    assert_eq!(versions(Within { before: Some(3), ..after(1) }, 9).await, [2]);
    assert_eq!(versions(Within { latest: true, ..after(0) }, 2).await, [3, 4]);
    assert_eq!(versions(Within { latest: true, before: Some(4), ..after(0) }, 2).await, [2, 3]);
    let (first, last) = (all[0].at, all[3].at);
    let of = |keep: &dyn Fn(Timestamp) -> bool| -> Vec<u64> {
        all.iter().filter(|event| keep(event.at)).map(|event| event.version).collect()
    };
    let since = Within { after_at: Some(first), ..Within::default() };
    assert_eq!(versions(since, 9).await, of(&|at| at > first));
    let until = Within { before_at: Some(last), ..Within::default() };
    assert_eq!(versions(until, 9).await, of(&|at| at < last));
}

async fn events_are_given_from_a_version_on_and_known_to_be_missing(house: House) {
    let alice = person("alice");
    let id = house.join(&alice, "#a").await.unwrap();
    for text in ["one", "two"] {
        house
            .change(&id, &[&alice], |ledger| ledger.set_topic(&id, &alice, &doer(&alice), text, None))
            .await
            .unwrap();
    }
    let events = house.store.events(&id, 3, after(0), 2).await.unwrap();
    assert_eq!(events.events.iter().map(|event| event.version).collect::<Vec<_>>(), [1, 2]);
    assert!(events.complete, "the rest can be asked for");
    assert!(house.store.events(&id, 3, after(3), 10).await.unwrap().complete);
    let later = now().plus(Duration::from_secs(1));
    assert_eq!(house.store.drop_events(later, 2).await.unwrap(), 2);
    assert!(
        !house.store.events(&id, 3, after(1), 10).await.unwrap().complete
            || house.store.events(&id, 3, after(0), 10).await.unwrap().events.len() == 1
    );
    while house.store.drop_events(later, 2).await.unwrap() > 0 {}
    let gone = house.store.events(&id, 3, after(2), 10).await.unwrap();
    assert_eq!((gone.events.len(), gone.complete), (0, false));
}

async fn heads_tell_what_is_behind_and_what_is_gone(house: House) {
    let id = house.join(&person("alice"), "#a").await.unwrap();
    let other = house.join(&person("bob"), "#b").await.unwrap();
    let held = [(id.to_string(), 0), (other.to_string(), 1), ("1nothere".to_owned(), 9)].into();
    let heads = house.store.heads(&HeadsRequest { held }).await.unwrap();
    assert_eq!(heads.behind, [(id.to_string(), 1)].into());
    assert_eq!((heads.gone, heads.epoch), (vec!["1nothere".to_owned()], house.store.epoch.clone()));
    assert_eq!(house.store.heads(&HeadsRequest::default()).await.unwrap().behind.len(), 0);
}

async fn lists_expire_and_sleepers_are_forgotten(house: House) {
    let alice = person("alice");
    let id = house.join(&alice, "#a").await.unwrap();
    let soon = now().plus(Duration::from_secs(1));
    house
        .change(&id, &[&alice], |ledger| {
            let entry = ListEntry {
                id: ListEntryId::random(&mut rand::rng()),
                mask: Mask::try_from("bob").unwrap(),
                reason: None,
                by: alice.person.clone(),
                at: ledger.now,
                expires_at: Some(soon),
            };
            let new = NewEntry { list: ListKind::Bans, entry, limit: 1 };
            ledger.list(&id, &alice, &doer(&alice), new).unwrap();
            ledger.invite(&id, &alice, &doer(&alice), person("bob").person, soon, (0, 1)).unwrap();
        })
        .await;
    assert!(house.store.expiring(now(), 10).await.unwrap().is_empty());
    let late = soon.plus(Duration::from_secs(1));
    assert_eq!(house.store.expiring(late, 10).await.unwrap().as_slice(), std::slice::from_ref(&id));
    house
        .change(&id, &[], |ledger| {
            ledger.now = late;
            ledger.lift_expired(&id);
            let event = &ledger.written.events[0];
            assert!(matches!(event.change, ChannelChange::Unlisted { list: ListKind::Bans, .. }));
        })
        .await;
    assert!(house.store.lists_of(&id).await.unwrap().bans.is_empty());
    let mut tx = house.store.begin([]).await.unwrap();
    assert_eq!(house.store.open_invitations(&mut tx, &id, now()).await.unwrap(), 1);
    tx.rollback().await.unwrap();
    house.store.drop_expired_invitations(late).await.unwrap();
    let mut tx = house.store.begin([]).await.unwrap();
    assert_eq!(house.store.open_invitations(&mut tx, &id, now()).await.unwrap(), 0);
    tx.rollback().await.unwrap();

    let patch = ModesPatch { secret: Some(true), ..ModesPatch::default() };
    house
        .change(&id, &[&alice], |ledger| {
            ledger.set_modes(&id, &alice, &doer(&alice), &patch, None).unwrap();
            ledger.part(&id, &alice, None, None).unwrap();
        })
        .await;
    assert_eq!(house.store.pending_floors(late, 10).await.unwrap(), std::slice::from_ref(&id));
    house.store.raise_floor(&id, 42).await.unwrap();
    let room = house.store.room(&id).await.unwrap().unwrap();
    assert_eq!((room.channel.floor, room.floor_pending, room.closed), (42, false, false));
    assert!(house.store.pending_floors(late, 10).await.unwrap().is_empty());

    assert!(house.store.sleepers(Timestamp(0), 10).await.unwrap().is_empty());
    assert_eq!(house.store.sleepers(late, 10).await.unwrap(), std::slice::from_ref(&id));
    let mut tx = house.store.begin([]).await.unwrap();
    house.store.forget(&mut tx, &id).await.unwrap();
    tx.commit().await.unwrap();
    assert!(house.store.room(&id).await.unwrap().is_none());
    assert_ne!(house.join(&alice, "#a").await.unwrap(), id, "what begins again is another channel");
}

async fn an_ended_session_does_not_come_in(house: House) {
    let alice = person("alice");
    let id = house.join(&alice, "#a").await.unwrap();
    let session = alice.session.clone().unwrap();
    let mut ledger = Ledger::new(now(), LIMITS);
    let mut tx = house.store.begin([alice.id()]).await.unwrap();
    house.store.remember_ended(&mut tx, std::slice::from_ref(&session), ledger.now).await.unwrap();
    house.store.remember_ended(&mut tx, std::slice::from_ref(&session), ledger.now).await.unwrap();
    house.store.rooms_of(&mut tx, &mut ledger, alice.id()).await.unwrap();
    let sessions = [session];
    let ending = Ending {
        user: &alice.person,
        sessions: &sessions,
        all: false,
        stays: None,
        still_here: false,
        reason: None,
        id: "e",
    };
    assert_eq!(ledger.end(&ending).len(), 2);
    house.write(tx, &ledger).await;
    assert!(house.store.room(&id).await.unwrap().unwrap().is_dormant());
    assert_eq!(house.join(&alice, "#a").await, None);
    assert_eq!(house.join(&alice, "#new").await, None);
    assert!(house.store.room_named(&ChannelName::try_from("#new").unwrap()).await.unwrap().is_none());
    house.store.drop_ended(now().plus(Duration::from_secs(1))).await.unwrap();
    assert_eq!(house.join(&alice, "#a").await, Some(id));
}

async fn a_newer_nick_takes_the_place_of_an_older_one(house: House) {
    let alice = person("alice");
    let id = house.join(&alice, "#a").await.unwrap();
    let called = |nick: &str, user_version| Person {
        id: alice.id().clone(),
        nick: nick.try_into().unwrap(),
        user_version,
    };
    house.store.rename(&called("ali", 2), Some("~al"), Some("there.cloak")).await.unwrap();
    house.store.rename(&called("alix", 4), None, None).await.unwrap();
    house.store.rename(&called("older", 3), Some("~old"), Some("here.cloak")).await.unwrap();
    let member = house.store.member(&id, alice.id()).await.unwrap().unwrap();
    assert_eq!((&*member.username, &*member.host), ("~al", "there.cloak"));
    assert_eq!((member.person.nick.as_str(), member.person.user_version), ("alix", 4));
    assert_eq!(house.store.people("", 10).await.unwrap(), [(alice.id().clone(), 4)]);
    assert_eq!(house.store.room(&id).await.unwrap().unwrap().channel.version, 1, "a nick raises no version");
}

async fn tasks_are_done_until_they_are_done(house: House) {
    let start = now();
    let at = |seconds| start.plus(Duration::from_secs(seconds));
    let mut tx = house.store.begin([]).await.unwrap();
    house.store.add_task(&mut tx, "kind", "payload", start).await.unwrap();
    tx.commit().await.unwrap();
    let taken = house.store.take_tasks(start, at(60), 10).await.unwrap();
    assert_eq!((taken.len(), taken[0].payload.as_str(), taken[0].attempts), (1, "payload", 1));
    assert!(house.store.take_tasks(at(59), at(90), 10).await.unwrap().is_empty(), "it is in hand");
    house.store.put_task_off(taken[0].id, at(5)).await.unwrap();
    let again = house.store.take_tasks(at(5), at(60), 10).await.unwrap();
    assert_eq!(again[0].attempts, 2);
    house.store.task_done(again[0].id).await.unwrap();
    assert!(house.store.take_tasks(at(3600), at(7200), 10).await.unwrap().is_empty());
}

async fn an_erased_person_is_in_no_row(house: House) {
    let (alice, bob) = (person("alice"), person("bob"));
    let id = house.join(&alice, "#a").await.unwrap();
    house.join(&bob, "#a").await.unwrap();
    house
        .change(&id, &[&alice], |ledger| {
            ledger.set_topic(&id, &alice, &doer(&alice), "hers", None).unwrap();
            let entry = ListEntry {
                id: ListEntryId::random(&mut rand::rng()),
                mask: Mask::try_from("eve").unwrap(),
                reason: Some("her words".into()),
                by: alice.person.clone(),
                at: ledger.now,
                expires_at: None,
            };
            let new = NewEntry { list: ListKind::Bans, entry, limit: 9 };
            ledger.list(&id, &alice, &doer(&alice), new).unwrap();
        })
        .await;
    let mut tx = house.store.begin([alice.id()]).await.unwrap();
    assert_eq!(house.store.marked_by(&mut tx, alice.id()).await.unwrap(), std::slice::from_ref(&id));
    assert_eq!(house.store.registered_by(&mut tx, alice.id()).await.unwrap(), 0);
    let named = house.store.events_naming(&mut tx, alice.id()).await.unwrap();
    assert_eq!(named.len(), 3, "her join, her topic, her ban");
    let rewritten: Vec<_> = named
        .into_iter()
        .map(|(channel, version, json)| (channel, version, json.replace("alice", "erased")))
        .collect();
    house.store.rewrite_events(&mut tx, &rewritten).await.unwrap();
    house.store.anonymise_entries(&mut tx, alice.id(), "erased").await.unwrap();
    house.store.drop_invitations_of(&mut tx, alice.id()).await.unwrap();
    let eve = Mask::try_from("eve").unwrap().key();
    assert_eq!(house.store.channels_listing(&mut tx, &[eve]).await.unwrap(), std::slice::from_ref(&id));
    assert!(house.store.list_events(&mut tx).await.unwrap().iter().all(|(.., json)| json.contains("mask")));
    tx.commit().await.unwrap();
    assert!(house.store.cut_log().await.unwrap());
    let bans = house.store.lists_of(&id).await.unwrap().bans;
    assert_eq!((bans[0].by.nick.as_str(), &bans[0].reason), ("erased", &None));
    let events = house.store.events(&id, 4, after(0), 100).await.unwrap().events;
    assert_eq!(events.len(), 4);
    assert!(!serde_json::to_string(&events).unwrap().contains("\"alice\""));
}

async fn the_list_shows_what_may_be_seen(house: House) {
    let (alice, bob) = (person("alice"), person("bob"));
    for name in ["#c", "#a", "#b"] {
        house.join(&alice, name).await.unwrap();
    }
    house.join(&bob, "#a").await.unwrap();
    let secret =
        house.store.room_named(&ChannelName::try_from("#b").unwrap()).await.unwrap().unwrap().channel.id;
    let patch = ModesPatch { secret: Some(true), ..ModesPatch::default() };
    house
        .change(&secret, &[&alice], |ledger| ledger.set_modes(&secret, &alice, &doer(&alice), &patch, None))
        .await
        .unwrap();
    let names = async |asker: &str, sees_all, min_members, after: &str| {
        let query = ListQuery { after, min_members, sees_all, asker, limit: 10 };
        let rooms = house.store.list(query).await.unwrap();
        rooms.iter().map(|room| room.channel.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(bob.id().as_str(), false, 0, "").await, ["#a", "#c"]);
    assert_eq!(names(alice.id().as_str(), false, 0, "").await, ["#a", "#b", "#c"]);
    assert_eq!(names("", true, 0, "#a").await, ["#b", "#c"]);
    assert_eq!(names("", true, 2, "").await, ["#a"]);
    let of = async |asker: &str| {
        let query = ListQuery { after: "", min_members: 0, sees_all: false, asker, limit: 10 };
        house.store.channels_of(alice.id(), query).await.unwrap().len()
    };
    assert_eq!((of(alice.id().as_str()).await, of(bob.id().as_str()).await), (3, 2));
}
