use std::{fmt, time::Duration};

use super::{Times, view::View};

/// What is counted while it is measured.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) acknowledged: u64,
    pub(crate) delivered: u64,
    pub(crate) refused: u64,
    /// From the send to its `201`.
    pub(crate) acknowledgements: Times,
    /// From the send to each member's event.
    pub(crate) deliveries: Times,
}

impl Tally {
    pub(super) fn merge(&mut self, other: &Self) {
        self.acknowledged += other.acknowledged;
        self.delivered += other.delivered;
        self.refused += other.refused;
        self.acknowledgements.merge(&other.acknowledgements);
        self.deliveries.merge(&other.deliveries);
    }
}

/// What must not be.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Faults {
    pub(crate) lost: u64,
    pub(crate) duplicated: u64,
    pub(crate) disordered: u64,
    /// Senders that wait for an answer to the end.
    pub(crate) unanswered: u64,
}

impl Faults {
    pub(super) fn add(&mut self, view: &View) {
        self.duplicated += view.duplicated;
        self.disordered += view.disordered;
    }

    pub(crate) fn sum(&self) -> u64 {
        self.lost + self.duplicated + self.disordered + self.unanswered
    }
}

/// What a run came to.
pub(crate) struct Outcome {
    pub(crate) tally: Tally,
    pub(super) lasted: Duration,
    pub(super) cpu: Option<f64>,
    pub(crate) memory: Option<u64>,
    pub(crate) faults: Faults,
}

/// Of several runs, by the sends; there is at least one.
pub(crate) fn middle(outcomes: &[Outcome]) -> &Outcome {
    let mut sorted: Vec<&Outcome> = outcomes.iter().collect();
    sorted.sort_by(|one, other| one.sends_per_second().total_cmp(&other.sends_per_second()));
    sorted[sorted.len() / 2]
}

impl Outcome {
    pub(crate) fn sends_per_second(&self) -> f64 {
        self.tally.acknowledged as f64 / self.lasted.as_secs_f64()
    }

    pub(crate) fn deliveries_per_second(&self) -> f64 {
        self.tally.delivered as f64 / self.lasted.as_secs_f64()
    }

    /// The server's CPU seconds for a million deliveries, or of sends where nobody listens.
    pub(crate) fn cpu_per_million(&self) -> Option<f64> {
        let done = if self.tally.delivered > 0 { self.tally.delivered } else { self.tally.acknowledged };
        self.cpu.map(|cpu| cpu / done.max(1) as f64 * 1e6)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ack, delivery) = (&self.tally.acknowledgements, &self.tally.deliveries);
        write!(
            f,
            "{:.0} sends/s (p50 {:.1?}, p99 {:.1?}), {:.0} deliveries/s (p50 {:.1?}, p99 {:.1?}), {} refused, {:?}",
            self.sends_per_second(),
            ack.percentile(50.0),
            ack.percentile(99.0),
            self.deliveries_per_second(),
            delivery.percentile(50.0),
            delivery.percentile(99.0),
            self.tally.refused,
            self.faults,
        )
    }
}
