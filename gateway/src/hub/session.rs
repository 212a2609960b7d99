//! Connections that are somebody.

use std::{collections::HashMap, sync::Arc};

use api::{
    Nick, Person, Timestamp,
    auth::Actor,
    id::{SessionId, UserId},
    users::OpenedSession,
};

use super::{Client, ClientId, State, resume::Cursor};

/// `user` of `nick!user@host`, the same as over REST: this gateway asks nobody's ident.
const USERNAME: &str = "~u";

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
}

impl State {
    pub(super) fn opened(&mut self, client: &Arc<Client>, opened: &OpenedSession) {
        let user = &opened.user;
        let actor = Actor {
            person: user.person.clone(),
            account: user.account.clone(),
            session: Some(opened.session.clone()),
            scopes: opened.scopes,
            username: USERNAME.to_owned(),
            host: user.host.clone(),
            since: opened.opened_at.as_micros(),
        };
        let former = self.clients.get(&client.id).map(|local| local.user.clone());
        if former.is_some() {
            self.closed(client.id);
        }
        client.set_actor(Some(actor));
        let local = Local {
            client: client.clone(),
            session: opened.session.clone(),
            user: user.person.id.clone(),
            former,
            since: opened.opened_at,
            cursors: HashMap::new(),
        };
        self.clients.insert(client.id, local);
        self.sessions.insert(opened.session.clone(), client.id);
        self.connect_person(&user.person, client.id);
    }

    pub(super) fn closed(&mut self, id: ClientId) {
        self.hand_out();
        self.detach_all(id);
        let Some(local) = self.clients.remove(&id) else { return };
        if self.sessions.get(&local.session) == Some(&id) {
            self.sessions.remove(&local.session);
        }
        self.disconnect_person(&local.user, id);
    }

    pub(super) fn close_session(&mut self, session: &SessionId, reason: &str) {
        let Some(id) = self.sessions.get(session) else { return };
        if let Some(local) = self.clients.get(id) {
            local.client.queue.close(reason);
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
