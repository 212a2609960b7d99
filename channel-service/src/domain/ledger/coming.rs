//! Joining.

use api::{
    ErrorCode,
    auth::Actor,
    channels::Member,
    event::ChannelChange,
    id::{ChannelId, SessionId},
    mode::{Role, Roles},
};

use super::{Change, Doer, Ledger};
use crate::domain::{
    lists::Lists,
    policy::{self, AtTheDoor},
    room::{REST_HOLDER, Seat},
};

/// Somebody wants in.
#[derive(Debug, Clone, Copy)]
pub struct Joining<'a> {
    pub actor: &'a Actor,
    /// The session that asks, and is to hold them; none: they come over REST.
    pub session: Option<&'a SessionId>,
    /// The session that the token of a REST join came from.
    pub token_of: Option<&'a SessionId>,
    pub key: Option<&'a str>,
}

impl Ledger {
    /// Lets somebody in, or adds a holder to one who is in.
    pub fn join(&mut self, id: &ChannelId, joining: Joining<'_>) -> Result<Change, ErrorCode> {
        let Joining { actor, session, token_of, key } = joining;
        if session.into_iter().chain(token_of).any(|session| self.ended.contains(session)) {
            return Err(ErrorCode::SessionEnded);
        }
        // What a guest joins with a session's token ends with the session; an account's REST join is always on.
        let holding = session.or(token_of.filter(|_| actor.account.is_none()));
        let place = (id.clone(), actor.id().clone());
        let holder = holding.map_or(REST_HOLDER, |session| session.as_str()).to_owned();
        if let Some(seat) = self.seats.get_mut(&place) {
            let newer = seat.member.person.user_version < actor.person.user_version;
            if newer {
                seat.member.person.clone_from(&actor.person);
            }
            if seat.holders.insert(holder) || newer {
                self.written.places.insert(place);
            }
            return Ok(self.change(id, Vec::new()));
        }

        let room = self.rooms.get(id).ok_or(ErrorCode::NoSuchChannel)?;
        let channels = self.memberships.get(actor.id()).copied().unwrap_or(0);
        let mut roles = Roles::NONE;
        if room.is_dormant() {
            policy::may_join_one_more(channels, self.limits)?;
            roles = roles.with(Role::Op);
        } else {
            let invited = self.invitations.get(&place).is_some_and(|&until| self.now < until);
            let door = AtTheDoor { actor, key, invited, channels };
            let none = Lists::default();
            let lists = self.lists.get(id).unwrap_or(&none);
            policy::may_join(&door, &room.channel, lists, self.limits, self.now)?;
            if policy::is_founder(actor.account.as_ref(), &room.channel) {
                roles = roles.with(Role::Founder);
            }
        }

        let doer = Doer { person: Some(actor.person.clone()), session: session.cloned() };
        let mut events = if room.is_dormant() { self.wake(id, &doer)? } else { Vec::new() };
        let member = Member {
            person: actor.person.clone(),
            account: actor.account.clone(),
            roles,
            username: actor.username.clone(),
            host: actor.host.clone(),
            joined_at: self.now,
        };
        self.room_mut(id).channel.member_count += 1;
        *self.memberships.entry(actor.id().clone()).or_default() += 1;
        if self.invitations.remove(&place).is_some() {
            self.written.used_invitations.insert(place.clone());
        }
        self.seats.insert(place.clone(), Seat { member: member.clone(), holders: [holder].into() });
        self.written.places.insert(place);
        events.push(self.record(id, &doer, ChannelChange::Joined { member }));
        Ok(self.change(id, events))
    }
}
