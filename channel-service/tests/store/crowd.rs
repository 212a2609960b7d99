//! Many at once in the same channels: versions have no hole, and whoever replays the events holds what the tables hold.

use std::{collections::BTreeMap, sync::Arc};

use api::{
    auth::Actor,
    channels::{Channel, HistoryPolicy, Snapshot},
    id::ChannelId,
    mode::{ModesPatch, Role},
};
use channel_service::{
    domain::{
        ledger::{Ending, Ledger},
        modes,
    },
    store::Within,
};
use client::replica::ChannelReplica;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::task::JoinSet;

use crate::{House, LIMITS, contract, doer, now, person};

const PEOPLE: usize = 8;
const CHANNELS: usize = 3;
const STEPS: usize = 40;

contract! {
    many_join_part_kick_and_end_at_once
    two_who_begin_the_same_channel_are_in_one
}

async fn many_join_part_kick_and_end_at_once(house: House) {
    let house = Arc::new(house);
    let people: Arc<Vec<Actor>> = Arc::new((0..PEOPLE).map(|n| person(&format!("p{n}"))).collect());
    let mut tasks = JoinSet::new();
    for n in 0..PEOPLE {
        let (house, people) = (house.clone(), people.clone());
        tasks.spawn(async move {
            let mut rng = StdRng::seed_from_u64(n as u64);
            for _ in 0..STEPS {
                step(&house, &people, n, &mut rng).await;
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    for n in 0..CHANNELS {
        let name = format!("#c{n}").as_str().try_into().unwrap();
        let room = house.store.room_named(&name).await.unwrap().unwrap();
        let snapshot = house.store.snapshot(&room.channel.id).await.unwrap().unwrap();
        let events = house
            .store
            .events(&room.channel.id, room.channel.version, Within::default(), i64::MAX)
            .await
            .unwrap();
        assert!(events.complete);
        let versions: Vec<u64> = events.events.iter().map(|event| event.version).collect();
        assert_eq!(versions, (1..=room.channel.version).collect::<Vec<_>>(), "versions have no hole");
        let mut replica = unborn(&snapshot);
        events.events.iter().for_each(|event| replica.apply(event));
        let told: BTreeMap<_, _> = replica.members.clone().into_iter().collect();
        let kept: BTreeMap<_, _> =
            snapshot.members.iter().map(|member| (member.person.id.clone(), member.clone())).collect();
        assert_eq!(told, kept);
        assert_eq!((&replica.channel, replica.dormant), (&snapshot.channel, snapshot.dormant));
        assert_eq!(snapshot.channel.member_count, kept.len() as u64);
    }
}

/// What a reader holds of a channel that it hears of from its first event on.
fn unborn(snapshot: &Snapshot) -> ChannelReplica {
    let channel = Channel {
        version: 0,
        topic: None,
        modes: modes::initial(),
        member_count: 0,
        founder: None,
        history: HistoryPolicy::default(),
        floor: 0,
        ..snapshot.channel.clone()
    };
    let snapshot = Snapshot {
        channel,
        members: Vec::new(),
        bans: Vec::new(),
        excepts: Vec::new(),
        invite_masks: Vec::new(),
        dormant: false,
        ..snapshot.clone()
    };
    ChannelReplica::from(snapshot)
}

async fn step(house: &House, people: &[Actor], n: usize, rng: &mut StdRng) {
    let (me, you) = (&people[n], &people[rng.random_range(0..PEOPLE)]);
    let name = format!("#c{}", rng.random_range(0..CHANNELS));
    let id = house.join(me, &name).await.unwrap();
    match rng.random_range(0..6) {
        0 | 1 => part(house, &id, me).await,
        2 => {
            house
                .change(&id, &[me, you], |ledger| drop(ledger.kick(&id, me, &doer(me), you.id(), None)))
                .await;
        }
        3 => {
            let (role, set) = (Role::ALL[rng.random_range(1..5)], rng.random());
            house
                .change(&id, &[me, you], |ledger| {
                    drop(ledger.set_role(&id, me, &doer(me), you.id(), role, set, None))
                })
                .await;
        }
        4 => {
            let patch = ModesPatch { moderated: Some(rng.random()), ..ModesPatch::default() };
            house
                .change(&id, &[me], |ledger| {
                    drop(ledger.set_modes(&id, me, &doer(me), &patch, None));
                    drop(ledger.set_topic(&id, me, &doer(me), &format!("by {n}"), None));
                })
                .await;
        }
        _ => end(house, me).await,
    }
}

async fn part(house: &House, id: &ChannelId, me: &Actor) {
    house.change(id, &[me], |ledger| drop(ledger.part(id, me, me.session.as_ref(), None))).await;
}

/// All of somebody's holders end, in every channel at once.
async fn end(house: &House, me: &Actor) {
    let mut ledger = Ledger::new(now(), LIMITS);
    let mut tx = house.store.begin([me.id()]).await.unwrap();
    house.store.rooms_of(&mut tx, &mut ledger, me.id()).await.unwrap();
    ledger.end(&Ending {
        user: &me.person,
        sessions: &[],
        all: true,
        stays: None,
        still_here: false,
        reason: None,
        id: "e",
    });
    house.write(tx, &ledger).await;
}

async fn two_who_begin_the_same_channel_are_in_one(house: House) {
    let house = Arc::new(house);
    for round in 0..20 {
        let name = format!("#round{round}");
        let (alice, bob) = (person("alice"), person("bob"));
        let (one, two) = tokio::join!(house.join(&alice, &name), house.join(&bob, &name));
        let id = one.unwrap();
        assert_eq!(Some(&id), two.as_ref());
        let snapshot = house.store.snapshot(&id).await.unwrap().unwrap();
        assert_eq!((snapshot.members.len(), snapshot.channel.version), (2, 2));
        let operators = snapshot.members.iter().filter(|member| member.roles.contains(Role::Op)).count();
        assert_eq!(operators, 1, "one began it");
    }
}
