//! What a change of a channel looks like to those who are in it.

use api::{
    ChannelName, Person, Timestamp,
    event::{ChannelChange, ChannelEvent},
    id::ChannelId,
};

use super::{ClientId, State, channel::Channel, now, show::Doer};
use crate::{
    command::{Found, Scene},
    dialect::Dialect,
    event::{Event, Moment, Shown},
};

impl State {
    /// Shows the net changes of a snapshot, which nobody is known to have made.
    pub(super) fn show_net_changes(
        &mut self,
        id: &ChannelId,
        name: &ChannelName,
        changes: Vec<ChannelChange>,
    ) {
        for change in changes {
            let event = ChannelEvent {
                channel: id.clone(),
                name: name.clone(),
                version: 0,
                at: now(),
                by: None,
                session: None,
                change,
            };
            if let ChannelChange::Joined { member } = &event.change {
                self.enter_person(member, id);
            }
            self.show_change(&event, None);
            if let ChannelChange::Parted { user, .. } = &event.change {
                self.detach_user(id, &user.id);
                self.leave_person(&user.id, id);
            }
        }
    }

    /// Shows an event to everyone whom it concerns.
    pub(super) fn show_change(&mut self, event: &ChannelEvent, doer: Option<&Doer>) {
        let (id, channel, at) = (&event.channel, &event.name, Moment::of(event));
        let by = event.by.as_ref().map(|person| self.shown(person));
        let by = by.as_ref().map(Shown::who);
        let reason = |reason: &Option<String>| reason.clone().unwrap_or_default();
        match &event.change {
            ChannelChange::Joined { member } => {
                let shown = self.shown(&member.person);
                let who = shown.who();
                self.show_channel(id, &Event::Join { channel, who }, at, doer);
                self.has_come(id, &member.person.id);
                // "If the joining client is away" (IRCv3 away-notify).
                if let Some(away) = self.away_of(&member.person.id) {
                    self.show_away(&member.person.id, Some(&away), event.at);
                }
            }
            ChannelChange::Parted { user, reason: why } => {
                let shown = self.shown(user);
                let who = shown.who();
                self.show_channel(id, &Event::Part { channel, who, reason: &reason(why) }, at, doer);
            }
            ChannelChange::Kicked { user, reason: why } => {
                let shown = self.shown(user);
                let who = shown.who();
                self.show_channel(id, &Event::Kick { channel, by, who, reason: &reason(why) }, at, doer);
            }
            ChannelChange::Quit { user, reason: why, still_here: true, .. } => {
                self.show_part_of(id, user, channel, &reason(why), event.at);
            }
            ChannelChange::Quit { user, reason: why, ending, touched, still_here: false } => {
                let followed =
                    touched.iter().filter(|touched| self.channels.contains_key(&touched.channel)).count();
                // One QUIT is shown for what has a name in each channel.
                self.show_quit(id, user, &reason(why), ending, followed, event.at);
            }
            ChannelChange::Renamed { old, reason: why } => {
                let event = Event::Renamed { old, channel, by, reason: &reason(why) };
                self.show_renamed(id, channel, &event, at, doer);
            }
            ChannelChange::Topic { topic } => {
                let text = topic.as_ref().map_or("", |topic| &topic.text);
                self.show_channel(id, &Event::Topic { channel, by, text }, at, doer);
            }
            ChannelChange::Modes { changes, .. } => {
                self.show_channel(id, &Event::Modes { channel, by, changes }, at, doer);
            }
            ChannelChange::Roles { user, role, set, .. } => {
                let shown = self.shown(user);
                let (who, role, set) = (shown.who(), *role, *set);
                self.show_channel(id, &Event::Role { channel, by, who, role, set }, at, doer);
            }
            ChannelChange::Listed { list, entry } => {
                let event = Event::Listed { channel, by, list: *list, mask: entry.mask.as_str(), set: true };
                self.show_channel(id, &event, at, doer);
            }
            ChannelChange::Unlisted { list, mask, .. } => {
                let event = Event::Listed { channel, by, list: *list, mask, set: false };
                self.show_channel(id, &event, at, doer);
            }
            ChannelChange::Metadata { key, value } => {
                self.channel_said(event, (key, value.as_deref()), doer);
            }
            ChannelChange::Invited { user, .. } => {
                self.hand_out();
                let invited =
                    self.people.get(&user.id).map(|known| known.clients.to_vec()).unwrap_or_default();
                let shown = self.shown(user);
                let who = shown.who();
                self.show(&invited, &Event::Invite { channel, by, who }, at);
                let doer = doer.map(|doer| doer.client);
                let mut members: Vec<_> =
                    self.channels.get(id).into_iter().flat_map(Channel::viewers).collect();
                members.retain(|member| Some(*member) != doer && !invited.contains(member));
                self.show(&members, &Event::Invited { channel, by, who }, at);
            }
            // What these change is seen in what follows, or by nobody in the channel.
            ChannelChange::Registered { .. }
            | ChannelChange::Unregistered
            | ChannelChange::Policy { .. }
            | ChannelChange::Dormant
            | ChannelChange::Woken { .. }
            | ChannelChange::Deleted
            | ChannelChange::Unknown => {}
        }
    }

    /// Those who have no word for it are shown the channel as when they came in.
    fn show_renamed(
        &mut self,
        id: &ChannelId,
        name: &ChannelName,
        event: &Event<'_>,
        at: Moment<'_>,
        doer: Option<&Doer>,
    ) {
        self.hand_out();
        let Some(channel) = self.channels.get(id) else { return };
        let Some((names, secret)) = self.members(id) else { return };
        let topic = channel.replica().and_then(|replica| replica.channel.topic.clone());
        let scene = Scene { topic, secret, names, again: false, found: Found::default() };
        for viewer in channel.viewers() {
            let Some(local) = self.clients.get(&viewer) else { continue };
            local.client.is_renamed(id, name);
            let written = |dialect: Dialect| dialect.renamed(&local.client, event, at, &scene);
            let own = doer.filter(|doer| doer.client == viewer);
            if !own.is_some_and(|doer| local.client.is_or_may_be_answered(&doer.change, written)) {
                local.client.queue.event(written);
            }
        }
    }

    fn show_quit(
        &mut self,
        id: &ChannelId,
        user: &Person,
        reason: &str,
        ending: &str,
        followed: usize,
        at: Timestamp,
    ) {
        self.hand_out();
        let viewers = self.others_in(id, user);
        let viewers = self.endings.not_shown(ending, followed, &viewers);
        let shown = self.shown(user);
        self.show(&viewers, &Event::Quit { who: shown.who(), reason }, at);
    }

    /// One connection of several has ended: the person is gone from those channels only that it alone was in.
    fn show_part_of(
        &mut self,
        id: &ChannelId,
        user: &Person,
        channel: &ChannelName,
        reason: &str,
        at: Timestamp,
    ) {
        self.hand_out();
        let viewers = self.others_in(id, user);
        let shown = self.shown(user);
        self.show(&viewers, &Event::Part { channel, who: shown.who(), reason }, at);
    }

    /// Everybody who is shown a channel but `user`, as whoever they are or were.
    fn others_in(&self, id: &ChannelId, user: &Person) -> Vec<ClientId> {
        let is_other = |client: &ClientId| {
            self.clients
                .get(client)
                .is_some_and(|local| local.user != user.id && local.former.as_ref() != Some(&user.id))
        };
        let channel = self.channels.get(id);
        channel.into_iter().flat_map(Channel::viewers).filter(is_other).collect()
    }
}
