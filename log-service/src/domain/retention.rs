use std::time::Duration;

use api::Timestamp;

/// How much is kept. Whatever is passed first makes the oldest go.
#[derive(Debug, Clone, Copy)]
pub struct Keep {
    pub age: Duration,
    pub records: u64,
    pub bytes: u64,
}

/// What is stored in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    pub records: u64,
    pub bytes: u64,
}

/// One of the oldest records.
#[derive(Debug, Clone, Copy)]
pub struct Oldest {
    pub id: i64,
    /// When it was stored. Not when it was logged: a clock that is wrong elsewhere must not make records go, or stay for ever.
    pub received: Timestamp,
    pub bytes: u64,
}

/// How many of the oldest go; `oldest` is in the order in which they were stored.
pub fn how_many_go(oldest: &[Oldest], stored: Stored, keep: &Keep, now: Timestamp) -> usize {
    let mut left = stored;
    let goes = |record: &&Oldest| {
        let goes =
            left.records > keep.records || left.bytes > keep.bytes || now.since(record.received) > keep.age;
        left.records = left.records.saturating_sub(1);
        left.bytes = left.bytes.saturating_sub(record.bytes);
        goes
    };
    oldest.iter().take_while(goes).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000_000);
    const AMPLE: Keep = Keep { age: Duration::from_secs(1000), records: 1000, bytes: 100_000 };

    /// Stored 10 s, 9 s, … 1 s ago, 100 bytes each.
    fn ten() -> Vec<Oldest> {
        let received = |id: i64| NOW.minus(Duration::from_secs(11 - id.unsigned_abs()));
        (1..=10).map(|id| Oldest { id, received: received(id), bytes: 100 }).collect()
    }

    fn go(keep: Keep) -> usize {
        how_many_go(&ten(), Stored { records: 10, bytes: 1000 }, &keep, NOW)
    }

    #[test]
    fn nothing_goes_before_a_limit_is_passed() {
        assert_eq!(go(AMPLE), 0);
        assert_eq!(go(Keep { records: 10, ..AMPLE }), 0);
        assert_eq!(go(Keep { bytes: 1000, ..AMPLE }), 0);
        assert_eq!(go(Keep { age: Duration::from_secs(10), ..AMPLE }), 0);
    }

    #[test]
    fn the_oldest_go_until_what_is_left_fits() {
        assert_eq!(go(Keep { records: 9, ..AMPLE }), 1);
        assert_eq!(go(Keep { records: 0, ..AMPLE }), 10);
        assert_eq!(go(Keep { bytes: 999, ..AMPLE }), 1);
        assert_eq!(go(Keep { bytes: 650, ..AMPLE }), 4);
        assert_eq!(go(Keep { age: Duration::from_millis(9_500), ..AMPLE }), 1);
        assert_eq!(go(Keep { age: Duration::ZERO, ..AMPLE }), 10);
    }
}
