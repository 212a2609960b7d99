use std::collections::{BTreeSet, HashSet};

use crate::recorder::{Connection, Fault, Target};

/// What one client was shown of one conversation.
#[derive(Default)]
pub(super) struct View {
    pub(super) from: Option<u64>,
    pub(super) seen: BTreeSet<u64>,
    last: u64,
    /// In the histories that were asked for.
    read: BTreeSet<u64>,
    /// Where the history that is being read has come to.
    read_to: u64,
    /// A direct conversation before its resume is through: what came between the login and the resume stands before
    /// what was missed, and is shown once more in its place. These came once so far.
    pub(super) resuming: Option<HashSet<u64>>,
}

impl View {
    /// A new connection shows what comes after this.
    pub(super) fn follows(&mut self, after: u64, again: bool) {
        self.from.get_or_insert(after);
        self.resuming = again.then(HashSet::new);
        self.read_to = after;
    }

    pub(super) fn knows(&self, seq: u64) -> bool {
        self.seen.contains(&seq) || self.read.contains(&seq)
    }

    pub(super) fn last_known(&self) -> Option<u64> {
        self.seen.last().max(self.read.last()).copied()
    }

    /// A history goes up, and has nothing that its reader had dealt with when they asked for it.
    pub(super) fn read(&mut self, seq: u64, by: &Connection, target: &Target, faults: &mut Vec<Fault>) {
        let (by, target, after, new) = (by.clone(), target.clone(), self.read_to, !self.knows(seq));
        self.read.insert(seq);
        if seq > after {
            self.read_to = seq;
        } else if new {
            faults.push(Fault::SeenLate { by, target, seq, after });
        } else {
            faults.push(Fault::SeenTwice { by, target, seq });
        }
    }

    pub(super) fn event(
        &mut self,
        (seq, may_be_late): (u64, bool),
        by: &Connection,
        target: &Target,
        faults: &mut Vec<Fault>,
    ) {
        let (by, target) = (by.clone(), target.clone());
        let new = self.seen.insert(seq);
        let after = self.last;
        self.last = after.max(seq);
        if let Some(early) = &mut self.resuming {
            let again = early.remove(&seq);
            if new {
                early.insert(seq);
            } else if !again {
                faults.push(Fault::SeenTwice { by, target, seq });
            }
        } else if !new {
            faults.push(Fault::SeenTwice { by, target, seq });
        } else if seq < after && !may_be_late {
            faults.push(Fault::SeenLate { by, target, seq, after });
        }
    }

    /// The author's own message, by its acknowledgement. It may come after events with higher seqs: answers keep the
    /// order of the commands, and an earlier one may have to wait. An event may not come after it.
    pub(super) fn own(
        &mut self,
        seq: u64,
        repeat: bool,
        by: &Connection,
        target: &Target,
        faults: &mut Vec<Fault>,
    ) {
        let new = self.seen.insert(seq);
        if repeat {
            return;
        }
        if !new {
            faults.push(Fault::SeenTwice { by: by.clone(), target: target.clone(), seq });
        }
        self.last = self.last.max(seq);
    }
}
