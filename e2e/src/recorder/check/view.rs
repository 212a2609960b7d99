use std::collections::{BTreeSet, HashSet};

use crate::recorder::{Connection, Fault, Target};

/// What one client was shown of one conversation.
#[derive(Default)]
pub(super) struct View {
    pub(super) from: Option<u64>,
    pub(super) seen: BTreeSet<u64>,
    last: u64,
    /// A direct conversation before its resume is through: what came between the login and the resume stands before
    /// what was missed, and is shown once more in its place. These came once so far.
    pub(super) resuming: Option<HashSet<u64>>,
}

impl View {
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
