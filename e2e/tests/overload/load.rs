use std::{
    fmt,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use e2e::{Line, fresh};
use tokio::time::{Instant, sleep_until};
use tokio_util::task::AbortOnDropHandle;

/// Below this, a time says more about the machine's scheduler than about us.
const JITTER: Duration = Duration::from_millis(10);

/// What became of a load.
#[derive(Debug, Default)]
pub(crate) struct Answered {
    /// The text, and how long its answer took.
    pub(crate) accepted: Vec<(String, Duration)>,
    pub(crate) refused: Vec<(u16, Duration)>,
}

impl Answered {
    pub(crate) fn accepted(text: String, took: Duration) -> Self {
        Self { accepted: vec![(text, took)], refused: Vec::new() }
    }

    pub(crate) fn refused(status: u16, took: Duration) -> Self {
        Self { accepted: Vec::new(), refused: vec![(status, took)] }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.accepted.extend(other.accepted);
        self.refused.extend(other.refused);
    }

    #[must_use]
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.add(other);
        self
    }

    pub(crate) fn all(&self) -> usize {
        self.accepted.len() + self.refused.len()
    }

    pub(crate) fn texts(&self) -> impl Iterator<Item = &String> {
        self.accepted.iter().map(|(text, _)| text)
    }

    /// What 99 of 100 accepted ones took at most.
    pub(crate) fn p99(&self) -> Duration {
        let mut took: Vec<Duration> = self.accepted.iter().map(|(_, took)| *took).collect();
        took.sort_unstable();
        took.get(took.len() * 99 / 100).copied().unwrap_or_default()
    }
}

/// Usual load and twice the load in turn, so that whatever else the machine does falls on both.
#[derive(Debug, Default)]
pub(crate) struct Rounds {
    pub(crate) usual: Answered,
    pub(crate) twice: Answered,
    slower: Vec<f64>,
}

impl Rounds {
    pub(crate) fn add(&mut self, usual: Answered, twice: Answered) {
        println!("usual {usual}; twice that: {twice}");
        let p99 = |answered: &Answered| answered.p99().max(JITTER).as_secs_f64();
        self.slower.push(p99(&twice) / p99(&usual));
        self.usual.add(usual);
        self.twice.add(twice);
    }

    /// In the middle round.
    pub(crate) fn assert_accepted_are_as_fast_as_ever(&self) {
        let mut slower = self.slower.clone();
        slower.sort_by(f64::total_cmp);
        assert!(slower[slower.len() / 2] <= 2.0, "accepted sends took so many times as long: {slower:.1?}");
    }

    /// Something was too much, and was told so.
    pub(crate) fn assert_the_rest_was_refused(&self) {
        assert!(self.usual.refused.is_empty(), "the usual load is taken: {}", self.usual);
        assert!(
            self.twice.refused.len() * 4 > self.twice.all(),
            "hardly anything was refused: {}",
            self.twice
        );
    }
}

impl fmt::Display for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accepted, refused } = self;
        write!(f, "{} accepted with p99 {:?}, {} refused", accepted.len(), self.p99(), refused.len())
    }
}

/// One person at a terminal who types on and on.
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    pub(crate) channel: String,
    /// Lines a second.
    pub(crate) each: f64,
    pub(crate) lasting: Duration,
}

impl Load {
    pub(crate) async fn types(self) -> Answered {
        let nick = fresh("typist");
        let mut line = Line::connect(self.address).await.called(&nick);
        line.does(&format!("/nick {nick}")).await;
        line.does(&format!("/join {}", self.channel)).await;
        let (begun, mut answered) = (Instant::now(), Answered::default());
        for n in 0..(self.each * self.lasting.as_secs_f64()) as u32 {
            let due = begun + Duration::from_secs_f64(f64::from(n) / self.each);
            sleep_until(due).await;
            let text = fresh("typed");
            let reply = line.asks(&text).await;
            let took = due.elapsed();
            match reply.code() {
                201 => answered.add(Answered::accepted(text, took)),
                code @ (429 | 503) => answered.add(Answered::refused(code, took)),
                _ => panic!("{text:?} was answered {reply:?}"),
            }
        }
        answered
    }
}

/// What a process takes of the memory, while it is looked at.
pub(crate) struct Memory {
    before: u64,
    most: Arc<AtomicU64>,
    _watch: AbortOnDropHandle<()>,
}

impl Memory {
    pub(crate) fn watch(process: u32) -> Self {
        const EVERY: Duration = Duration::from_millis(50);
        let before = resident(process);
        let most = Arc::new(AtomicU64::new(before));
        let highest = most.clone();
        let watch = tokio::spawn(async move {
            loop {
                highest.fetch_max(resident(process), Ordering::Relaxed);
                tokio::time::sleep(EVERY).await;
            }
        });
        Self { before, most, _watch: AbortOnDropHandle::new(watch) }
    }

    /// Bytes, at the highest.
    pub(crate) fn grown(&self) -> u64 {
        self.most.load(Ordering::Relaxed).saturating_sub(self.before)
    }
}

/// Resident bytes; the tests run on Linux.
fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: Option<u64> = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kib.unwrap_or_default() * 1024
}
