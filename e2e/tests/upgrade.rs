//! A network is upgraded process by process while people talk: for a while two releases run side by side, in every mixture that one comes
//! through on the way, and nothing is lost, doubled or out of order.

use std::{path::Path, time::Duration};

use e2e::{
    Channels, Gateway, Logs, Messages, Plan, Users, previous,
    recorder::party::{Party, ROOMY},
};
use rand::Rng as _;

const ACKS_BETWEEN_STEPS: u64 = 200;
const IN_FLIGHT_AT_A_STEP: usize = 5;
const BACK_WITHIN: Duration = Duration::from_secs(60);
/// A gateway that is silent for so long is left.
const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_release_before_and_this_one_run_side_by_side() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let before = tokio::task::spawn_blocking(|| previous::binary(folder)).await.expect("it is built");
    let plan = ROOMY.iter().fold(Plan::scaled().of(before), |plan, setting| plan.set(setting));
    let town = plan.start().await;
    let seed = rand::rng().next_u64();
    let party = Party::arrives(town.doors(), seed, BACK_WITHIN, Some(PATIENCE), folder).await;
    // Owners first: who asks may know more than who answers, but not the other way round.
    let order = [Users, Channels, Messages, Logs, Gateway];
    let parts = town.parts();
    for part in order.iter().flat_map(|service| parts.iter().filter(move |part| part.service == *service)) {
        let open = party.talks(ACKS_BETWEEN_STEPS, IN_FLIGHT_AT_A_STEP).await;
        println!("{part}, {open} in flight, {:?}", party.recorder.progress());
        let (status, took) = town.terminate(*part).await;
        assert!(status.success(), "{part} ended with {status} after {took:?}");
        town.upgrades(*part);
        town.start(*part).await;
        party.everyone_is_back().await;
    }
    party.talks(ACKS_BETWEEN_STEPS, IN_FLIGHT_AT_A_STEP).await;
    party.ends().await;
}
