//! A copy of one channel, kept by its events: what the gateway shows from and what message-service decides by. No I/O.

use std::collections::HashMap;

use api::{
    Timestamp,
    auth::Actor,
    channels::{Channel, ListEntry, ListKind, Member, Snapshot},
    event::{ChannelChange, ChannelEvent},
    id::UserId,
    mode::{Modes, Role},
};

/// A channel as of one version.
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelReplica {
    pub epoch: String,
    pub channel: Channel,
    pub members: HashMap<UserId, Member>,
    pub bans: Vec<ListEntry>,
    pub excepts: Vec<ListEntry>,
    pub invite_masks: Vec<ListEntry>,
    pub dormant: bool,
    pub deleted: bool,
}

impl From<Snapshot> for ChannelReplica {
    fn from(snapshot: Snapshot) -> Self {
        Self {
            epoch: snapshot.epoch,
            channel: snapshot.channel,
            members: snapshot.members.into_iter().map(|member| (member.person.id.clone(), member)).collect(),
            bans: snapshot.bans,
            excepts: snapshot.excepts,
            invite_masks: snapshot.invite_masks,
            dormant: snapshot.dormant,
            deleted: false,
        }
    }
}

impl ChannelReplica {
    pub fn version(&self) -> u64 {
        self.channel.version
    }

    pub fn member(&self, user: &UserId) -> Option<&Member> {
        self.members.get(user)
    }

    /// Whether a ban matches and no exception does, at `now`.
    pub fn is_banned(&self, actor: &Actor, now: Timestamp) -> bool {
        let listed =
            |list: &[ListEntry]| list.iter().any(|entry| in_force(entry, now) && entry.mask.matches(actor));
        listed(&self.bans) && !listed(&self.excepts)
    }

    /// Whether somebody is not to speak here, at `now`: a ban says so, and no exception lets them.
    pub fn is_muted(&self, actor: &Actor, now: Timestamp) -> bool {
        let mut bans = self.bans.iter().filter(|entry| in_force(entry, now));
        let mut excepts = self.excepts.iter().filter(|entry| in_force(entry, now));
        bans.any(|entry| entry.mask.mutes(actor))
            && !excepts.any(|entry| entry.mask.mutes(actor) || entry.mask.matches(actor))
    }

    /// Applies the next event. The caller keeps the order ([`crate::sequence::Sequence`]).
    pub fn apply(&mut self, event: &ChannelEvent) {
        debug_assert_eq!(event.version, self.channel.version + 1, "events are applied in order");
        self.channel.version = event.version;
        match &event.change {
            ChannelChange::Joined { member } => {
                self.dormant = false;
                self.members.insert(member.person.id.clone(), member.clone());
            }
            ChannelChange::Parted { user, .. }
            | ChannelChange::Quit { user, .. }
            | ChannelChange::Kicked { user, .. } => {
                self.members.remove(&user.id);
            }
            ChannelChange::Topic { topic } => self.channel.topic.clone_from(topic),
            ChannelChange::Modes { modes, .. } => self.channel.modes.clone_from(modes),
            ChannelChange::Roles { user, roles, .. } => {
                if let Some(member) = self.members.get_mut(&user.id) {
                    member.roles = *roles;
                }
            }
            ChannelChange::Listed { list, entry } => {
                let list = self.list(*list);
                list.retain(|listed| listed.id != entry.id);
                list.push(entry.clone());
            }
            ChannelChange::Unlisted { list, id, .. } => self.list(*list).retain(|listed| listed.id != *id),
            ChannelChange::Registered { founder } => self.channel.founder = Some(founder.clone()),
            ChannelChange::Unregistered => self.channel.founder = None,
            ChannelChange::Policy { history } => self.channel.history = *history,
            ChannelChange::Dormant => self.sleep(),
            ChannelChange::Woken { floor } => {
                self.dormant = false;
                self.channel.floor = *floor;
            }
            ChannelChange::Deleted => {
                self.sleep();
                self.deleted = true;
            }
            ChannelChange::Renamed { .. } => self.channel.name.clone_from(&event.name),
            // It is asked for when it is shown.
            ChannelChange::Metadata { .. } | ChannelChange::Invited { .. } | ChannelChange::Unknown => {}
        }
        self.channel.member_count = self.members.len() as u64;
    }

    /// A member is called something else now: an older version never takes a newer nick's place.
    pub fn rename(&mut self, person: &api::Person) -> bool {
        match self.members.get_mut(&person.id) {
            Some(member) if member.person.user_version < person.user_version => {
                member.person.clone_from(person);
                true
            }
            _ => false,
        }
    }

    /// What turns this copy into `newer`, as clients may be shown it: PART, JOIN, roles, MODE, TOPIC.
    pub fn net_changes(&self, newer: &Self) -> Vec<ChannelChange> {
        let mut changes = Vec::new();
        if self.channel.name != newer.channel.name {
            changes.push(ChannelChange::Renamed { old: self.channel.name.clone(), reason: None });
        }
        for (id, member) in &self.members {
            if !newer.members.contains_key(id) {
                changes.push(ChannelChange::Parted { user: member.person.clone(), reason: None });
            }
        }
        for (id, member) in &newer.members {
            let before = match self.members.get(id) {
                Some(before) => before.roles,
                None => {
                    changes.push(ChannelChange::Joined { member: member.clone() });
                    member.roles
                }
            };
            for role in
                Role::ALL.into_iter().filter(|&role| before.contains(role) != member.roles.contains(role))
            {
                let set = member.roles.contains(role);
                changes.push(ChannelChange::Roles {
                    user: member.person.clone(),
                    roles: member.roles,
                    role,
                    set,
                });
            }
        }
        let modes = self.channel.modes.changes(&newer.channel.modes);
        if !modes.is_empty() {
            changes.push(ChannelChange::Modes { modes: newer.channel.modes.clone(), changes: modes });
        }
        if self.channel.topic.as_ref().map(|topic| &topic.text)
            != newer.channel.topic.as_ref().map(|topic| &topic.text)
        {
            changes.push(ChannelChange::Topic { topic: newer.channel.topic.clone() });
        }
        changes
    }

    fn sleep(&mut self) {
        self.dormant = true;
        self.members.clear();
        self.bans.clear();
        self.excepts.clear();
        self.invite_masks.clear();
        self.channel.topic = None;
        self.channel.modes = Modes::default();
    }

    fn list(&mut self, kind: ListKind) -> &mut Vec<ListEntry> {
        match kind {
            ListKind::Bans => &mut self.bans,
            ListKind::Excepts => &mut self.excepts,
            ListKind::InviteMasks => &mut self.invite_masks,
        }
    }
}

fn in_force(entry: &ListEntry, now: Timestamp) -> bool {
    entry.expires_at.is_none_or(|at| now < at)
}
