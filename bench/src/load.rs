//! One run: everyone comes in, the senders send, everyone reads, and in the end every seq has been seen once and in order.

mod member;
mod outcome;
mod sender;
mod view;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use parking_lot::Mutex;
use rand::RngExt as _;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tokio_util::task::AbortOnDropHandle;

pub(crate) use self::outcome::{Outcome, middle};
use self::{
    member::Member,
    outcome::Tally,
    sender::{Flow, Sender},
    view::View,
};
use crate::{histogram::Histogram, machine, scenario::Scenario};

/// People who come in at once: what an operator's server sees on a bad morning, and not a flood.
const ARRIVING: usize = 64;
const ARRIVES_WITHIN: Duration = Duration::from_secs(20);
/// After the last send, until everyone has everything.
const DRAINED_WITHIN: Duration = Duration::from_secs(15);
const LOOK_EVERY: Duration = Duration::from_millis(20);

pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    pub(crate) processes: Vec<u32>,
    pub(crate) scenario: &'static Scenario,
    /// Messages a second of all senders, if they send by the clock.
    pub(crate) rate: Option<f64>,
    pub(crate) size: usize,
    pub(crate) warmup: Duration,
    pub(crate) measured: Duration,
}

/// Where a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Phase {
    Warmup,
    Measured,
    Over,
    Drained,
}

/// What everybody of a run shares.
struct Shared {
    began: std::time::Instant,
    phase: AtomicU8,
    size: usize,
    /// One for each thread, more or less: nobody waits for one.
    tallies: Vec<Mutex<Tally>>,
    /// Of each channel in turn.
    flows: Vec<Flow>,
    scenario: &'static Scenario,
    rate: Option<f64>,
}

impl Shared {
    fn nanos(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn is(&self, phase: Phase) -> bool {
        self.phase.load(Ordering::Relaxed) == phase as u8
    }

    fn is_over(&self) -> bool {
        self.phase.load(Ordering::Relaxed) >= Phase::Over as u8
    }

    fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::SeqCst);
    }

    fn tally(&self) -> &Mutex<Tally> {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        thread_local!(static THREAD: usize = THREADS.fetch_add(1, Ordering::Relaxed));
        &self.tallies[THREAD.with(|thread| thread % self.tallies.len())]
    }
}

impl Load {
    pub(crate) async fn run(self) -> anyhow::Result<Outcome> {
        let Self { address, processes, scenario, rate, size, warmup, measured } = self;
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        let shared = Arc::new(Shared {
            began: std::time::Instant::now(),
            phase: AtomicU8::new(Phase::Warmup as u8),
            size,
            tallies: (0..threads).map(|_| Mutex::default()).collect(),
            flows: (0..scenario.channels * scenario.senders).map(|_| Flow::default()).collect(),
            scenario,
            rate,
        });
        let members = arrive(address, scenario).await?;
        let mut views = Vec::new();
        let (mut readers, mut senders) = (Vec::new(), JoinSet::new());
        for member in members {
            let view = Arc::new(Mutex::new(View::from(member.next_seq)));
            views.push((member.channel, view.clone()));
            let (read, write) = member.socket.into_split();
            if member.place < scenario.senders {
                let flow = member.channel * scenario.senders + member.place;
                senders.spawn(Sender { shared: shared.clone(), flow, place: member.place, write }.send());
            } else {
                // Dropped, it would end the connection's sending half.
                readers.push(AbortOnDropHandle::new(tokio::spawn(async move {
                    std::future::pending::<()>().await;
                    drop(write);
                })));
            }
            let reader = member::Reader {
                shared: shared.clone(),
                channel: member.channel,
                place: member.place,
                lines: member.lines,
                view,
            };
            readers.push(AbortOnDropHandle::new(tokio::spawn(reader.read(read))));
        }

        sleep(warmup).await;
        let (cpu_before, begun) = (machine::cpu_seconds(&processes), Instant::now());
        shared.enter(Phase::Measured);
        sleep(measured).await;
        shared.enter(Phase::Over);
        let lasted = begun.elapsed();
        let cpu = machine::cpu_seconds(&processes).zip(cpu_before).map(|(after, before)| after - before);
        let memory = machine::resident(&processes);
        for flow in &shared.flows {
            flow.wake.notify_one();
        }
        let written = timeout(DRAINED_WITHIN, senders.join_all()).await;
        // Dropped, they would end the connections before everything has come.
        let sockets = written.context("senders cannot write any more")?;
        let drained = drain(&shared, &views).await;
        shared.enter(Phase::Drained);
        drop(sockets);
        let mut tally = Tally::default();
        for part in &shared.tallies {
            tally.merge(&part.lock());
        }
        let mut faults = drained;
        for (_, view) in &views {
            faults.add(&view.lock());
        }
        Ok(Outcome { tally, lasted, cpu, memory, faults })
    }
}

/// Waits until every channel's last acknowledged seq has reached all; what is missing then is lost.
async fn drain(shared: &Shared, views: &[(usize, Arc<Mutex<View>>)]) -> outcome::Faults {
    let deadline = Instant::now() + DRAINED_WITHIN;
    let senders = shared.scenario.senders;
    loop {
        let answered = shared.flows.iter().all(Flow::is_answered);
        let end = |channel: usize| {
            let flows = &shared.flows[channel * senders..(channel + 1) * senders];
            flows.iter().map(Flow::last_seq).max().unwrap_or_default()
        };
        let behind: u64 = views.iter().map(|(channel, view)| view.lock().behind(end(*channel))).sum();
        if answered && behind == 0 || Instant::now() > deadline {
            show_behind(views, end);
            let unanswered = shared.flows.iter().filter(|flow| !flow.is_answered()).count() as u64;
            return outcome::Faults { lost: behind, unanswered, ..Default::default() };
        }
        sleep(LOOK_EVERY).await;
    }
}

/// A few of those who have not seen everything, for whoever looks for the reason.
fn show_behind(views: &[(usize, Arc<Mutex<View>>)], end: impl Fn(usize) -> u64) {
    const SHOWN: usize = 5;
    let behind = views.iter().filter(|(channel, view)| view.lock().behind(end(*channel)) > 0);
    for (channel, view) in behind.take(SHOWN) {
        let end = end(*channel);
        let view = view.lock();
        eprintln!("in channel {channel}, which is at {end}, a member misses {}: {view:?}", view.behind(end));
    }
}

/// Everybody with a nick and in their channel, in the order of the channels.
async fn arrive(address: SocketAddr, scenario: &'static Scenario) -> anyhow::Result<Vec<Member>> {
    let run: String = (0..4).map(|_| char::from(rand::rng().random_range(b'a'..=b'z'))).collect();
    let mut members = Vec::with_capacity(scenario.people());
    let mut arriving = JoinSet::new();
    for number in 0..scenario.people() {
        if arriving.len() == ARRIVING {
            members.push(arrived(&mut arriving).await?);
        }
        let (channel, place) = (number / scenario.members, number % scenario.members);
        let (nick, name) = (format!("{run}{number}"), format!("#{run}-{channel}"));
        arriving.spawn(async move {
            let arrival = timeout(ARRIVES_WITHIN, Member::arrives(address, &nick, &name, (channel, place)));
            arrival.await.with_context(|| format!("{nick} did not get in within {ARRIVES_WITHIN:?}"))?
        });
    }
    while !arriving.is_empty() {
        members.push(arrived(&mut arriving).await?);
    }
    Ok(members)
}

async fn arrived(arriving: &mut JoinSet<anyhow::Result<Member>>) -> anyhow::Result<Member> {
    let member = arriving.join_next().await.context("nobody arrives")?;
    member?
        .context("is the limit of open files (ulimit -n) above the number of people, here and at the server?")
}

/// Shared by readers and report.
pub(crate) type Times = Histogram;
