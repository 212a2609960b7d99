//! Connections that are somebody.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use api::{
    ChannelName, Nick, Person, Timestamp,
    auth::{Actor, Scopes},
    id::{ChannelId, SessionId, UserId},
    metadata::MetadataKey,
    users::{OpenedSession, User},
};

use kit::config::Secret;

use super::{Client, ClientId, Hub, Membership, State, due::Thing, now, resume::Cursor};

/// A connection that is somebody.
pub(super) struct Local {
    pub(super) client: Arc<Client>,
    pub(super) session: SessionId,
    pub(super) user: UserId,
    /// Who it was before it logged in: it is not shown its own former self leaving.
    pub(super) former: Option<UserId>,
    pub(super) since: Timestamp,
    /// Where it stands in direct conversations that it resumes or has resumed, by the other party.
    pub(super) cursors: HashMap<UserId, Cursor>,
    address: IpAddr,
    /// Opens the session again should it end without its connection.
    secret: Secret<String>,
    /// Its session has ended, and is being opened again. The reason to close it with if that cannot be done.
    lost: Option<String>,
    /// Channels that the end of the session took it out of.
    pub(super) left: Vec<Left>,
    /// Nicks that it watches, as typed: at most [`super::MAX_WATCHED`].
    pub(super) watches: Vec<Nick>,
    /// Keys of metadata that it hears of: at most [`super::metadata::MAX_SUBSCRIPTIONS`].
    pub(super) subscriptions: Vec<MetadataKey>,
}

/// A channel that a connection is no longer shown, and the last seq that it was shown.
#[derive(Debug, Clone)]
pub(crate) struct Left {
    pub(crate) name: ChannelName,
    pub(crate) seq: u64,
}

/// A connection whose session has ended without it.
pub(crate) struct Lost {
    pub(crate) client: Arc<Client>,
    pub(crate) session: SessionId,
    pub(crate) address: IpAddr,
    pub(crate) secret: Secret<String>,
}

/// What a connection that has ended waits for others to be shown that: longer than the bus takes.
const GONE_WITHIN: Duration = Duration::from_millis(500);

impl Hub {
    /// Waits until those here have been shown that somebody has left these channels, unless they are in them by another
    /// connection, or stay.
    pub(crate) async fn gone(&self, user: &UserId, left: &[Membership]) {
        let shown = async {
            loop {
                let told = self.happened.notified();
                if !self.state.lock().is_in_any(user, left) {
                    return;
                }
                told.await;
            }
        };
        // A time-out: it is shown later.
        let _ = tokio::time::timeout(GONE_WITHIN, shown).await;
    }
}

impl Hub {
    /// A session may do other things from now on.
    pub(crate) fn may(&self, client: ClientId, scopes: Scopes) {
        self.with(|state, _| {
            let Some(local) = state.clients.get(&client) else { return };
            let Some(actor) = local.client.actor() else { return };
            let actor = Actor { scopes, ..(*actor).clone() };
            let operator = actor.is_operator();
            local.client.set_actor(Some(actor));
            if let Some(known) = state.people.get_mut(&local.user) {
                known.operator = operator;
            }
        });
    }

    /// Waits until somebody has no connection here.
    pub(crate) async fn closes(&self, user: &UserId) {
        loop {
            let told = self.happened.notified();
            if !self.is_here(user) {
                return;
            }
            told.await;
        }
    }
}

impl State {
    fn is_in_any(&self, user: &UserId, channels: &[Membership]) -> bool {
        let is_here = self.people.get(user).is_some_and(|known| !known.clients.is_empty() || known.stays);
        !is_here
            && channels.iter().any(|membership| {
                let replica = self.channels.get(&membership.id).and_then(|channel| channel.replica());
                replica.is_some_and(|replica| replica.member(user).is_some())
            })
    }

    pub(super) fn opened(
        &mut self,
        client: &Arc<Client>,
        address: IpAddr,
        opened: &OpenedSession,
    ) -> Vec<Left> {
        let user = &opened.user;
        let actor = client.actor_of(opened);
        let former = self.clients.get(&client.id).map(|local| local.user.clone());
        let left = self.where_it_stands(client.id);
        let before = client.actor();
        // It goes on watching what it watches, and hearing what it hears.
        let kept = self.clients.get_mut(&client.id);
        let kept =
            kept.map(|local| (std::mem::take(&mut local.watches), std::mem::take(&mut local.subscriptions)));
        let (watches, subscriptions) = kept.unwrap_or_default();
        if former.is_some() {
            self.closed(client.id);
        }
        client.set_actor(Some(actor.clone()));
        let local = Local {
            client: client.clone(),
            session: opened.session.clone(),
            user: user.person.id.clone(),
            former: former.clone(),
            since: opened.opened_at,
            cursors: HashMap::new(),
            address,
            secret: Secret::new(opened.secret.clone()),
            lost: None,
            left: Vec::new(),
            watches,
            subscriptions,
        };
        self.clients.insert(client.id, local);
        self.sessions.insert(opened.session.clone(), client.id);
        self.connect_person(&actor, user, client);
        self.came_in(user, former.as_ref().zip(before.as_deref()));
        left
    }

    /// Tells those who watch that somebody is there, in the place of whom they were before on the same connection.
    fn came_in(&mut self, user: &User, former: Option<(&UserId, &Actor)>) {
        let Person { id, nick, user_version } = &user.person;
        let mask = self.people.get(id).map(|known| known.mask.clone()).unwrap_or_default();
        self.wears(id, *user_version, nick, &mask, None);
        let Some((former, before)) = former else { return };
        if former == id {
            if before.account.is_none() && user.account.is_some() {
                self.show_account(id);
            }
            return;
        }
        if before.person.nick == *nick {
            self.show_login(id, nick, now());
        } else {
            self.wears_no_more(&before.person.nick, Some(former), u64::MAX, None);
        }
    }

    fn where_it_stands(&self, id: ClientId) -> Vec<Left> {
        let Some(local) = self.clients.get(&id) else { return Vec::new() };
        let shown = local.client.memberships().into_iter().map(|membership| {
            let seq = self
                .channels
                .get(&membership.id)
                .and_then(|channel| channel.held())
                .map_or(0, |(_, seq)| seq);
            Left { name: membership.name, seq }
        });
        local.left.iter().cloned().chain(shown).collect()
    }

    pub(super) fn closed(&mut self, id: ClientId) {
        self.hand_out();
        self.detach_all(id);
        self.unwatch(id, None);
        let Some(local) = self.clients.remove(&id) else { return };
        if self.sessions.get(&local.session) == Some(&id) {
            self.sessions.remove(&local.session);
        }
        self.disconnect_person(&local.user, id);
    }

    /// Somebody's sessions have ended; connections of theirs that are still here may come back to the channel.
    pub(super) fn note_left(&mut self, id: &ChannelId, name: &ChannelName, user: &UserId) {
        let Some(channel) = self.channels.get(id) else { return };
        let seq = channel.held().map_or(0, |(_, seq)| seq);
        let theirs = channel.viewers.iter().filter(|viewer| viewer.user == *user).map(|viewer| viewer.client);
        for client in theirs.collect::<Vec<_>>() {
            if let Some(local) = self.clients.get_mut(&client) {
                local.left.push(Left { name: name.clone(), seq });
            }
        }
    }

    /// A session has ended. Unless somebody wanted that, it is opened again for the connection that is still here.
    pub(super) fn session_ended(&mut self, session: &SessionId, reason: &str, forced: bool, now: Instant) {
        let Some(&id) = self.sessions.get(session) else { return };
        let Some(local) = self.clients.get_mut(&id) else { return };
        if forced {
            local.client.queue.close(reason);
        } else if local.lost.is_none() {
            local.lost = Some(reason.to_owned());
            self.due.set(Thing::Session(id), Some(now));
        }
    }

    pub(super) fn lost(&mut self, id: ClientId) -> Option<Lost> {
        let Local { client, session, address, secret, lost, .. } = self.clients.get(&id)?;
        lost.as_ref()?;
        let (client, session, secret) = (client.clone(), session.clone(), secret.clone());
        Some(Lost { client, session, address: *address, secret })
    }

    /// A session cannot be opened again. Its connection may have become somebody else meanwhile.
    pub(super) fn give_up(&mut self, id: ClientId, session: &SessionId) {
        if let Some(Local { client, session: now, lost: Some(reason), .. }) = self.clients.get(&id)
            && now == session
        {
            client.queue.close(reason.clone());
        }
    }

    /// What was applied so far is shown to this connection by its reply, which is given next: what else happens comes after it.
    pub(super) fn reply_follows(&mut self, client: ClientId) {
        self.hand_out();
        if let Some(local) = self.clients.get(&client) {
            local.client.queue.hold_events();
        }
    }

    /// The connection of a session, if it is here.
    pub(super) fn client_of(&self, session: Option<&SessionId>) -> Option<ClientId> {
        self.sessions.get(session?).copied()
    }

    pub(super) fn connected(&self, nick: &Nick) -> Option<Person> {
        let id = self.nicks.get(&nick.key())?;
        let known = self.people.get(id)?;
        Some(Person { id: id.clone(), nick: known.nick.clone(), user_version: known.nick_version })
    }
}
