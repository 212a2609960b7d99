//! People that somebody here can see: what they are called, and who has been told.

use std::{sync::Arc, time::Instant};

use api::{
    Nick, Person, Timestamp,
    auth::Actor,
    channels::Member,
    event::{UserChange, UserEvent},
    id::{ChannelId, UserId},
    users::{User, UserModes},
};
use client::sequence::Sequence;
use smallvec::SmallVec;

use super::{Client, ClientId, State, client::Change, due::Thing, now, show::Doer};
use crate::event::{self, Event, Shown};

pub(super) struct Known {
    /// The newest nick, which everyone who can see them has been shown, and its version.
    pub(super) nick: Nick,
    pub(super) nick_version: u64,
    /// `user@host` as last seen; empty at first. Of those who log in, as of that version.
    pub(super) mask: Arc<str>,
    pub(super) mask_version: u64,
    pub(super) account: Option<Arc<str>>,
    /// As far as this gateway has heard of it.
    pub(super) realname: Option<Arc<str>>,
    /// The same.
    pub(super) modes: UserModes,
    /// Their text, as far as this gateway has heard of it.
    pub(super) away: Option<Arc<str>>,
    /// They are there though a connection of theirs has ended: by another one, or because their account stays.
    pub(super) stays: bool,
    /// Of those connected here.
    pub(super) operator: bool,
    /// The version at which they have last said something of themselves for programs, as far as this gateway has heard of it.
    pub(super) said_at: u64,
    pub(super) events: Sequence<UserEvent>,
    /// Followed channels that they are in.
    pub(super) channels: SmallVec<[ChannelId; 2]>,
    /// Their connections here.
    pub(super) clients: SmallVec<[ClientId; 1]>,
}

impl Known {
    pub(super) fn shown(&self) -> Shown {
        Shown {
            nick: self.nick.clone(),
            mask: self.mask.clone(),
            account: self.account.clone(),
            realname: self.realname.clone(),
            bot: self.modes.bot,
        }
    }
}

impl State {
    pub(super) fn connect_person(&mut self, actor: &Actor, user: &User, client: &Client) {
        let person = &actor.person;
        let Shown { mask, account, .. } = Shown::from(actor);
        self.know(person);
        self.masked(&person.id, &mask, person.user_version, now());
        let known = self.know(person);
        known.account = account;
        let was_away = known.away.is_some();
        (known.away, known.realname) =
            (user.away.as_deref().map(Into::into), user.realname.as_deref().map(Into::into));
        (known.modes, known.operator) = (user.modes, actor.is_operator());
        client.set_bot(user.modes.bot);
        client.set_mask(mask);
        known.clients.push(client.id);
        let nick = known.nick.clone();
        self.nicks.insert(nick.key(), person.id.clone());
        self.learn(person, None);
        if was_away && user.away.is_none() {
            self.show_away(&person.id, None, now());
        }
    }

    pub(super) fn disconnect_person(&mut self, user: &UserId, client: ClientId) {
        let Some(known) = self.people.get_mut(user) else { return };
        known.clients.retain(|&mut other| other != client);
        if known.clients.is_empty() {
            let key = known.nick.key();
            if self.nicks.get(&key) == Some(user) {
                self.nicks.remove(&key);
            }
        }
        self.forget_if_unseen(user);
    }

    pub(super) fn enter_person(&mut self, member: &Member, channel: &ChannelId) {
        let person = &member.person;
        let known = self.know(person);
        let is_mask = |mask: &str| {
            let host = mask.strip_prefix(&*member.username).and_then(|rest| rest.strip_prefix('@'));
            host == Some(&*member.host)
        };
        // It is that of the session which joined, which need not be their latest.
        if known.mask_version == 0 && !is_mask(&known.mask) {
            known.mask = event::mask(&member.username, &member.host);
        }
        if known.account.as_deref() != member.account.as_ref().map(AsRef::as_ref) {
            known.account = event::account(member.account.as_ref());
        }
        if !known.channels.contains(channel) {
            known.channels.push(channel.clone());
        }
        self.learn(person, None);
    }

    pub(super) fn leave_person(&mut self, user: &UserId, channel: &ChannelId) {
        let Some(known) = self.people.get_mut(user) else { return };
        known.channels.retain(|other| other != channel);
        self.forget_if_unseen(user);
    }

    fn know(&mut self, person: &Person) -> &mut Known {
        self.people.entry(person.id.clone()).or_insert_with(|| Known {
            nick: person.nick.clone(),
            nick_version: person.user_version,
            mask: Arc::default(),
            mask_version: 0,
            account: None,
            realname: None,
            modes: UserModes::default(),
            away: None,
            stays: false,
            operator: false,
            said_at: 0,
            events: Sequence::new(person.user_version),
            channels: SmallVec::new(),
            clients: SmallVec::new(),
        })
    }

    fn forget_if_unseen(&mut self, user: &UserId) {
        if self.people.get(user).is_some_and(|known| known.channels.is_empty() && known.clients.is_empty()) {
            self.people.remove(user);
            self.due.forget(&Thing::User(user.clone()));
        }
    }

    /// Somebody was named, perhaps in a newer version: whoever can see them is shown the NICK before anything else of it.
    /// `doer` is the connection that changed it.
    pub(super) fn learn(&mut self, person: &Person, doer: Option<&Doer>) {
        let Some(known) = self.people.get_mut(&person.id) else { return };
        if person.user_version <= known.nick_version {
            return;
        }
        known.nick_version = person.user_version;
        let old = std::mem::replace(&mut known.nick, person.nick.clone());
        for id in &known.channels {
            if let Some(replica) = self.channels.get_mut(id).and_then(|channel| channel.replica_mut()) {
                replica.rename(person);
            }
        }
        for id in &known.clients {
            if let Some(local) = self.clients.get(id) {
                local.client.rename(&person.nick, person.user_version);
            }
        }
        if old.as_str() == person.nick.as_str() {
            return;
        }
        if !known.clients.is_empty() {
            if self.nicks.get(&old.key()) == Some(&person.id) {
                self.nicks.remove(&old.key());
            }
            self.nicks.insert(person.nick.key(), person.id.clone());
        }
        let old = Shown { nick: old, ..known.shown() };
        let event = Event::Nick { old: old.who(), new: person.nick.as_str() };
        self.show_to_viewers_of(&person.id, &event, doer);
    }

    /// As [`learn`](Self::learn), from what somebody did: their other changes up to this version have happened too.
    pub(super) fn learn_of(&mut self, person: &Person, at: Instant) {
        self.learn(person, None);
        if let Some(known) = self.people.get_mut(&person.id)
            && person.user_version > known.events.head()
        {
            known.events.foresee(person.user_version, at);
            let ask_at = known.events.ask_at();
            self.due.set(Thing::User(person.id.clone()), ask_at);
        }
    }

    /// How somebody is shown here now.
    pub(super) fn shown(&self, person: &Person) -> Shown {
        match self.people.get(&person.id) {
            Some(known) => known.shown(),
            None => Shown::unseen(person.nick.clone()),
        }
    }

    /// What somebody is called here now.
    pub(super) fn nick_of(&self, person: &Person) -> Nick {
        self.people.get(&person.id).map_or_else(|| person.nick.clone(), |known| known.nick.clone())
    }

    /// A user event came, from a reply or the bus.
    pub(super) fn user_event(&mut self, event: UserEvent, at: Instant) {
        let user = event.user.clone();
        self.watch_event(&event);
        let Some(known) = self.people.get_mut(&user) else { return self.of_a_stranger(&event) };
        known.events.offer(event, at);
        self.pump_user(&user, at);
    }

    /// Applies what is ready of a user's events.
    pub(super) fn pump_user(&mut self, user: &UserId, at: Instant) {
        while let Some(event) = self.people.get_mut(user).and_then(|known| known.events.next()) {
            self.user_changed(&event, at);
        }
        let ask_at = self.people.get(user).and_then(|known| known.events.ask_at());
        self.due.set(Thing::User(user.clone()), ask_at);
    }

    fn user_changed(&mut self, event: &UserEvent, at: Instant) {
        let change = || Change::User(event.user.clone(), event.version);
        let doer = self.client_of(event.session.as_ref()).map(|client| Doer { client, change: change() });
        let person = Person { id: event.user.clone(), nick: event.nick.clone(), user_version: event.version };
        self.learn(&person, doer.as_ref());
        match &event.change {
            UserChange::SessionEnded { ended, reason, forced, .. } => {
                if let Some(known) = self.people.get_mut(&event.user) {
                    known.stays = event.online == Some(true);
                }
                self.session_ended(ended, reason, *forced, at);
            }
            UserChange::Away { text } => self.away_changed(&event.user, text.as_deref(), event.at),
            UserChange::Realname { realname } => {
                self.realname_changed(&event.user, realname.as_deref(), event.at, doer.as_ref());
            }
            UserChange::Wallops { text } => {
                let by = self.shown(&person);
                self.show_wallops(&by, text, event.at, doer.as_ref());
            }
            UserChange::Metadata { key, value } => {
                if let Some(known) = self.people.get_mut(&event.user) {
                    known.said_at = event.version;
                }
                let nick = self.nick_of(&person);
                let viewers = self.audience_of(&event.user, &nick);
                self.show_metadata(viewers, nick.as_str(), (key, value.as_deref()), doer.as_ref());
            }
            UserChange::Modes { modes } => self.modes_changed(&event.user, *modes),
            UserChange::SessionOpened { username, host, .. } => {
                let known = self.people.get(&event.user).filter(|known| known.mask_version < event.version);
                if let Some((known, host)) = known.zip(host.as_deref()) {
                    let mask = event::mask_from(&known.mask, username.as_deref(), host);
                    self.masked(&event.user, &mask, event.version, event.at);
                }
            }
            // Nobody is shown these; services see to suspension, revocation and erasure, which end sessions.
            UserChange::NickChanged { .. }
            | UserChange::Left
            | UserChange::Revoked { .. }
            | UserChange::Suspended
            | UserChange::Unsuspended
            | UserChange::Erased
            | UserChange::Unknown => {}
        }
    }

    /// Those who share a channel with them are told; their own connections are answered.
    fn away_changed(&mut self, user: &UserId, text: Option<&str>, at: Timestamp) {
        let Some(known) = self.people.get_mut(user) else { return };
        // Of those who come back it is known already.
        if known.away.as_deref() == text {
            return;
        }
        known.away = text.map(Into::into);
        self.show_away(user, text, at);
    }

    pub(super) fn show_away(&mut self, user: &UserId, text: Option<&str>, at: Timestamp) {
        self.hand_out();
        let Some(known) = self.people.get(user) else { return };
        let (own, who) = (known.clients.clone(), known.shown());
        let mut viewers = self.audience_of(user, &who.nick);
        viewers.retain(|viewer| !own.contains(viewer));
        self.show(&viewers, &Event::Away { who: who.who(), text }, at);
    }

    /// Somebody is connected from elsewhere, or calls their user otherwise: with several connections, as of the latest.
    fn masked(&mut self, user: &UserId, mask: &Arc<str>, version: u64, at: Timestamp) {
        self.hand_out();
        let Some(known) = self.people.get_mut(user) else { return };
        let before = known.shown();
        known.mask_version = version;
        if known.mask == *mask {
            return;
        }
        known.mask = mask.clone();
        for local in known.clients.iter().filter_map(|id| self.clients.get(id)) {
            local.client.set_mask(mask.clone());
        }
        let parts = mask.split_once('@').filter(|_| !before.mask.is_empty());
        let Some((username, host)) = parts else { return };
        let viewers = self.audience_of(user, &before.nick);
        self.show(&viewers, &Event::Chghost { who: before.who(), username, host }, at);
    }

    fn realname_changed(&mut self, user: &UserId, name: Option<&str>, at: Timestamp, doer: Option<&Doer>) {
        self.hand_out();
        let Some(known) = self.people.get_mut(user) else { return };
        known.realname = name.map(Into::into);
        let (who, clients) = (known.shown(), known.clients.clone());
        for local in clients.iter().filter_map(|id| self.clients.get(id)) {
            local.client.is_called(name.unwrap_or_default());
        }
        let viewers = self.audience_of(user, &who.nick);
        let realname = name.unwrap_or(who.nick.as_str());
        self.show_others(viewers, &Event::Setname { who: who.who(), realname }, at, doer);
    }

    /// Their own connections are told by their replies, or when they ask.
    fn modes_changed(&mut self, user: &UserId, modes: UserModes) {
        self.hand_out();
        let Some(known) = self.people.get_mut(user) else { return };
        known.modes = modes;
        for local in known.clients.iter().filter_map(|id| self.clients.get(id)) {
            local.client.set_bot(modes.bot);
        }
    }

    /// Somebody has logged in and goes on under the same nick.
    pub(super) fn show_login(&mut self, user: &UserId, nick: &Nick, at: Timestamp) {
        self.hand_out();
        let who = self.shown_to_watchers(user, nick);
        let own = self.people.get(user).map(|known| known.clients.to_vec()).unwrap_or_default();
        let event = Event::Account { who: who.who() };
        self.show_to_closer_watchers(nick, &own, &event, at);
    }

    /// Somebody's name has become an account: they go on as who they were.
    pub(super) fn show_account(&mut self, user: &UserId) {
        self.hand_out();
        let Some(known) = self.people.get(user) else { return };
        let (own, who) = (known.clients.clone(), known.shown());
        let mut viewers = self.audience_of(user, &who.nick);
        viewers.retain(|viewer| !own.contains(viewer));
        self.show(&viewers, &Event::Account { who: who.who() }, Timestamp::now());
    }

    /// To those who have the mode for it.
    fn show_wallops(&mut self, by: &Shown, text: &str, at: Timestamp, doer: Option<&Doer>) {
        self.hand_out();
        let readers = self.people.values().filter(|known| known.modes.wallops);
        let viewers: Vec<_> = readers.flat_map(|known| known.clients.iter().copied()).collect();
        self.show_others(viewers, &Event::Wallops { by: by.who(), text }, at, doer);
    }

    /// Somebody who is nobody's neighbour here has changed.
    fn of_a_stranger(&mut self, event: &UserEvent) {
        let mut who = self.shown_to_watchers(&event.user, &event.nick);
        who.account = event::account(event.account.as_ref());
        if let UserChange::Wallops { text } = &event.change {
            return self.show_wallops(&who, text, event.at, None);
        }
        if let UserChange::Metadata { key, value } = &event.change {
            let watchers = self.closer_watchers(&event.nick).collect();
            return self.show_metadata(watchers, event.nick.as_str(), (key, value.as_deref()), None);
        }
        let shown = match &event.change {
            UserChange::Away { text } => Event::Away { who: who.who(), text: text.as_deref() },
            UserChange::Realname { realname } => {
                let realname = realname.as_deref().unwrap_or(event.nick.as_str());
                Event::Setname { who: who.who(), realname }
            }
            _ => return,
        };
        self.show_to_closer_watchers(&event.nick, &[], &shown, event.at);
    }

    /// Everyone who is to hear of somebody: who shares a channel with them or watches them closely, and their own connections.
    fn audience_of(&self, user: &UserId, nick: &Nick) -> Vec<ClientId> {
        let mut viewers = self.viewers_of(user);
        viewers.extend(self.closer_watchers(nick));
        viewers.sort_unstable();
        viewers.dedup();
        viewers
    }

    /// Everyone who shares a channel with somebody, and their own connections.
    fn viewers_of(&self, user: &UserId) -> Vec<ClientId> {
        let Some(known) = self.people.get(user) else { return Vec::new() };
        let mut viewers: Vec<ClientId> = known.clients.to_vec();
        for id in &known.channels {
            viewers.extend(self.channels.get(id).into_iter().flat_map(|channel| channel.viewers()));
        }
        viewers.sort_unstable();
        viewers.dedup();
        viewers
    }

    /// What they are away for, as far as this gateway has heard of it.
    pub(super) fn away_of(&self, user: &UserId) -> Option<Arc<str>> {
        self.people.get(user)?.away.clone()
    }

    /// Shows something about a person once to everyone who shares a channel with them, and to their own connections.
    fn show_to_viewers_of(&mut self, user: &UserId, event: &Event<'_>, doer: Option<&Doer>) {
        self.hand_out();
        self.show_others(self.viewers_of(user), event, now(), doer);
    }
}
