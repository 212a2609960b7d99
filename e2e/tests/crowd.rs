//! Many at once: whatever order things happen in, everybody ends up with the same picture, and it is the database's.

#![allow(unreachable_pub)] // modules of a test are seen by it alone

mod crowd {
    pub mod ledger;
    pub mod view;
    pub mod walker;
}

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use crowd::{ledger, walker::Walker};
use e2e::{Town, Users, WITHIN, fresh, fresh_channel, in_every_town, segment};
use serde_json::json;
use tokio::sync::Barrier;

/// People in the crowd, and what each does.
const PEOPLE: usize = 50;
const STEPS: usize = 30;
const ROOMS: usize = 4;

in_every_town! { and postgres:
    async fn fifty_who_come_and_go_and_rename_and_kick_agree_in_the_end(town: &Town) {
        let rooms: Vec<String> = (0..ROOMS).map(|n| fresh_channel(&format!("room{n}"))).collect();
        // Somebody who stays in each room, so that none goes dormant and none loses its operator.
        let (keeper, crowd) = (fresh("keeper"), fresh(""));
        let mut keeper = Walker::enter(town, &keeper, &rooms, 0).await;
        for room in &rooms {
            keeper.joins(room).await;
        }
        let together = Arc::new(Barrier::new(PEOPLE + 1));
        let walking = Arc::new(AtomicUsize::new(PEOPLE));
        let mut walks = tokio::task::JoinSet::new();
        walks.spawn({
            let (together, walking) = (together.clone(), walking.clone());
            async move {
                together.wait().await;
                while walking.load(Ordering::Relaxed) > 0 {
                    keeper.keeps_order().await;
                }
                keeper
            }
        });
        for n in 0..PEOPLE {
            let nick = format!("p{n:02}{crowd}");
            let mut walker = Walker::enter(town, &nick, &rooms, 1 + n as u64).await;
            let (together, walking) = (together.clone(), walking.clone());
            walks.spawn(async move {
                together.wait().await;
                for _ in 0..STEPS {
                    walker.steps().await;
                }
                walking.fetch_sub(1, Ordering::Relaxed);
                walker
            });
        }
        let mut walkers = Vec::new();
        while let Some(walker) = walks.join_next().await {
            walkers.push(walker.expect("nobody stumbles"));
        }
        assert!(walkers.iter().map(|walker| walker.kicked).sum::<u32>() > 0, "nobody was kicked, which shows little");

        let unanswered: u32 = walkers.iter().map(|walker| walker.unanswered).sum();
        eprintln!("{unanswered} commands were asked again");

        for room in &rooms {
            let ledger = ledger::read(town, room).await;
            ledger.has_no_hole();
            ledger.replays_to_its_snapshot();
            let members = ledger.members_by_nick().await;
            for walker in &mut walkers {
                let expected = members.contains_key(&walker.nick).then_some(&members);
                let deadline = Instant::now() + WITHIN;
                while walker.view(room) != expected && Instant::now() < deadline {
                    walker.catches_up().await;
                }
                assert_eq!(walker.view(room), expected, "{} in {room}\n{}", walker.nick, walker.line.transcript());
            }
        }
    }

    async fn of_a_hundred_who_take_one_nick_one_gets_it(town: &Town) {
        let nick = fresh("wanted");
        let together = Arc::new(Barrier::new(100));
        let mut takers = tokio::task::JoinSet::new();
        for n in 0..100 {
            let (together, nick, rest) = (together.clone(), nick.clone(), town.rest());
            let mut line = town.line().await;
            // Half of them have a nick already and rename; a few come by REST; look-alikes count.
            if n % 2 == 1 {
                line.does(&format!("/nick {}", fresh("other"))).await;
            }
            takers.spawn(async move {
                together.wait().await;
                let outcome = if n % 10 == 0 {
                    let guest = json!({ "grant_type": "guest", "nick": nick });
                    let answer = rest.post(Users, "/v1/tokens", &guest).await;
                    if answer.status == 200 { "200 nick".into() } else { answer.verdict() }
                } else {
                    line.asks(&format!("/nick {}", if n % 3 == 0 { nick.to_uppercase() } else { nick })).await.verdict()
                };
                (outcome, line)
            });
        }
        let mut outcomes = Vec::new();
        while let Some(outcome) = takers.join_next().await {
            outcomes.push(outcome.expect("nobody stumbles"));
        }
        let winners = outcomes.iter().filter(|(outcome, _)| outcome == "200 nick").count();
        let losers = outcomes.iter().filter(|(outcome, _)| outcome == "409 nick-in-use").count();
        assert_eq!((winners, losers), (1, 99), "{:?}", outcomes.iter().map(|(outcome, _)| outcome).collect::<Vec<_>>());
        let path = format!("/v1/users/{}", segment(&nick));
        let holder = town.rest().guest(&fresh("asker")).await.get(Users, &path).await;
        assert_eq!(holder.ok().body["nick"].as_str().map(str::to_lowercase), Some(nick));
    }
}
