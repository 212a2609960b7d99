//! When a gateway counts as gone.

use std::time::Duration;

use api::{Timestamp, users::LeaseState};

/// One gateway's lease; times are the database's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    pub renewed_at: Timestamp,
    pub draining_since: Option<Timestamp>,
}

/// How long a lease holds.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// Without a renewal.
    pub lapse: Duration,
    /// Once it drains, renewed or not.
    pub drain: Duration,
    /// Renewals count as accepted while this service shows a sign of life at least this often.
    pub silence: Duration,
}

impl Held {
    pub fn state(self) -> LeaseState {
        if self.draining_since.is_some() { LeaseState::Draining } else { LeaseState::Active }
    }

    /// When it lapses, if renewals have been accepted since `accepting_since` and are all along: while they could not be, a gateway's
    /// silence proves nothing.
    pub fn lapses_at(self, accepting_since: Timestamp, terms: Terms) -> Timestamp {
        match self.draining_since {
            Some(since) => since.max(accepting_since).plus(terms.drain),
            None => self.renewed_at.max(accepting_since).plus(terms.lapse),
        }
    }
}

/// Since when renewals are accepted, seen at `now` after the last sign of life at `seen_at`.
pub fn accepting_since(since: Timestamp, seen_at: Timestamp, now: Timestamp, terms: Terms) -> Timestamp {
    if now.since(seen_at) > terms.silence || seen_at > now { now } else { since }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: Terms = Terms {
        lapse: Duration::from_secs(15),
        drain: Duration::from_secs(30),
        silence: Duration::from_secs(3),
    };

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1_000_000)
    }

    #[test]
    fn silence_counts_only_while_renewals_were_accepted() {
        let held = Held { renewed_at: at(100), draining_since: None };
        assert_eq!(held.lapses_at(at(0), TERMS), at(115));
        // The service itself was away until 112: the gateway had no chance.
        assert_eq!(held.lapses_at(at(112), TERMS), at(127));
    }

    #[test]
    fn a_draining_gateway_goes_however_it_renews() {
        let held = Held { renewed_at: at(129), draining_since: Some(at(100)) };
        assert_eq!(held.lapses_at(at(0), TERMS), at(130));
    }

    #[test]
    fn a_gap_in_the_signs_of_life_begins_the_count_anew() {
        assert_eq!(accepting_since(at(5), at(99), at(100), TERMS), at(5));
        assert_eq!(accepting_since(at(5), at(97), at(100), TERMS), at(5));
        assert_eq!(accepting_since(at(5), at(96), at(100), TERMS), at(100));
        assert_eq!(
            accepting_since(at(5), at(200), at(100), TERMS),
            at(100),
            "the database's clock was set back"
        );
    }
}
