//! One ending takes somebody out of many channels, by one event in each; each viewer is shown one QUIT.

use std::collections::{HashMap, HashSet, VecDeque};

use super::ClientId;

/// Endings remembered while events of theirs may still come: a gateway with as many people may die at once.
const MAX_ENDINGS: usize = 65_536;

#[derive(Default)]
pub(super) struct Endings {
    open: HashMap<String, Open>,
    order: VecDeque<String>,
}

struct Open {
    shown: HashSet<ClientId>,
    /// Followed channels whose event has not come.
    remaining: usize,
}

impl Endings {
    /// Of `viewers`, those who have not been shown this ending. `followed`: how many of the channels it touches are followed.
    pub(super) fn not_shown(&mut self, ending: &str, followed: usize, viewers: &[ClientId]) -> Vec<ClientId> {
        if followed <= 1 && !self.open.contains_key(ending) {
            return viewers.to_vec();
        }
        if !self.open.contains_key(ending) {
            self.order.push_back(ending.to_owned());
            self.open.insert(ending.to_owned(), Open { shown: HashSet::new(), remaining: followed });
        }
        let Some(open) = self.open.get_mut(ending) else { return viewers.to_vec() };
        let fresh = viewers.iter().copied().filter(|&viewer| open.shown.insert(viewer)).collect();
        open.remaining = open.remaining.saturating_sub(1);
        if open.remaining == 0 {
            self.open.remove(ending);
        }
        self.forget_oldest();
        fresh
    }

    fn forget_oldest(&mut self) {
        while let Some(ending) = self.order.front()
            && (self.order.len() > MAX_ENDINGS || !self.open.contains_key(ending))
        {
            self.open.remove(ending);
            self.order.pop_front();
        }
    }
}
