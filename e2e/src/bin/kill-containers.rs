//! People talk on a Compose stack while containers of it are killed: what was acknowledged is in the history once and in order, and
//! everyone was shown everything. The containers are named on the command line; the stack is reached where it is published.
//!
//!     kill-containers causerie-gateway-1 causerie-nats-1

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr},
    process::{Command, ExitCode},
    time::Duration,
};

use e2e::{Doors, Line, recorder::party::Party};
use rand::Rng;

/// Acknowledgements between two kills; there are more than 1,000 in a run of four.
const ACKS_BETWEEN_KILLS: u64 = 250;
const IN_FLIGHT_AT_A_KILL: usize = 5;
const BACK_WITHIN: Duration = Duration::from_secs(60);
/// A gateway that is silent for so long is left.
const PATIENCE: Duration = Duration::from_secs(5);
/// Connections until two of them are at different gateways: whoever has the fewest gets the next.
const TRIES: usize = 10;

#[tokio::main]
async fn main() -> ExitCode {
    let containers: Vec<String> = std::env::args().skip(1).collect();
    if containers.is_empty() {
        eprintln!("usage: kill-containers CONTAINER…");
        return ExitCode::FAILURE;
    }
    let doors = Doors::at(IpAddr::V4(Ipv4Addr::LOCALHOST));
    println!("gateways: {:?}", two_gateways(&doors).await);
    let seed = rand::rng().next_u64();
    let folder = std::env::temp_dir();
    let party = Party::arrives(doors, seed, BACK_WITHIN, Some(PATIENCE), &folder).await;
    for container in &containers {
        let open = party.talks(ACKS_BETWEEN_KILLS, IN_FLIGHT_AT_A_KILL).await;
        println!("kill {container}, {open} in flight, {:?}", party.recorder.progress());
        docker(&["kill", "--signal", "KILL", container]);
        docker(&["start", container]);
        println!("  everyone talks again after {:.1?}", party.everyone_is_back().await);
    }
    party.talks(ACKS_BETWEEN_KILLS, IN_FLIGHT_AT_A_KILL).await;
    println!("{} messages acknowledged", party.recorder.progress().acks);
    party.ends().await;
    ExitCode::SUCCESS
}

/// The ids of two gateways, as `/whoami` names them to two connections.
async fn two_gateways(doors: &Doors) -> BTreeSet<String> {
    let mut lines = Vec::new();
    let mut gateways = BTreeSet::new();
    for n in 0..TRIES {
        let mut line = Line::connect(doors.lines[0]).await.called("somebody");
        line.asks(&format!("/nick somebody{n}")).await.is(&format!("200 nick somebody{n}"));
        let answer = line.asks("/whoami").await;
        let id = answer.texts().last().and_then(|line| line.split_whitespace().last());
        gateways.extend(id.map(str::to_owned));
        lines.push(line);
        if gateways.len() == 2 {
            return gateways;
        }
    }
    panic!("{TRIES} connections at once are all at {gateways:?}");
}

fn docker(arguments: &[&str]) {
    let output = Command::new("docker").args(arguments).output().expect("docker runs");
    assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}
