//! The three lists of a channel.

use api::{
    Timestamp,
    auth::Actor,
    channels::{ListEntry, ListKind},
};

/// Bans, exceptions to them, and masks that need no invitation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lists {
    pub bans: Vec<ListEntry>,
    pub excepts: Vec<ListEntry>,
    pub invite_masks: Vec<ListEntry>,
}

impl Lists {
    pub fn of(&self, kind: ListKind) -> &Vec<ListEntry> {
        match kind {
            ListKind::Bans => &self.bans,
            ListKind::Excepts => &self.excepts,
            ListKind::InviteMasks => &self.invite_masks,
        }
    }

    pub fn of_mut(&mut self, kind: ListKind) -> &mut Vec<ListEntry> {
        match kind {
            ListKind::Bans => &mut self.bans,
            ListKind::Excepts => &mut self.excepts,
            ListKind::InviteMasks => &mut self.invite_masks,
        }
    }

    /// A ban matches and no exception does.
    pub fn is_banned(&self, actor: &Actor, now: Timestamp) -> bool {
        any_matches(&self.bans, actor, now) && !any_matches(&self.excepts, actor, now)
    }

    pub fn is_invited(&self, actor: &Actor, now: Timestamp) -> bool {
        any_matches(&self.invite_masks, actor, now)
    }
}

fn any_matches(entries: &[ListEntry], actor: &Actor, now: Timestamp) -> bool {
    entries.iter().any(|entry| in_force(entry, now) && entry.mask.matches(actor))
}

/// Expired entries count no more, though the event that lifts them may still be to come.
pub fn in_force(entry: &ListEntry, now: Timestamp) -> bool {
    entry.expires_at.is_none_or(|at| now < at)
}
