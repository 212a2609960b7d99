//! Nicks that connections watch, whoever wears them: they are told when somebody comes and goes under one of them
//! (<https://ircv3.net/specs/extensions/monitor>).

use std::sync::Arc;

use api::{
    Nick, Timestamp,
    event::{UserChange, UserEvent},
    id::UserId,
    users::User,
};
use smallvec::SmallVec;

use super::{ClientId, Hub, State};
use crate::event::{self, Event, Shown};

/// Nicks that one connection watches: `MONITOR` in 005. What other servers of IRC have.
pub(crate) const MAX_WATCHED: usize = 100;

/// A nick that somebody here watches.
#[derive(Default)]
pub(super) struct Watched {
    watchers: SmallVec<[ClientId; 1]>,
    /// Who wore it last, as far as this gateway has heard.
    holder: Option<Holder>,
}

struct Holder {
    user: UserId,
    version: u64,
    nick: Nick,
    /// Empty if it is not known.
    mask: Arc<str>,
    online: bool,
}

/// Whether somebody is there under a nick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Presence {
    /// As `nick!user@host` if all of it is known.
    Online(String),
    Offline(String),
}

impl Hub {
    /// Watches these nicks from now on; gives those for which there is no room.
    pub(crate) fn watch(&self, client: ClientId, nicks: &[Nick]) -> Vec<Nick> {
        self.with(|state, _| state.watch(client, nicks))
    }

    /// Watches these no longer; none: any.
    pub(crate) fn unwatch(&self, client: ClientId, nicks: Option<&[Nick]>) {
        self.with(|state, _| state.unwatch(client, nicks));
    }

    /// What a connection watches.
    pub(crate) fn watches(&self, client: ClientId) -> Vec<Nick> {
        self.state.lock().clients.get(&client).map(|local| local.watches.clone()).unwrap_or_default()
    }

    /// All nicks that are watched here.
    pub(crate) fn watched(&self) -> Vec<Nick> {
        self.state.lock().clients.values().flat_map(|local| local.watches.iter().cloned()).collect()
    }

    /// Whether anybody here watches somebody.
    pub(crate) fn is_watched(&self, nick: &Nick) -> bool {
        self.state.lock().watched.contains_key(&nick.key())
    }

    /// user-service was asked who wears these nicks, and has named those who do. `asker` is answered, and told nothing else of it.
    pub(crate) fn wearers(&self, nicks: &[Nick], found: &[User], asker: Option<ClientId>) {
        self.with(|state, _| state.wearers(nicks, found, asker));
    }

    /// How those who wear these nicks stand; what changes next is told after the reply that says so.
    pub(crate) fn presences(&self, client: ClientId, nicks: &[Nick]) -> Vec<Presence> {
        self.with(|state, _| {
            state.reply_follows(client);
            nicks.iter().map(|nick| state.presence(nick)).collect()
        })
    }
}

impl State {
    fn watch(&mut self, client: ClientId, nicks: &[Nick]) -> Vec<Nick> {
        let Some(local) = self.clients.get_mut(&client) else { return Vec::new() };
        let mut rejected = Vec::new();
        for nick in nicks {
            if local.watches.contains(nick) {
                continue;
            }
            if local.watches.len() == MAX_WATCHED {
                rejected.push(nick.clone());
                continue;
            }
            local.watches.push(nick.clone());
            self.watched.entry(nick.key()).or_default().watchers.push(client);
        }
        rejected
    }

    pub(super) fn unwatch(&mut self, client: ClientId, nicks: Option<&[Nick]>) {
        let Some(local) = self.clients.get_mut(&client) else { return };
        let (gone, kept) = std::mem::take(&mut local.watches)
            .into_iter()
            .partition::<Vec<_>, _>(|nick| nicks.is_none_or(|nicks| nicks.contains(nick)));
        local.watches = kept;
        for nick in gone {
            let key = nick.key();
            let Some(watched) = self.watched.get_mut(&key) else { continue };
            watched.watchers.retain(|&mut watcher| watcher != client);
            if watched.watchers.is_empty() {
                self.watched.remove(&key);
            }
        }
    }

    fn wearers(&mut self, nicks: &[Nick], found: &[User], asker: Option<ClientId>) {
        for nick in nicks {
            match found.iter().find(|user| user.person.nick == *nick) {
                Some(user) => self.is_known_to_be(user, asker),
                None => self.wears_no_more(nick, None, u64::MAX, asker),
            }
        }
    }

    /// Somebody as their owner knows them now.
    fn is_known_to_be(&mut self, user: &User, asker: Option<ClientId>) {
        let version = user.person.user_version;
        if user.online {
            let mask = self.people.get(&user.person.id).map(|known| known.mask.clone());
            let mask = mask.filter(|mask| !mask.is_empty());
            let mask = mask.unwrap_or_else(|| event::mask(&user.username, &user.host));
            self.wears(&user.person.id, version, &user.person.nick, &mask, asker);
        } else {
            self.wears_no_more(&user.person.nick, Some(&user.person.id), version, asker);
        }
    }

    fn presence(&self, nick: &Nick) -> Presence {
        let holder = self.watched.get(&nick.key()).and_then(|watched| watched.holder.as_ref());
        match holder.filter(|holder| holder.online) {
            Some(holder) => holder.presence(),
            None => Presence::Offline(nick.to_string()),
        }
    }

    /// Somebody is there under a nick.
    pub(super) fn wears(
        &mut self,
        user: &UserId,
        version: u64,
        nick: &Nick,
        mask: &Arc<str>,
        asker: Option<ClientId>,
    ) {
        let Some(watched) = self.watched.get_mut(&nick.key()) else { return };
        let was_online = watched.holder.as_ref().is_some_and(|holder| holder.online);
        if let Some(holder) = watched.holder.as_ref().filter(|holder| holder.user == *user)
            && holder.version > version
        {
            return;
        }
        let mask = match &watched.holder {
            Some(holder) if mask.is_empty() && holder.user == *user => holder.mask.clone(),
            _ => mask.clone(),
        };
        let holder = Holder { user: user.clone(), version, nick: nick.clone(), mask, online: true };
        let presence = holder.presence();
        watched.holder = Some(holder);
        if !was_online {
            self.tell_watchers(nick, &presence, asker);
        }
    }

    /// Nobody, or not this person, is there under a nick any more.
    pub(super) fn wears_no_more(
        &mut self,
        nick: &Nick,
        user: Option<&UserId>,
        version: u64,
        asker: Option<ClientId>,
    ) {
        let Some(watched) = self.watched.get_mut(&nick.key()) else { return };
        let Some(holder) = &mut watched.holder else { return };
        if user.is_some_and(|user| holder.user != *user) || holder.version > version {
            return;
        }
        if user.is_some() {
            holder.version = version;
        }
        if std::mem::take(&mut holder.online) {
            let presence = Presence::Offline(holder.nick.to_string());
            self.tell_watchers(nick, &presence, asker);
        }
    }

    fn tell_watchers(&mut self, nick: &Nick, presence: &Presence, asker: Option<ClientId>) {
        self.hand_out();
        let watchers = self.watched.get(&nick.key()).map(|watched| watched.watchers.clone());
        for watcher in watchers.unwrap_or_default().into_iter().filter(|watcher| Some(*watcher) != asker) {
            if let Some(local) = self.clients.get(&watcher) {
                local.client.queue.event(|dialect| dialect.presence(&local.client, presence));
            }
        }
    }

    /// What an event says of who is there.
    pub(super) fn watch_event(&mut self, event: &UserEvent) {
        let Some(online) = event.online.filter(|_| !self.watched.is_empty()) else { return };
        let (user, version) = (&event.user, event.version);
        if let UserChange::NickChanged { old } = &event.change
            && *old != event.nick
        {
            self.wears_no_more(old, Some(user), version, None);
        }
        if online {
            let became = match &event.change {
                UserChange::SessionOpened { former: Some(former), .. } => {
                    self.was_worn_by(&event.nick, former)
                }
                _ => false,
            };
            let told = match &event.change {
                UserChange::SessionOpened { username, host: Some(host), .. } => {
                    self.stranger_masked(event, username.as_deref(), host)
                }
                _ => None,
            };
            let mask = told.or_else(|| Some(self.people.get(user)?.mask.clone())).unwrap_or_default();
            self.wears(user, version, &event.nick, &mask, None);
            if became {
                self.show_login(user, &event.nick, event.at);
            }
        } else {
            self.wears_no_more(&event.nick, Some(user), version, None);
        }
    }

    /// Somebody is connected from elsewhere as well, and may be seen nowhere else here; gives the mask that they have then.
    fn stranger_masked(&mut self, event: &UserEvent, username: Option<&str>, host: &str) -> Option<Arc<str>> {
        if self.people.contains_key(&event.user) || !self.was_worn_by(&event.nick, &event.user) {
            return None;
        }
        let who = self.shown_to_watchers(&event.user, &event.nick);
        let mask = event::mask_from(&who.mask, username, host);
        let parts = mask.split_once('@').filter(|_| !who.mask.is_empty() && who.mask != mask);
        if let Some((username, host)) = parts {
            let changed = Event::Chghost { who: who.who(), username, host };
            self.show_to_closer_watchers(&event.nick, &[], &changed, event.at);
        }
        Some(mask)
    }

    fn was_worn_by(&self, nick: &Nick, user: &UserId) -> bool {
        let holder = self.watched.get(&nick.key()).and_then(|watched| watched.holder.as_ref());
        holder.is_some_and(|holder| holder.online && holder.user == *user)
    }

    /// Those who watch somebody and want to hear all of them (<https://ircv3.net/specs/extensions/extended-monitor>).
    pub(super) fn closer_watchers(&self, nick: &Nick) -> impl Iterator<Item = ClientId> + '_ {
        let watchers = self.watched.get(&nick.key()).map(|watched| watched.watchers.as_slice());
        watchers.unwrap_or_default().iter().copied().filter(|watcher| {
            self.clients.get(watcher).is_some_and(|local| local.client.queue.dialect().hears_of_the_watched())
        })
    }

    /// How somebody is shown to those who watch them and see them nowhere else.
    pub(super) fn shown_to_watchers(&self, user: &UserId, nick: &Nick) -> Shown {
        if let Some(known) = self.people.get(user) {
            return known.shown();
        }
        let holder = self.watched.get(&nick.key()).and_then(|watched| watched.holder.as_ref());
        let mask = holder.map(|holder| holder.mask.clone()).unwrap_or_default();
        Shown { mask, ..Shown::unseen(nick.clone()) }
    }

    /// Shows those who watch somebody, and see nothing of them otherwise, what has changed about them.
    pub(super) fn show_to_closer_watchers(
        &mut self,
        nick: &Nick,
        except: &[ClientId],
        event: &Event<'_>,
        at: Timestamp,
    ) {
        let watchers: Vec<_> =
            self.closer_watchers(nick).filter(|watcher| !except.contains(watcher)).collect();
        self.show(&watchers, event, at);
    }
}

impl Holder {
    fn presence(&self) -> Presence {
        Presence::Online(match &*self.mask {
            "" => self.nick.to_string(),
            mask => format!("{}!{mask}", self.nick),
        })
    }
}
