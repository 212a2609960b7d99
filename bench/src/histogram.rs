use std::time::Duration;

/// Each power of two in so many parts: a time is known to 3 per cent.
const PARTS: u64 = 32;
const BUCKETS: usize = (64 * PARTS) as usize;

/// Times, counted by size.
#[derive(Clone)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], total: 0 }
    }
}

impl Histogram {
    pub(crate) fn add(&mut self, nanos: u64) {
        self.counts[bucket(nanos)] += 1;
        self.total += 1;
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.total += other.total;
        for (count, other) in self.counts.iter_mut().zip(&other.counts) {
            *count += other;
        }
    }

    /// Not above it are so many of 100.
    pub(crate) fn percentile(&self, percent: f64) -> Duration {
        let rank = (self.total as f64 * percent / 100.0).ceil().max(1.0) as u64;
        let mut below = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            below += count;
            if below >= rank {
                return Duration::from_nanos(upper(bucket));
            }
        }
        Duration::ZERO
    }
}

fn bucket(nanos: u64) -> usize {
    let nanos = nanos.max(PARTS);
    let exponent = u64::from(nanos.ilog2());
    let part = (nanos >> (exponent - 5)) - PARTS;
    (exponent * PARTS + part) as usize
}

fn upper(bucket: usize) -> u64 {
    let (exponent, part) = (bucket as u64 / PARTS, bucket as u64 % PARTS);
    (part + PARTS + 1).checked_shl(exponent.saturating_sub(5) as u32).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_known_to_three_per_cent() {
        let mut histogram = Histogram::default();
        for micros in 1..=10_000u64 {
            histogram.add(micros * 1000);
        }
        for percent in [50.0, 90.0, 99.0, 100.0] {
            let exact = percent * 100_000.0;
            let told = histogram.percentile(percent).as_nanos() as f64;
            assert!((told / exact - 1.0).abs() < 0.035, "{percent}: {told} for {exact}");
        }
        assert_eq!(Histogram::default().percentile(99.0), Duration::ZERO);
    }
}
