//! Topic, modes, roles, registration, history.

use api::{
    ChannelName, ErrorCode,
    auth::Actor,
    channels::{HistoryPolicy, Topic},
    event::ChannelChange,
    id::{ChannelId, UserId},
    mode::{ModesPatch, Role, Roles},
};

use super::{Change, Doer, Expected, Ledger};
use crate::domain::{
    modes,
    policy::{self, Asker},
};

impl Ledger {
    /// An empty text takes the topic away.
    pub fn set_topic(
        &mut self,
        id: &ChannelId,
        actor: &Actor,
        doer: &Doer,
        text: &str,
        expected: Expected<'_>,
    ) -> Result<Change, ErrorCode> {
        let channel = &self.awake(id)?.channel;
        policy::may_set_topic(&self.asker(id, actor), channel)?;
        self.expect(id, expected)?;
        if channel.topic.as_ref().map_or("", |topic| &topic.text) == text {
            return Ok(self.change(id, Vec::new()));
        }
        let topic = (!text.is_empty()).then(|| Topic {
            text: text.to_owned(),
            by: actor.person.clone(),
            at: self.now,
        });
        self.room_mut(id).channel.topic.clone_from(&topic);
        let event = self.record(id, doer, ChannelChange::Topic { topic });
        Ok(self.change(id, vec![event]))
    }

    /// Another name. That nobody else has it is for the caller to see to.
    pub fn rename(
        &mut self,
        id: &ChannelId,
        actor: &Actor,
        doer: &Doer,
        name: ChannelName,
        reason: Option<String>,
        expected: Expected<'_>,
    ) -> Result<Change, ErrorCode> {
        let channel = &self.awake(id)?.channel;
        policy::may_rename(&self.asker(id, actor), channel)?;
        self.expect(id, expected)?;
        if channel.name.as_str() == name.as_str() {
            return Ok(self.change(id, Vec::new()));
        }
        let old = std::mem::replace(&mut self.room_mut(id).channel.name, name);
        self.written.renamed.insert(id.clone());
        let event = self.record(id, doer, ChannelChange::Renamed { old, reason });
        Ok(self.change(id, vec![event]))
    }

    pub fn set_modes(
        &mut self,
        id: &ChannelId,
        actor: &Actor,
        doer: &Doer,
        patch: &ModesPatch,
        expected: Expected<'_>,
    ) -> Result<Change, ErrorCode> {
        let before = &self.awake(id)?.channel;
        policy::may_set_modes(&self.asker(id, actor), before)?;
        self.expect(id, expected)?;
        let modes = before.modes.patched(patch);
        let changes = before.modes.changes(&modes);
        if changes.is_empty() {
            return Ok(self.change(id, Vec::new()));
        }
        let room = self.room_mut(id);
        room.closed |= modes::is_closed(&modes);
        room.channel.modes = modes.clone();
        let event = self.record(id, doer, ChannelChange::Modes { modes, changes });
        Ok(self.change(id, vec![event]))
    }

    #[expect(clippy::too_many_arguments, reason = "who, whom, which, and on what condition")]
    pub fn set_role(
        &mut self,
        id: &ChannelId,
        actor: &Actor,
        doer: &Doer,
        target: &UserId,
        role: Role,
        set: bool,
        expected: Expected<'_>,
    ) -> Result<Change, ErrorCode> {
        let member = self.member(id, target);
        policy::may_set_role(&self.asker(id, actor), member, role, set, &self.awake(id)?.channel)?;
        self.expect(id, expected)?;
        let before = member.ok_or(ErrorCode::NotInChannel)?.roles;
        let roles = if set { before.with(role) } else { before.without(role) };
        let events = self.give(id, doer, target, roles, role, set);
        Ok(self.change(id, events.into_iter().collect()))
    }

    /// Sets a member's roles; an event if that changes them.
    fn give(
        &mut self,
        id: &ChannelId,
        doer: &Doer,
        target: &UserId,
        roles: Roles,
        role: Role,
        set: bool,
    ) -> Option<api::event::ChannelEvent> {
        let place = (id.clone(), target.clone());
        let member = &mut self.seats.get_mut(&place)?.member;
        if member.roles == roles {
            return None;
        }
        member.roles = roles;
        let user = member.person.clone();
        self.written.places.insert(place);
        Some(self.record(id, doer, ChannelChange::Roles { user, roles, role, set }))
    }

    /// Makes a channel its account's own: kept when nobody is in it. `registered`: how many that account has.
    pub fn register(
        &mut self,
        id: &ChannelId,
        actor: &Actor,
        doer: &Doer,
        registered: usize,
        limit: usize,
    ) -> Result<Change, ErrorCode> {
        let room = self.rooms.get(id).ok_or(ErrorCode::NoSuchChannel)?;
        policy::may_register(&self.asker(id, actor), &room.channel, registered, limit)?;
        let founder = actor.account.clone().ok_or(ErrorCode::Forbidden)?;
        let mut events = if room.is_dormant() { self.wake(id, doer)? } else { Vec::new() };
        let room = self.room_mut(id);
        room.channel.founder = Some(founder.clone());
        room.founder_user = Some(actor.id().clone());
        if let Some(member) = self.member(id, actor.id()) {
            let roles = member.roles.with(Role::Founder);
            events.extend(self.give(id, doer, actor.id(), roles, Role::Founder, true));
        }
        events.push(self.record(id, doer, ChannelChange::Registered { founder }));
        Ok(self.change(id, events))
    }

    /// Gives a registered channel back.
    pub fn unregister(
        &mut self,
        id: &ChannelId,
        actor: &Actor,
        doer: &Doer,
        expected: Expected<'_>,
    ) -> Result<Change, ErrorCode> {
        policy::may_unregister(&self.asker(id, actor), &self.awake(id)?.channel)?;
        self.expect(id, expected)?;
        let events = self.release_founder(id, doer);
        Ok(self.change(id, events))
    }

    /// The channel is nobody's any more. Whoever was founder by it stays its operator.
    pub fn release_founder(&mut self, id: &ChannelId, doer: &Doer) -> Vec<api::event::ChannelEvent> {
        let room = self.room_mut(id);
        if room.channel.founder.take().is_none() {
            return Vec::new();
        }
        let founder = room.founder_user.take();
        let history = std::mem::take(&mut room.channel.history);
        let mut events = vec![self.record(id, doer, ChannelChange::Unregistered)];
        if history != HistoryPolicy::default() {
            events.push(self.record(id, doer, ChannelChange::Policy { history: HistoryPolicy::default() }));
        }
        if let Some(founder) = founder
            && let Some(roles) = self.member(id, &founder).map(|member| member.roles)
        {
            events.extend(self.give(id, doer, &founder, roles.with(Role::Op), Role::Op, true));
            let roles = roles.with(Role::Op).without(Role::Founder);
            events.extend(self.give(id, doer, &founder, roles, Role::Founder, false));
        }
        events.extend(self.sleep_if_empty(id));
        events
    }

    pub fn set_history(
        &mut self,
        id: &ChannelId,
        actor: &Actor,
        doer: &Doer,
        history: HistoryPolicy,
        expected: Expected<'_>,
    ) -> Result<Change, ErrorCode> {
        let channel = &self.awake(id)?.channel;
        policy::may_set_history(&self.asker(id, actor), channel)?;
        self.expect(id, expected)?;
        if channel.history == history {
            return Ok(self.change(id, Vec::new()));
        }
        self.room_mut(id).channel.history = history;
        let event = self.record(id, doer, ChannelChange::Policy { history });
        Ok(self.change(id, vec![event]))
    }

    /// Takes away the topic of somebody who is erased.
    pub fn clear_topic(&mut self, id: &ChannelId) {
        self.room_mut(id).channel.topic = None;
        self.record(id, &Doer::default(), ChannelChange::Topic { topic: None });
    }

    /// Whether `actor` may see the room's key and lists now.
    pub fn sees_inside(&self, id: &ChannelId, actor: &Actor) -> bool {
        let asker = Asker { actor, member: self.member(id, actor.id()) };
        self.rooms.get(id).is_some_and(|room| policy::may_see_inside(&asker, &room.channel).is_ok())
    }
}
