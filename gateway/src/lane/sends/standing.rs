//! Tells a queue that stands from one that a burst or a slow moment has filled, as CoDel does (RFC 8289, section 5): not by how
//! long it is, but by how long its first has waited, again and again.

use std::time::{Duration, Instant};

/// Waiting that lasts so long is no burst: more comes than goes.
const LASTING: Duration = Duration::from_millis(500);

/// What is known of the queue.
pub(super) struct Standing {
    /// How long one may wait in a queue that stands.
    wait: Duration,
    /// Since when the first in the queue has waited for longer than that, whenever one was looked at.
    since: Option<Instant>,
}

impl Standing {
    pub(super) fn new(wait: Duration) -> Self {
        Self { wait, since: None }
    }

    /// Asked before each batch leaves, with the arrival of the first in the queue: those that arrived before the answer's time will
    /// not be answered in time, and make those behind them late as well.
    pub(super) fn too_early(&mut self, first: Option<Instant>, now: Instant) -> Option<Instant> {
        let late = first.is_some_and(|first| now.duration_since(first) > self.wait);
        let since = if late { *self.since.get_or_insert(now) } else { return self.ends() };
        (now.duration_since(since) >= LASTING).then(|| now.checked_sub(self.wait)).flatten()
    }

    fn ends(&mut self) -> Option<Instant> {
        self.since = None;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_millis(100);
    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn who_waits_no_longer_than_allowed_is_never_too_early() {
        let (mut standing, begun) = (Standing::new(WAIT), Instant::now());
        for n in 1..100 {
            let now = begun + n * 50 * MS;
            assert_eq!(standing.too_early(Some(now - WAIT), now), None);
        }
    }

    #[test]
    fn a_burst_may_wait_for_longer_and_what_lasts_may_not() {
        let (mut standing, begun) = (Standing::new(WAIT), Instant::now());
        let first = |now: Instant| Some(now - WAIT - MS);
        assert_eq!(standing.too_early(first(begun), begun), None);
        let almost = begun + LASTING - MS;
        assert_eq!(standing.too_early(first(almost), almost), None);
        let lasted = begun + LASTING;
        assert_eq!(standing.too_early(first(lasted), lasted), Some(lasted - WAIT));
        let still = lasted + 20 * MS;
        assert_eq!(standing.too_early(first(still), still), Some(still - WAIT));
    }

    #[test]
    fn a_queue_that_went_down_begins_anew() {
        let (mut standing, begun) = (Standing::new(WAIT), Instant::now());
        let first = |now: Instant| Some(now - WAIT - MS);
        assert_eq!(standing.too_early(first(begun), begun), None);
        let down = begun + 400 * MS;
        assert_eq!(standing.too_early(None, down), None);
        let again = begun + LASTING + MS;
        assert_eq!(standing.too_early(first(again), again), None);
    }
}
