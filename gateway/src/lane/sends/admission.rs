//! How many sends may be on their way. While the disk keeps up: as many as there are places. While more come than it takes: as many
//! as it takes in half the time that a send may wait (Little's law), so that those accepted are answered in time and the rest are told
//! at once. Overload is told from a burst as CoDel does it (RFC 8289, section 5): not by how long the queue is, but by how long its first
//! has waited, again and again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

/// Waiting that lasts so long is no burst (RFC 8289's interval: the worst that a good queue needs to go down).
const LASTING: Duration = Duration::from_millis(100);
/// The rate is looked at so often: several batches, so that one slow commit is not taken for it. Overload of which nobody was told
/// for so long is over.
const WINDOW: Duration = Duration::from_millis(500);
/// How much of the time that a send may wait is given away in overload: the rest is for what takes longer than usual.
const FILL: f64 = 0.5;
/// After a window in which nobody was late more are let in, until the longest wait is so much of what it may be: else overload would
/// stay for as long as anybody tries again at once, though there is room for all of them.
const ENOUGH: f64 = 0.8;
/// How many times as many at once: the rate is that of fewer people.
const MOST_GROWTH: f64 = 2.0;
/// So many are always let in. They fit into one batch, which takes about as long as a small one: fewer would be answered no sooner.
/// Without it, a way that is slow for everybody would be taken for a low rate, fewer let in for that, and the rate be lower still.
const FEWEST: usize = 256;

/// The places.
pub(super) struct Admission {
    taken: AtomicUsize,
    allowed: AtomicUsize,
    turned_away: AtomicU64,
}

/// One of them, until it is dropped.
pub(crate) struct Place(Arc<Admission>);

impl Admission {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            taken: AtomicUsize::new(0),
            allowed: AtomicUsize::new(most),
            turned_away: AtomicU64::new(0),
        })
    }

    pub(super) fn place(self: &Arc<Self>) -> Option<Place> {
        let allowed = self.allowed.load(Relaxed);
        let taken = self.taken.fetch_update(Relaxed, Relaxed, |taken| (taken < allowed).then_some(taken + 1));
        if taken.is_err() {
            self.turned_away.fetch_add(1, Relaxed);
            metrics::counter!("gateway_sends_turned_away_total").increment(1);
        }
        taken.is_ok().then(|| Place(self.clone()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Relaxed);
    }
}

/// Watches the queue, and sets how many are allowed.
pub(super) struct Watch {
    admission: Arc<Admission>,
    most: usize,
    /// How long a send may wait in overload.
    wait: Duration,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    Calm,
    /// The first in the queue has waited for too long, whenever one was looked at.
    Late(Window),
    Overloaded {
        window: Window,
        turned_away: u64,
        /// How long the first in the queue had waited, whenever one was looked at, at most.
        longest: Duration,
    },
}

/// What has landed since when.
#[derive(Clone, Copy)]
struct Window {
    since: Instant,
    landed: usize,
}

impl Watch {
    pub(super) fn new(admission: Arc<Admission>, most: usize, wait: Duration) -> Self {
        Self { admission, most, wait, state: State::Calm }
    }

    /// A batch has landed, and the next is to leave; `first` is when the first in the queue arrived. Gives the time before which
    /// nobody in the queue may have arrived: they are late, and would make those behind them late as well.
    pub(super) fn landed(&mut self, count: usize, first: Option<Instant>, now: Instant) -> Option<Instant> {
        let waited = first.map(|first| now.duration_since(first)).unwrap_or_default();
        let opened = Window { since: now, landed: 0 };
        self.state = match self.state {
            State::Calm | State::Late(_) if waited <= self.wait => State::Calm,
            State::Calm => State::Late(opened),
            State::Late(window) => {
                let window = window.with(count);
                if window.lasts(LASTING, now) {
                    self.overloaded(self.in_time(window, now), opened)
                } else {
                    State::Late(window)
                }
            }
            State::Overloaded { window, turned_away, longest } => {
                let (window, longest) = (window.with(count), longest.max(waited));
                if !window.lasts(WINDOW, now) {
                    State::Overloaded { window, turned_away, longest }
                } else if longest > self.wait {
                    self.overloaded(self.in_time(window, now), opened)
                } else if self.admission.turned_away.load(Relaxed) == turned_away {
                    State::Calm
                } else {
                    self.overloaded(self.in_time(window, now).max(self.more(longest)), opened)
                }
            }
        };
        if matches!(self.state, State::Calm) {
            self.admission.allowed.store(self.most, Relaxed);
        }
        matches!(self.state, State::Overloaded { .. }).then(|| now.checked_sub(self.wait)).flatten()
    }

    fn overloaded(&self, allowed: f64, window: Window) -> State {
        self.admission.allowed.store((allowed as usize).clamp(FEWEST.min(self.most), self.most), Relaxed);
        let turned_away = self.admission.turned_away.load(Relaxed);
        State::Overloaded { window, turned_away, longest: Duration::ZERO }
    }

    /// As many as are answered in time, at the rate of a window (Little's law).
    fn in_time(&self, window: Window, now: Instant) -> f64 {
        window.landed as f64 * self.wait.as_secs_f64() * FILL / now.duration_since(window.since).as_secs_f64()
    }

    /// As many as would not wait for too long, if it is their number that makes them wait.
    fn more(&self, longest: Duration) -> f64 {
        let growth = self.wait.as_secs_f64() * ENOUGH / longest.as_secs_f64();
        self.admission.allowed.load(Relaxed) as f64 * growth.clamp(1.0, MOST_GROWTH)
    }
}

impl Window {
    fn with(self, count: usize) -> Self {
        Self { landed: self.landed + count, ..self }
    }

    fn lasts(self, time: Duration, now: Instant) -> bool {
        now.duration_since(self.since) >= time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_millis(100);
    const MS: Duration = Duration::from_millis(1);
    const MOST: usize = 100 * FEWEST;

    struct Lane {
        admission: Arc<Admission>,
        watch: Watch,
        now: Instant,
    }

    impl Lane {
        fn new() -> Self {
            let admission = Admission::new(MOST);
            Self { watch: Watch::new(admission.clone(), MOST, WAIT), admission, now: Instant::now() }
        }

        /// So many land after so long, while the first in the queue has waited; whether those are turned away.
        fn lands(&mut self, after: Duration, count: usize, waited: Duration) -> bool {
            self.now += after;
            let too_early = self.watch.landed(count, self.now.checked_sub(waited), self.now);
            assert!(too_early.is_none_or(|too_early| too_early == self.now - WAIT));
            too_early.is_some()
        }

        fn allowed(&self) -> usize {
            let places: Vec<_> = std::iter::from_fn(|| self.admission.place()).take(MOST + 1).collect();
            places.len()
        }
    }

    #[test]
    fn who_waits_no_longer_than_allowed_is_no_overload() {
        let mut lane = Lane::new();
        for _ in 0..100 {
            assert!(!lane.lands(50 * MS, 10, WAIT));
        }
        assert_eq!(lane.allowed(), MOST);
    }

    #[test]
    fn a_burst_may_wait_for_longer_and_what_lasts_may_not() {
        let mut lane = Lane::new();
        assert!(!lane.lands(MS, 1000, WAIT + MS));
        assert!(!lane.lands(LASTING - MS, 1000, WAIT + MS));
        assert_eq!(lane.allowed(), MOST);
        assert!(lane.lands(MS, 1000, WAIT + MS));
        // 2,000 have landed in a tenth of a second, which is as long as a send may wait: half of them are let in.
        assert_eq!(lane.allowed(), 1000);
    }

    #[test]
    fn a_queue_that_went_down_begins_anew() {
        let mut lane = Lane::new();
        assert!(!lane.lands(MS, 10, WAIT + MS));
        assert!(!lane.lands(LASTING - MS, 10, WAIT));
        assert!(!lane.lands(2 * MS, 10, WAIT + MS));
        assert!(!lane.lands(LASTING - MS, 10, WAIT + MS));
    }

    #[test]
    fn overload_follows_the_rate_and_ends_when_nobody_was_turned_away() {
        let mut lane = Lane::new();
        lane.lands(MS, 0, WAIT + MS);
        lane.lands(LASTING, 2000, WAIT + MS);
        assert_eq!(lane.allowed(), 1000);
        // Somebody was turned away just now; in this window twice as many land.
        lane.lands(WINDOW, 20_000, MS);
        assert_eq!(lane.allowed(), 2000);
        lane.lands(WINDOW, 10_000, MS);
        let held = lane.admission.place();
        assert!(held.is_some());
        lane.lands(WINDOW, 10_000, MS);
        assert_eq!(lane.allowed(), MOST - 1);
    }

    #[test]
    fn more_are_let_in_while_nobody_is_late_though_some_try_again_at_once() {
        let mut lane = Lane::new();
        lane.lands(MS, 0, WAIT + MS);
        lane.lands(LASTING, 8000, WAIT + MS);
        let mut allowed = Vec::new();
        for waited in [MS, 50 * MS, 90 * MS, 100 * MS] {
            allowed.push(lane.allowed());
            lane.lands(WINDOW, 10_000, waited);
        }
        // Twice as many at most, and no more when they wait for long enough.
        assert_eq!(allowed, [4000, 8000, 12_800, 12_800]);
        assert_eq!(lane.allowed(), 12_800);
        // Once too long is enough to begin anew.
        lane.lands(MS, 0, WAIT + MS);
        lane.lands(WINDOW, 10_000, MS);
        assert_eq!(lane.allowed(), 998);
    }

    #[test]
    fn a_slow_way_does_not_make_it_ever_slower() {
        let mut lane = Lane::new();
        lane.lands(MS, 0, WAIT + MS);
        for _ in 0..10 {
            let landed = lane.allowed();
            lane.lands(4 * WINDOW, landed, WAIT + MS);
        }
        assert_eq!(lane.allowed(), FEWEST);
    }

    #[test]
    fn a_place_is_given_back() {
        let admission = Admission::new(1);
        let place = admission.place();
        assert!(place.is_some() && admission.place().is_none());
        drop(place);
        assert!(admission.place().is_some());
    }
}
