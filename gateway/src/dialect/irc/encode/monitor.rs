//! Those who are watched.

use api::Nick;

use super::Reply;
use crate::hub::{MAX_WATCHED, Presence};

/// 730 or 731, and who.
pub(super) fn numeric(presence: &Presence) -> (u16, &str) {
    match presence {
        Presence::Online(who) => (730, who),
        Presence::Offline(nick) => (731, nick),
    }
}

impl Reply<'_> {
    pub(super) fn presences(&mut self, presences: &[Presence], rejected: &[Nick]) {
        for code in [730, 731] {
            let of_code = presences.iter().map(numeric).filter(|(other, _)| *other == code);
            self.commas(code, of_code.map(|(_, who)| who));
        }
        if !rejected.is_empty() {
            let targets: Vec<_> = rejected.iter().map(Nick::as_str).collect();
            let line = self.numeric(734).number(MAX_WATCHED as u64).param(&targets.join(","));
            line.trailing("Monitor list is full");
        }
    }

    /// 732, as many as it takes, and 733.
    pub(super) fn watches(&mut self, nicks: &[Nick]) {
        self.commas(732, nicks.iter().map(Nick::as_str));
        self.numeric(733).trailing("End of MONITOR list");
    }

    /// `a,b,c` in as many lines as it takes.
    fn commas<'n>(&mut self, code: u16, items: impl Iterator<Item = &'n str>) {
        let mut items = items.peekable();
        while let Some(first) = items.next() {
            let mut text = self.numeric(code).text();
            text.push(first);
            while let Some(next) = items.next_if(|next| next.len() < text.room()) {
                text.push(",");
                text.push(next);
            }
        }
    }
}
