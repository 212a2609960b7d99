//! Leaving: by one's own will, by another's, or because a session ended.

use api::{
    ErrorCode, Person,
    auth::Actor,
    event::{ChannelChange, ChannelEvent, Touched},
    id::{ChannelId, SessionId, UserId},
};

use super::{Change, Doer, Ledger};
use crate::domain::{policy, room::ALWAYS_ON_HOLDER};

/// Sessions of one person that ended.
#[derive(Debug, Clone, Copy)]
pub struct Ending<'a> {
    pub user: &'a Person,
    pub sessions: &'a [SessionId],
    /// Whatever holds them.
    pub all: bool,
    /// Whether their account stays without a session; none: nobody has ever asked it to.
    pub stays: Option<bool>,
    /// They have other sessions.
    pub still_here: bool,
    pub reason: Option<&'a str>,
    /// Names this ending in all its events.
    pub id: &'a str,
}

impl Ledger {
    /// Takes one holder away, or with none named all: over REST a person parts as a whole. With the last session of an account that
    /// stays it goes, too.
    pub fn part(
        &mut self,
        id: &ChannelId,
        actor: &Actor,
        holder: Option<&SessionId>,
        reason: Option<String>,
    ) -> Result<Change, ErrorCode> {
        policy::may_part(&self.asker(id, actor), &self.awake(id)?.channel)?;
        if let Some(session) = holder
            && !self.release(id, actor.id(), |held| held == session.as_str())
            && !self.is_held_only_by(id, actor.id(), ALWAYS_ON_HOLDER)
        {
            return Ok(self.change(id, Vec::new()));
        }
        let doer = Doer { person: Some(actor.person.clone()), session: holder.cloned() };
        let events = self.leave(id, actor.id(), &doer, |user| ChannelChange::Parted { user, reason });
        Ok(self.change(id, events))
    }

    pub fn kick(
        &mut self,
        id: &ChannelId,
        actor: &Actor,
        doer: &Doer,
        target: &UserId,
        reason: Option<String>,
    ) -> Result<Change, ErrorCode> {
        policy::may_kick(&self.asker(id, actor), self.member(id, target), &self.awake(id)?.channel)?;
        let events = self.leave(id, target, doer, |user| ChannelChange::Kicked { user, reason });
        Ok(self.change(id, events))
    }

    /// Takes the holders of an ending out of every room at hand. Every event names all the rooms that were left.
    pub fn end(&mut self, ending: &Ending<'_>) -> Vec<ChannelEvent> {
        let user = &ending.user.id;
        let mut rooms: Vec<ChannelId> =
            self.seats.keys().filter(|(_, sitting)| sitting == user).map(|(id, _)| id.clone()).collect();
        let stays = ending.stays == Some(true);
        let gone = |held: &str| match held {
            ALWAYS_ON_HOLDER => ending.stays == Some(false),
            held => ending.sessions.iter().any(|session| session.as_str() == held),
        };
        rooms.retain(|id| {
            ending.all || self.release(id, user, gone) && !(stays && self.hold(id, user, ALWAYS_ON_HOLDER))
        });
        let touched: Vec<Touched> = rooms
            .iter()
            .map(|id| Touched { channel: id.clone(), version: self.rooms[id].channel.version + 1 })
            .collect();
        let left = |id: &ChannelId| rooms.contains(id);
        let still_here = ending.still_here
            || self
                .seats
                .iter()
                .any(|((id, sitting), seat)| sitting == user && !seat.holders.is_empty() && !left(id));
        let mut events = Vec::new();
        for id in &rooms {
            events.extend(self.leave(id, user, &Doer::default(), |sitting| ChannelChange::Quit {
                // The one who ended the session may know a newer nick.
                user: if ending.user.user_version >= sitting.user_version {
                    ending.user.clone()
                } else {
                    sitting
                },
                reason: ending.reason.map(str::to_owned),
                ending: ending.id.to_owned(),
                touched: touched.clone(),
                still_here,
            }));
        }
        events
    }

    /// Takes holders away; true when that was the last.
    fn release(&mut self, id: &ChannelId, user: &UserId, gone: impl Fn(&str) -> bool) -> bool {
        let place = (id.clone(), user.clone());
        let Some(seat) = self.seats.get_mut(&place) else { return false };
        let before = seat.holders.len();
        seat.holders.retain(|holder| !gone(holder));
        if seat.holders.len() != before {
            self.written.places.insert(place);
            return seat.holders.is_empty();
        }
        false
    }

    /// Keeps somebody in of whom a holder has just been taken away; true if they are in.
    fn hold(&mut self, id: &ChannelId, user: &UserId, holder: &str) -> bool {
        let seat = self.seats.get_mut(&(id.clone(), user.clone()));
        seat.map(|seat| seat.holders.insert(holder.to_owned())).is_some()
    }

    fn is_held_only_by(&self, id: &ChannelId, user: &UserId, holder: &str) -> bool {
        let seat = self.seats.get(&(id.clone(), user.clone()));
        seat.is_some_and(|seat| seat.holders.iter().all(|held| held == holder))
    }

    /// A member is gone; perhaps the room falls asleep.
    fn leave(
        &mut self,
        id: &ChannelId,
        user: &UserId,
        doer: &Doer,
        change: impl FnOnce(Person) -> ChannelChange,
    ) -> Vec<ChannelEvent> {
        let place = (id.clone(), user.clone());
        let Some(seat) = self.seats.remove(&place) else { return Vec::new() };
        self.written.places.insert(place);
        let channel = &mut self.room_mut(id).channel;
        channel.member_count = channel.member_count.saturating_sub(1);
        if let Some(memberships) = self.memberships.get_mut(user) {
            *memberships = memberships.saturating_sub(1);
        }
        let mut events = vec![self.record(id, doer, change(seat.member.person))];
        events.extend(self.sleep_if_empty(id));
        events
    }
}
