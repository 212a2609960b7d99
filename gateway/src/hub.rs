//! What is shown to whom: replicas of the channels that have a member here, and of the people in them. Events come in by one door
//! ([`State::channel_event`], [`State::entry`], [`State::user_event`]), own replies and bus alike; lines go out to many queues,
//! written once for each dialect. No I/O and no waiting: one lock, time passed in, and what is missing comes out as [`Ask`]s.

mod change;
mod channel;
mod client;
mod direct;
mod due;
mod endings;
mod fence;
mod heads;
mod healer;
mod join;
pub(crate) mod metadata;
mod passing;
mod person;
mod resume;
mod run;
mod sent;
mod session;
mod show;
#[cfg(test)]
mod tests;
mod watch;
mod who;

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::Arc,
    time::Instant,
};

use api::{
    Entry, Nick, Person, Timestamp,
    channels::Changed,
    event::{ChannelEvent, UserEvent},
    id::{ChannelId, ConversationId, SessionId, UserId},
    users::OpenedSession,
};
use kit::bus::Interest;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::command::Named;

use self::{
    channel::Channel,
    client::Change,
    direct::Direct,
    due::Due,
    endings::Endings,
    fence::{Ending, Fence},
    metadata::Newcomer,
    person::Known,
    run::Run,
    session::Local,
    watch::Watched,
};
pub(crate) use self::{
    client::{Addressee, Client, ClientId, Membership},
    due::Ask,
    healer::Healer,
    join::{Attach, Told},
    sent::{Done, SEND_WITHIN, Sent, Stored},
    session::{Left, Lost},
    watch::{MAX_WATCHED, Presence},
};

/// The one lock, and the bell for the one who heals.
pub(crate) struct Hub {
    state: Mutex<State>,
    healer: Notify,
    /// Rung when something has happened in channels elsewhere.
    happened: Notify,
    /// Rung when it is not known whether something was stored.
    doubt: Notify,
    sends: Fence,
}

#[derive(Default)]
pub(crate) struct State {
    clients: HashMap<ClientId, Local>,
    sessions: HashMap<SessionId, ClientId>,
    channels: HashMap<ChannelId, Channel>,
    people: HashMap<UserId, Known>,
    directs: HashMap<ConversationId, Direct>,
    /// Entries that are applied and not yet handed out: those of one channel leave together.
    runs: HashMap<ChannelId, Run>,
    endings: Endings,
    due: Due,
    /// Nicks of the people who are connected here, by key.
    nicks: HashMap<String, UserId>,
    /// Nicks that somebody here watches, by key.
    watched: HashMap<String, Watched>,
    /// Who has come into channels where somebody hears of metadata, and not been asked about.
    newcomers: Vec<Newcomer>,
    /// What to hear of, where the bus lets one choose.
    channel_interest: Option<Interest>,
    conversation_interest: Option<Interest>,
    /// The owners' epochs, once they are known.
    epochs: Epochs,
}

#[derive(Default)]
struct Epochs {
    channels: Option<String>,
    messages: Option<String>,
    users: Option<String>,
}

impl Hub {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::default(),
            healer: Notify::new(),
            happened: Notify::new(),
            doubt: Notify::new(),
            sends: Fence::default(),
        }
    }

    /// Does something to the state; then hands out what has gathered, and wakes the healer if something is missing.
    fn with<T>(&self, work: impl FnOnce(&mut State, Instant) -> T) -> T {
        let mut state = self.state.lock();
        let done = work(&mut state, Instant::now());
        state.hand_out();
        let wake = state.due.take_news();
        drop(state);
        if wake {
            self.healer.notify_one();
        }
        done
    }

    /// Names the subjects that channels add and remove themselves from.
    pub(crate) fn listen_through(&self, channels: Option<Interest>, conversations: Option<Interest>) {
        let mut state = self.state.lock();
        state.channel_interest = channels;
        state.conversation_interest = conversations;
    }

    /// Resolves when the events of every channel that is followed so far come.
    async fn listens(&self) {
        let interests =
            self.with(|state, _| [state.channel_interest.clone(), state.conversation_interest.clone()]);
        for interest in interests.into_iter().flatten() {
            interest.settled().await;
        }
    }

    /// A connection has become somebody, or somebody else. Gives the channels that it has left by that, each with the seq up to
    /// which it was shown.
    pub(crate) fn opened(&self, client: &Arc<Client>, address: IpAddr, opened: &OpenedSession) -> Vec<Left> {
        self.with(|state, _| state.opened(client, address, opened))
    }

    /// What it takes to open the session of a connection again; none if it is gone.
    pub(crate) fn lost(&self, client: ClientId) -> Option<Lost> {
        self.with(|state, _| state.lost(client))
    }

    /// A connection is gone. The rest of the world learns it from the owners.
    pub(crate) fn closed(&self, client: ClientId) {
        self.with(|state, _| state.closed(client));
        self.happened.notify_waiters();
    }

    /// The session of a lost connection cannot be opened again: the connection is closed with the reason of its end.
    pub(crate) fn give_up(&self, client: ClientId, session: &SessionId) {
        self.with(|state, _| state.give_up(client, session));
    }

    /// All sessions of this gateway have ended without it.
    pub(crate) fn sessions_have_ended(&self, reason: &str) {
        self.with(|state, now| {
            let sessions: Vec<_> = state.sessions.keys().cloned().collect();
            sessions.iter().for_each(|session| state.session_ended(session, reason, false, now));
        });
    }

    /// A join was answered: attaches the connection when the replica is as far, and tells so then.
    pub(crate) fn joined(&self, client: ClientId, changed: Changed, attach: Attach, told: Told) {
        self.with(|state, now| state.joined(client, changed, attach, told, now));
    }

    /// A part was answered: the connection is shown nothing more of the channel.
    pub(crate) fn parted(&self, client: ClientId, changed: Changed) {
        self.with(|state, now| {
            state.detach(client, &changed.channel.id);
            state.changed(client, changed, now);
            state.reply_follows(client);
        });
    }

    /// Another change of a channel was answered, and its reply shows it.
    pub(crate) fn changed(&self, client: ClientId, changed: Changed) {
        self.with(|state, now| {
            state.changed(client, changed, now);
            state.reply_follows(client);
        });
    }

    /// Events of channels from the bus.
    pub(crate) fn channel_events(&self, events: Vec<ChannelEvent>) {
        self.with(|state, now| events.into_iter().for_each(|event| state.channel_event(event, now)));
        self.happened.notify_waiters();
    }

    /// Entries from the bus, or of a reply that was not a send's.
    pub(crate) fn entries(&self, entries: Vec<Entry>) {
        self.with(|state, now| entries.into_iter().for_each(|entry| state.entry(entry, None, now)));
    }

    /// As [`Hub::changed`], about somebody; gives what they are called when the reply is shown.
    pub(crate) fn changed_about(&self, client: ClientId, changed: Changed, person: &Person) -> Nick {
        self.with(|state, now| {
            state.changed(client, changed, now);
            state.reply_follows(client);
            state.nick_of(person)
        })
    }

    /// Changes of a person were answered, and the reply shows them.
    pub(crate) fn user_changed(&self, client: ClientId, events: Vec<UserEvent>) {
        self.with(|state, now| {
            if let Some(local) = state.clients.get(&client) {
                local
                    .client
                    .claim(events.iter().map(|event| Change::User(event.user.clone(), event.version)));
            }
            events.into_iter().for_each(|event| state.user_event(event, now));
            state.reply_follows(client);
        });
    }

    /// Events of users from the bus.
    pub(crate) fn user_events(&self, events: Vec<UserEvent>) {
        self.with(|state, now| events.into_iter().for_each(|event| state.user_event(event, now)));
        self.happened.notify_waiters();
    }

    /// Somebody has read up to a moment, and been told so on this connection.
    pub(crate) fn has_read(&self, client: ClientId, target: &str, until: Option<Timestamp>) {
        self.with(|state, _| state.has_read(client, target, until));
    }

    /// Sends are given up that may have been stored: the owner is asked as soon as it answers again.
    pub(crate) fn doubts(&self) {
        self.doubt.notify_one();
    }

    /// What came of sends.
    pub(crate) fn sent(&self, done: Vec<Done>) {
        let answered = done.iter().filter(|done| done.is_answered()).count();
        self.with(|state, now| done.into_iter().for_each(|done| state.sent(done, now)));
        self.sends.end(answered as u64);
    }

    /// A send is on its way, of which [`sent`](Self::sent) will tell.
    pub(crate) fn send_begins(&self) {
        self.sends.begins();
    }

    /// Somebody's session comes to its end; it has, and everybody has been shown it, when this is dropped.
    pub(crate) fn end_begins(&self) -> Ending<'_> {
        self.sends.ending()
    }

    /// How many sends and ends there have been, if any is on its way.
    pub(crate) fn open_sends(&self) -> Option<u64> {
        self.sends.open()
    }

    /// Until so many of them have come to their end, and everybody has been shown it.
    pub(crate) async fn sends_ended(&self, count: u64) {
        self.sends.ended(count).await;
    }

    /// Whether somebody has a connection here.
    pub(crate) fn is_here(&self, user: &UserId) -> bool {
        self.state.lock().people.get(user).is_some_and(|known| !known.clients.is_empty())
    }

    /// Who of those connected here has this nick now.
    pub(crate) fn person(&self, nick: &Nick) -> Option<Person> {
        self.state.lock().connected(nick)
    }

    /// Whether frames of this channel, or of its conversation, are of interest.
    pub(crate) fn follows(&self, channel: &ChannelId) -> bool {
        self.state.lock().channels.contains_key(channel)
    }

    /// The members as this gateway shows them, and whether the channel is secret, if it follows the channel; the reply that says so comes before what changes next.
    pub(crate) fn members(&self, client: ClientId, channel: &ChannelId) -> Option<(Vec<Named>, bool)> {
        self.with(|state, _| {
            state.reply_follows(client);
            state.members(channel)
        })
    }

    /// Somebody's roles in a channel that is followed here.
    pub(crate) fn roles(&self, channel: &ChannelId, user: &UserId) -> Option<api::mode::Roles> {
        Some(self.state.lock().channels.get(channel)?.replica()?.member(user)?.roles)
    }

    /// The replica's view of a channel that is followed here.
    pub(crate) fn channel(&self, channel: &ChannelId) -> Option<api::channels::Channel> {
        self.state.lock().channels.get(channel)?.replica().map(|replica| replica.channel.clone())
    }

    /// Numbers for `/metrics`.
    pub(crate) fn sizes(&self) -> (usize, usize, usize) {
        let state = self.state.lock();
        (state.clients.len(), state.channels.len(), state.people.len())
    }
}

/// What came before its owner's snapshot: bounded, as what is dropped is asked for again.
const MAX_EARLY: usize = 1024;

fn keep_early<T>(early: &mut VecDeque<T>, item: T) {
    if early.len() < MAX_EARLY {
        early.push_back(item);
    }
}

/// Events that no owner has dated happen now.
fn now() -> Timestamp {
    Timestamp::now()
}
