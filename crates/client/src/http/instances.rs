//! The instances of one service: its name's addresses, which of them is asked next, and which is left in peace for a while.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use parking_lot::Mutex;
use rand::RngExt;
use reqwest::Url;
use tokio::{net::lookup_host, time::Instant};

/// How often the name is looked up: what comes or goes is known after it at the latest.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// Requests in a row that an instance leaves without an answer before it is left in peace.
const FAILURES: u32 = 3;
/// For how long, and at most as long again by chance, so that not all come back at once. Then one request finds out.
const PEACE: Duration = Duration::from_secs(1);

pub(super) struct Instances {
    base: Url,
    known: Mutex<Known>,
}

struct Known {
    instances: Vec<Arc<Instance>>,
    looked: Option<Instant>,
    /// Where the search for the least busy begins: those who are equally busy take turns.
    turn: usize,
}

/// One of them.
pub(super) struct Instance {
    pub url: Url,
    /// Requests that it has in hand, of ours.
    busy: AtomicUsize,
    failures: AtomicU32,
    in_peace_until: Mutex<Option<Instant>>,
}

/// An instance with a request of ours in hand.
pub(super) struct Asked(pub Arc<Instance>);

impl Drop for Asked {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Relaxed);
    }
}

impl Instances {
    pub(super) fn new(base: Url) -> Arc<Self> {
        let known = Known { instances: Vec::new(), looked: None, turn: 0 };
        Arc::new(Self { base, known: Mutex::new(known) })
    }

    /// The one to ask next, another than `before` if there is one.
    pub(super) async fn next(self: &Arc<Self>, before: Option<&Asked>) -> Asked {
        if self.is_time_to_look() {
            if self.known.lock().instances.is_empty() {
                self.look().await;
            } else {
                // Nobody waits for a name server as long as somebody is known.
                let instances = self.clone();
                tokio::spawn(async move { instances.look().await });
            }
        }
        self.known.lock().pick(&self.base, before)
    }

    /// Whether there is anybody else to ask.
    pub(super) fn has_others(&self) -> bool {
        self.known.lock().instances.len() > 1
    }

    fn is_time_to_look(&self) -> bool {
        let mut known = self.known.lock();
        let now = Instant::now();
        let due = known.looked.is_none_or(|looked| now.saturating_duration_since(looked) >= LOOK_AGAIN);
        if due {
            known.looked = Some(now);
        }
        due
    }

    async fn look(&self) {
        let urls = match addresses(&self.base).await {
            Ok(addresses) => addresses.iter().filter_map(|address| at(&self.base, address)).collect(),
            Err(error) => {
                tracing::debug!(host = self.base.host_str(), error = %error, "a name has no address");
                return;
            }
        };
        self.known.lock().replace(urls);
    }
}

impl Known {
    /// Those who stay keep what is known of them.
    fn replace(&mut self, urls: Vec<Url>) {
        let before = std::mem::take(&mut self.instances);
        let kept = |url: &Url| before.iter().find(|instance| instance.url == *url).cloned();
        self.instances =
            urls.into_iter().map(|url| kept(&url).unwrap_or_else(|| Instance::new(url))).collect();
    }

    /// The least busy of those who answer; if none does, whoever was left in peace the longest.
    fn pick(&mut self, base: &Url, before: Option<&Asked>) -> Asked {
        let now = Instant::now();
        self.turn = self.turn.wrapping_add(1);
        let count = self.instances.len();
        let others = (0..count)
            .map(|place| &self.instances[(self.turn + place) % count])
            .filter(|instance| before.is_none_or(|before| count == 1 || !Arc::ptr_eq(&before.0, instance)));
        let least = others.min_by_key(|instance| (instance.peace(now), instance.busy.load(Relaxed)));
        // Without an address: the name itself, and what comes of it.
        let instance = least.cloned().unwrap_or_else(|| Instance::new(base.clone()));
        instance.found_out(now);
        instance.busy.fetch_add(1, Relaxed);
        Asked(instance)
    }
}

impl Instance {
    fn new(url: Url) -> Arc<Self> {
        Arc::new(Self {
            url,
            busy: AtomicUsize::new(0),
            failures: AtomicU32::new(0),
            in_peace_until: Mutex::new(None),
        })
    }

    /// Zero for one that may be asked.
    fn peace(&self, now: Instant) -> Duration {
        self.in_peace_until.lock().map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }

    /// Whoever asks it after its time of peace asks alone, until that is answered.
    fn found_out(&self, now: Instant) {
        let mut until = self.in_peace_until.lock();
        if until.is_some_and(|until| until <= now) {
            *until = Some(now + PEACE);
        }
    }

    /// It answered, whatever it said.
    pub(super) fn answered(&self) {
        if self.failures.swap(0, Relaxed) >= FAILURES {
            tracing::info!(instance = %self.url, "an instance answers again");
            *self.in_peace_until.lock() = None;
        }
    }

    /// It did not; `nobody`: there is not even somebody who listens.
    pub(super) fn failed(&self, nobody: bool) {
        let more = if nobody { FAILURES } else { 1 };
        let failures = self.failures.fetch_add(more, Relaxed) + more;
        if failures < FAILURES {
            return;
        }
        if failures - more < FAILURES {
            tracing::warn!(instance = %self.url, "an instance does not answer and is left in peace");
        }
        let extra = PEACE.mul_f64(rand::rng().random());
        *self.in_peace_until.lock() = Some(Instant::now() + PEACE + extra);
    }
}

/// What the name stands for now. Over TLS the name is what the certificate is about: whoever answers to it sees to the rest.
async fn addresses(base: &Url) -> std::io::Result<Vec<SocketAddr>> {
    let (Some(host), Some(port), "http") = (base.host_str(), base.port_or_known_default(), base.scheme())
    else {
        return Ok(Vec::new());
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let mut addresses: Vec<_> = lookup_host((host, port)).await?.collect();
    addresses.sort_unstable();
    addresses.dedup();
    Ok(addresses)
}

#[cfg(test)]
impl Instances {
    /// Those, instead of whoever the name stands for.
    pub(super) fn are(&self, urls: Vec<Url>) {
        let mut known = self.known.lock();
        known.replace(urls);
        known.looked = Some(Instant::now() + Duration::from_secs(3600));
    }
}

fn at(base: &Url, address: &SocketAddr) -> Option<Url> {
    let mut url = base.clone();
    url.set_ip_host(address.ip()).ok()?;
    url.set_port(Some(address.port())).ok()?;
    Some(url)
}
