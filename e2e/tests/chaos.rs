//! Three gateways, two of each service, PostgreSQL and NATS, each on a machine of its own where that can be had; everything that can
//! break breaks, while people talk in the line protocol and in IRC. In the end what was acknowledged is in the history once and in order,
//! and everyone was shown everything once and in order. `cargo xtask chaos` does a hundred faults; `CAUSERIE_TEST_FAULTS` sets
//! how many there are, and `CAUSERIE_TEST_SEED` the same ones again.

use std::{collections::BTreeMap, fmt, path::Path, time::Duration};

use e2e::{
    Channels, Gateway, Logs, Machine, Messages, Part, Plan, Town, Users,
    recorder::party::{Party, ROOMY},
};
use rand::{Rng, RngExt as _, SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};

const FAULTS: usize = 10;
/// As long as a machine hangs, or is cut off: shorter than a lease.
const HANGS: Duration = Duration::from_secs(10);
/// As long as a database or the bus is away: longer than a lease.
const AWAY: Duration = Duration::from_secs(30);
/// The longest until somebody starts again what was killed.
const DOWN: Duration = Duration::from_secs(2);
const ACKS_BETWEEN_FAULTS: u64 = 200;
const IN_FLIGHT_AT_A_FAULT: usize = 5;
/// Until everyone talks again once nothing is broken any more.
const BACK_WITHIN: Duration = Duration::from_secs(60);
/// A gateway that is silent for so long is left: longer than one holds what it cannot get rid of.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy)]
enum Fault {
    /// `kill -9`, and started again.
    Kill(Machine),
    /// SIGSTOP.
    Freeze(Machine),
    /// SIGTERM to a gateway, which sends its people to the others.
    Drain(Part),
    Cut(Machine, Machine),
    Away(Machine),
}

impl Fault {
    fn kind(self) -> &'static str {
        match self {
            Self::Kill(_) => "kill -9",
            Self::Freeze(_) => "SIGSTOP for 10 s",
            Self::Drain(_) => "SIGTERM of a gateway",
            Self::Cut(..) => "partition for 10 s",
            Self::Away(_) => "down for 30 s",
        }
    }

    /// Happens, and is over when this returns.
    async fn happens(self, town: &Town, rng: &mut StdRng) {
        match self {
            Self::Kill(machine) => {
                town.breaks(machine);
                lasts(DOWN.mul_f64(rng.random())).await;
                town.mends(machine);
            }
            Self::Freeze(machine) => {
                town.stops_still(machine);
                lasts(HANGS).await;
                town.goes_on(machine);
            }
            Self::Drain(part) => {
                let (status, _) = town.terminate(part).await;
                assert!(status.success(), "{part} ended with {status}");
                town.start_without_waiting(part);
            }
            Self::Cut(one, other) => {
                town.cuts(one, other);
                lasts(HANGS).await;
                town.connects(one, other);
            }
            Self::Away(machine) => {
                town.breaks(machine);
                lasts(AWAY).await;
                town.mends(machine);
            }
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Drain(part) => write!(f, "{}: {part}", self.kind()),
            Self::Kill(machine) | Self::Freeze(machine) | Self::Away(machine) => {
                write!(f, "{}: {machine}", self.kind())
            }
            Self::Cut(one, other) => write!(f, "{}: {one} and {other}", self.kind()),
        }
    }
}

/// Nobody waits for anything here: it is how long the fault is.
async fn lasts(time: Duration) {
    tokio::time::sleep(time).await;
}

/// Of each kind in turn, each with everything that it can happen to in an order by chance.
fn plan(town: &Town, count: usize, rng: &mut StdRng) -> Vec<Fault> {
    let machines = town.machines();
    let servers = [Machine::Database, Machine::Bus];
    let gateways = town.parts().into_iter().filter(|part| part.service == Gateway);
    let mut kinds: Vec<Vec<Fault>> = vec![
        machines.iter().copied().map(Fault::Kill).collect(),
        machines.iter().copied().map(Fault::Freeze).collect(),
        gateways.map(Fault::Drain).collect(),
        servers.map(Fault::Away).into(),
    ];
    if town.has_hosts() {
        kinds.push(lines(&machines).map(|(one, other)| Fault::Cut(one, other)).collect());
    } else {
        println!("no partitions: network namespaces need root and `ip`");
    }
    let mut decks: Vec<Vec<Fault>> = kinds.iter().map(|_| Vec::new()).collect();
    let mut faults = Vec::new();
    // Half of them kill: that is what happens most.
    for turn in 0..count {
        let kind = if turn % 2 == 0 { 0 } else { 1 + turn / 2 % (kinds.len() - 1) };
        if decks[kind].is_empty() {
            decks[kind].clone_from(&kinds[kind]);
            decks[kind].shuffle(rng);
        }
        faults.extend(decks[kind].pop());
    }
    faults
}

/// Any two machines that have something to say to each other.
fn lines(machines: &[Machine]) -> impl Iterator<Item = (Machine, Machine)> {
    let talks = |one: Machine, other: Machine| match (one, other) {
        (Machine::Part(one), Machine::Part(other)) => match (one.service, other.service) {
            (Gateway, service) | (service, Gateway) => service != Gateway,
            (Messages, Users | Channels) | (Users | Channels, Messages) => true,
            (Users, Channels) | (Channels, Users) => true,
            _ => false,
        },
        (Machine::Part(part), Machine::Database) => part.service != Gateway,
        (Machine::Part(part), Machine::Bus) => part.service != Logs,
        _ => false,
    };
    let pairs = machines.iter().flat_map(|one| machines.iter().map(move |other| (*one, *other)));
    pairs.filter(move |(one, other)| one < other && talks(*one, *other))
}

/// Median and longest.
fn spread(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let (median, longest) = (times[times.len() / 2], times[times.len() - 1]);
    format!("{:.1} s, {:.1} s", median.as_secs_f64(), longest.as_secs_f64())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_breaks_nothing_is_lost_nor_doubled_nor_out_of_order() {
    let number = |name: &str| Some(std::env::var(name).ok()?.parse().expect("it is a number"));
    let seed: u64 = number("CAUSERIE_TEST_SEED").unwrap_or_else(|| rand::rng().next_u64());
    let count = number("CAUSERIE_TEST_FAULTS").map_or(FAULTS, |count| count as usize);
    println!("CAUSERIE_TEST_SEED={seed} CAUSERIE_TEST_FAULTS={count}");
    let mut rng = StdRng::seed_from_u64(seed);
    // Nobody is on the same machine as a gateway.
    let plan_of_town = Plan::scaled().with_own_servers().set("gateway.plaintext_passwords=true");
    let town = ROOMY.iter().fold(plan_of_town, |plan, setting| plan.set(setting)).start().await;
    let faults = plan(&town, count, &mut rng);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let party = Party::arrives(town.doors(), seed, BACK_WITHIN, Some(PATIENCE), folder).await;
    let mut back: BTreeMap<&str, Vec<(Duration, Duration)>> = BTreeMap::new();
    for (nth, fault) in faults.into_iter().enumerate() {
        let open = party.talks(ACKS_BETWEEN_FAULTS, IN_FLIGHT_AT_A_FAULT).await;
        println!("fault {nth}: {fault}; {open} in flight, {:?}", party.recorder.progress());
        let since = party.recorder.now();
        fault.happens(&town, &mut rng).await;
        let took = party.everyone_is_back().await;
        let silence = party.recorder.longest_silence(since);
        println!("        everyone talks again after {took:.1?}; the longest silence was {silence:.1?}");
        back.entry(fault.kind()).or_default().push((took, silence));
        town.ready().await;
    }
    let said = party.recorder.progress();
    party.ends().await;
    println!(
        "\n| fault | times | talk goes on after its end: median, longest | longest wait of anybody: median, longest |"
    );
    println!("|---|---|---|---|");
    for (kind, times) in back {
        let (ends, silences): (Vec<_>, Vec<_>) = times.iter().copied().unzip();
        println!("| {kind} | {} | {} | {} |", times.len(), spread(ends), spread(silences));
    }
    println!(
        "\n{} messages acknowledged, {} refused: 0 lost, 0 duplicated, 0 reordered.",
        said.acks, said.refusals
    );
}
