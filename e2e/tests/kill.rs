//! `kill -9` of every process, at any moment, while people talk, in the line protocol and in IRC: what was acknowledged is in the
//! history once and in order, and everyone was shown everything once and in order. A failed run names its seed; `CAUSERIE_TEST_SEED` runs
//! the same kills again,
//! and `CAUSERIE_TEST_KILLS` sets how many of each process there are.

use std::{path::Path, time::Duration};

use e2e::{
    Part, Plan,
    recorder::party::{Party, ROOMY},
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};
use tokio::sync::Mutex;

const ACKS_BETWEEN_KILLS: u64 = 500;
const IN_FLIGHT_AT_A_KILL: usize = 10;
const KILLS_OF_EACH_PROCESS: usize = 4;
/// The longest that a killed process stays away, but for once.
const AWAY: Duration = Duration::from_millis(800);
/// Once: longer than a gateway holds what it cannot get rid of, so that people are told `503` and type it again.
const LONG_AWAY: Duration = Duration::from_millis(3500);
/// Until talk goes on after a kill: the process's start, and everyone's way back.
const BACK_WITHIN: Duration = Duration::from_secs(30);
const SECOND_EVERY: usize = 3;

/// One town at a time: both want all of the machine.
static MACHINE: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_processes_lose_nothing_when_they_are_killed() {
    let _machine = MACHINE.lock().await;
    survives(Plan::five_processes()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_loses_nothing_when_it_is_killed() {
    let _machine = MACHINE.lock().await;
    survives(Plan::one_process()).await;
}

async fn survives(plan: Plan) {
    let number = |name: &str| Some(std::env::var(name).ok()?.parse().expect("it is a number"));
    let seed: u64 = number("CAUSERIE_TEST_SEED").unwrap_or_else(|| rand::rng().random());
    let kills_of_each = number("CAUSERIE_TEST_KILLS").map_or(KILLS_OF_EACH_PROCESS, |kills| kills as usize);
    println!("CAUSERIE_TEST_SEED={seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let town = ROOMY.iter().fold(plan, |plan, setting| plan.set(setting)).start().await;
    let mut kills: Vec<(Part, Duration)> = Vec::new();
    let parts = town.parts();
    for &part in &parts {
        kills.push((part, LONG_AWAY));
        kills.extend((1..kills_of_each).map(|_| (part, AWAY.mul_f64(rng.random()))));
    }
    kills.shuffle(&mut rng);

    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let party = Party::arrives(town.doors(), seed, BACK_WITHIN, None, folder).await;
    for (nth, (part, away)) in kills.into_iter().enumerate() {
        let open = party.talks(ACKS_BETWEEN_KILLS, IN_FLIGHT_AT_A_KILL).await;
        town.kill9(part);
        println!("kill {nth}: {part}, {open} in flight, away for {away:?}, {:?}", party.recorder.progress());
        // How long an operator takes; nobody waits for anything here.
        tokio::time::sleep(away).await;
        // Every few times one more goes down while the others find their way back, or the same once more.
        let second = (nth % SECOND_EVERY == 0).then(|| parts[rng.random_range(0..parts.len())]);
        if let Some(second) = second {
            if second == part {
                town.start_without_waiting(part);
            }
            println!("        and {second}");
            town.kill9(second);
            town.start_without_waiting(second);
        }
        if second != Some(part) {
            town.start_without_waiting(part);
        }
        town.ready().await;
    }
    party.talks(ACKS_BETWEEN_KILLS, IN_FLIGHT_AT_A_KILL).await;
    party.ends().await;
}
