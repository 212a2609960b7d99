use std::collections::HashSet;

/// What one member has seen of its channel: each seq once and in order, or how not.
#[derive(Debug, Default)]
pub(crate) struct View {
    next: u64,
    missing: HashSet<u64>,
    pub(super) duplicated: u64,
    pub(super) disordered: u64,
}

impl View {
    /// Everything from this seq on is to be seen.
    pub(super) fn from(next: u64) -> Self {
        Self { next, ..Self::default() }
    }

    /// An event, or the acknowledgement of its own.
    pub(super) fn sees(&mut self, seq: u64) {
        if seq == self.next {
            self.next += 1;
        } else if seq > self.next {
            self.missing.extend(self.next..seq);
            self.next = seq + 1;
        } else if self.missing.remove(&seq) {
            self.disordered += 1;
        } else {
            self.duplicated += 1;
        }
    }

    /// Its own message as an event: it was told `503`, and the message was stored all the same. Known late, shown late.
    pub(super) fn sees_its_own(&mut self, seq: u64) {
        if !self.missing.remove(&seq) {
            self.sees(seq);
        }
    }

    /// How many up to this seq it has not seen.
    pub(super) fn behind(&self, end: u64) -> u64 {
        self.missing.len() as u64 + (end + 1).saturating_sub(self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(seqs: &[u64]) -> (u64, u64, u64) {
        let mut view = View::from(5);
        for &seq in seqs {
            view.sees(seq);
        }
        (view.behind(8), view.duplicated, view.disordered)
    }

    #[test]
    fn loss_duplicates_and_disorder_are_told_apart() {
        assert_eq!(seen(&[5, 6, 7, 8]), (0, 0, 0));
        assert_eq!(seen(&[5, 7, 8]), (1, 0, 0));
        assert_eq!(seen(&[5, 6, 7]), (1, 0, 0));
        assert_eq!(seen(&[5, 6, 6, 7, 8]), (0, 1, 0));
        assert_eq!(seen(&[5, 7, 6, 8]), (0, 0, 1));
    }
}
