//! Bans, exceptions, invite masks and invitations.

use api::{
    ErrorCode, Person, Timestamp,
    auth::Actor,
    channels::{ListEntry, ListKind},
    event::{ChannelChange, ChannelEvent},
    id::{ChannelId, ListEntryId, UserId},
};

use super::{Change, Doer, Ledger};
use crate::domain::{lists::in_force, policy};

/// What is to be listed, where, and how many may be.
#[derive(Debug, Clone)]
pub struct NewEntry {
    pub list: ListKind,
    pub entry: ListEntry,
    /// Entries of one list.
    pub limit: usize,
}

impl Ledger {
    /// Lists a mask; gives the id of the entry that holds it. One that is listed already stays as it is.
    pub fn list(
        &mut self,
        id: &ChannelId,
        actor: &Actor,
        doer: &Doer,
        new: NewEntry,
    ) -> Result<(ListEntryId, Change), ErrorCode> {
        policy::may_change_lists(&self.asker(id, actor), &self.awake(id)?.channel)?;
        let NewEntry { list, entry, limit } = new;
        let (now, key) = (self.now, entry.mask.key());
        let listed = self.lists.get(id).map(|lists| lists.of(list).as_slice()).unwrap_or_default();
        let same = listed.iter().find(|listed| listed.mask.key() == key).cloned();
        let full = listed.len() >= limit;
        let mut events = Vec::new();
        match same {
            Some(same) if in_force(&same, now) => return Ok((same.id, self.change(id, Vec::new()))),
            // Expired, and its event was still to come.
            Some(expired) => events.push(self.unlisted(id, &Doer::default(), list, &expired)),
            None if full => return Err(ErrorCode::ListFull),
            None => {}
        }
        let listed_id = entry.id.clone();
        self.lists.entry(id.clone()).or_default().of_mut(list).push(entry.clone());
        self.written.listed.push((id.clone(), list, entry.clone()));
        events.push(self.record(id, doer, ChannelChange::Listed { list, entry }));
        Ok((listed_id, self.change(id, events)))
    }

    pub fn unlist(
        &mut self,
        id: &ChannelId,
        actor: &Actor,
        doer: &Doer,
        list: ListKind,
        entry: &ListEntryId,
    ) -> Result<Change, ErrorCode> {
        policy::may_change_lists(&self.asker(id, actor), &self.awake(id)?.channel)?;
        let listed =
            self.lists.get(id).and_then(|lists| lists.of(list).iter().find(|listed| listed.id == *entry));
        let listed = listed.cloned().ok_or(ErrorCode::NoSuchBan)?;
        let event = self.unlisted(id, doer, list, &listed);
        Ok(self.change(id, vec![event]))
    }

    /// Lifts what has expired in a room.
    pub fn lift_expired(&mut self, id: &ChannelId) {
        for list in [ListKind::Bans, ListKind::Excepts, ListKind::InviteMasks] {
            let listed = self.lists.get(id).map(|lists| lists.of(list).clone()).unwrap_or_default();
            let now = self.now;
            for expired in listed.iter().filter(|entry| !in_force(entry, now)) {
                self.unlisted(id, &Doer::default(), list, expired);
            }
        }
    }

    /// Takes an entry away.
    pub fn unlisted(
        &mut self,
        id: &ChannelId,
        doer: &Doer,
        list: ListKind,
        entry: &ListEntry,
    ) -> ChannelEvent {
        self.lists.entry(id.clone()).or_default().of_mut(list).retain(|listed| listed.id != entry.id);
        self.written.unlisted.push(entry.id.clone());
        let mask = entry.mask.to_string();
        self.record(id, doer, ChannelChange::Unlisted { list, id: entry.id.clone(), mask })
    }

    /// Takes an invitation back. Nobody is told: whoever comes finds the door as it is, as when it had expired.
    pub fn uninvite(&mut self, id: &ChannelId, actor: &Actor, user: &UserId) -> Result<(), ErrorCode> {
        policy::may_invite(&self.asker(id, actor), &self.awake(id)?.channel)?;
        let place = (id.clone(), user.clone());
        if self.invitations.remove(&place).is_some() {
            self.written.used_invitations.insert(place);
        }
        Ok(())
    }

    /// Invites somebody until `expires_at`. `open`: invitations of the room that stand, `limit`: how many may.
    pub fn invite(
        &mut self,
        id: &ChannelId,
        actor: &Actor,
        doer: &Doer,
        user: Person,
        expires_at: Timestamp,
        (open, limit): (usize, usize),
    ) -> Result<Change, ErrorCode> {
        policy::may_invite(&self.asker(id, actor), &self.awake(id)?.channel)?;
        let place = (id.clone(), user.id.clone());
        let known = self.invitations.get(&place).copied();
        // Somebody who is in needs no invitation, and the same one twice is one.
        if self.seats.contains_key(&place) || known == Some(expires_at) {
            return Ok(self.change(id, Vec::new()));
        }
        if known.is_none() && open >= limit {
            return Err(ErrorCode::ListFull);
        }
        self.invitations.insert(place.clone(), expires_at);
        self.written.invited.insert(place, expires_at);
        let event = self.record(id, doer, ChannelChange::Invited { user, expires_at });
        Ok(self.change(id, vec![event]))
    }
}
