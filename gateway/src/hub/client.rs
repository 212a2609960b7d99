//! One connection, as everyone who has something to say to it sees it.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use api::{
    ChannelName, Entry, Nick,
    auth::{Actor, USERNAME},
    event::ChannelEvent,
    id::{ChannelId, SessionId, UserId},
    messages::SendTo,
    users::OpenedSession,
};
use bytes::Bytes;
use parking_lot::Mutex;

use crate::{dialect::Dialect, event::Shown, sendq::SendQueue, server::Server};

/// Which connection, in this run of this gateway. Other processes know sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ClientId(u64);

pub(crate) struct Client {
    pub(crate) id: ClientId,
    pub(crate) queue: SendQueue,
    /// What it is connected to.
    pub(crate) server: Arc<Server>,
    /// Locked after the hub's state, before the queue.
    me: Mutex<Me>,
}

#[derive(Default)]
struct Me {
    /// Who it is, once it is anybody; the nick is kept up to date by the hub.
    actor: Option<Arc<Actor>>,
    /// The channels it is shown, by the key of their names.
    channels: HashMap<String, Membership>,
    sends: HashMap<Addressee, Sends>,
    /// While a command is carried out: changes by this session that came before an answer. Shown if none claims them.
    unclaimed: Option<Vec<(Change, Bytes)>>,
    /// Changes that were answered, and have not come in their order yet.
    claimed: VecDeque<Change>,
    /// What the reply to the command shows of what it has changed, in dialects that answer with events.
    own: Vec<u8>,
    /// What it calls its user and itself, where it is asked for that.
    named: Option<Box<Named>>,
    /// It is a program, which what it says is marked with.
    bot: bool,
    /// It has a token, which it can log in with again.
    has_token: bool,
    /// `user@host` that others are shown, which may be that of another connection of the same person.
    mask: Option<Arc<str>>,
}

struct Named {
    username: Box<str>,
    realname: Arc<str>,
}

/// One change of a channel or a person, by the number that its owner gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Channel(ChannelId, u64),
    User(UserId, u64),
}

impl Change {
    pub(super) fn of(event: &ChannelEvent) -> Self {
        Self::Channel(event.channel.clone(), event.version)
    }
}

/// Changes that are awaited at once: a command makes one or two.
const MAX_CLAIMED: usize = 32;

/// A channel that a connection is shown.
#[derive(Debug, Clone)]
pub(crate) struct Membership {
    pub(crate) id: ChannelId,
    pub(crate) name: ChannelName,
    /// The highest version that this gateway has seen of it: a send is authorised at this one or a later one.
    pub(crate) seen: Arc<AtomicU64>,
}

impl Membership {
    pub(crate) fn seen(&self) -> u64 {
        self.seen.load(Ordering::Acquire)
    }
}

/// What sends of one client are kept apart by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Addressee {
    Channel(ChannelId),
    User(UserId),
}

impl From<&SendTo> for Addressee {
    fn from(to: &SendTo) -> Self {
        match to {
            SendTo::Channel(id) => Self::Channel(id.clone()),
            SendTo::User(person) => Self::User(person.id.clone()),
        }
    }
}

impl Addressee {
    pub(crate) fn of(entry: &Entry) -> Self {
        match &entry.to {
            Some(person) => Self::User(person.id.clone()),
            None => Self::Channel(entry.conversation.as_channel()),
        }
    }
}

/// Sends to one addressee whose outcome is not known yet.
#[derive(Default)]
struct Sends {
    open: usize,
    /// Entries of this session that came another way meanwhile: their reply will show them, or, if it was `503`, an event.
    unclaimed: Vec<Entry>,
}

impl Client {
    pub(crate) fn new(queue_limit: usize, dialect: Dialect, server: Arc<Server>) -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = ClientId(NEXT.fetch_add(1, Ordering::Relaxed));
        Arc::new(Self { id, queue: SendQueue::new(queue_limit, dialect), server, me: Mutex::default() })
    }

    pub(crate) fn actor(&self) -> Option<Arc<Actor>> {
        self.me.lock().actor.clone()
    }

    pub(crate) fn session(&self) -> Option<SessionId> {
        self.me.lock().actor.as_ref()?.session.clone()
    }

    /// From the next session on.
    pub(crate) fn introduces(&self, username: &str, realname: &str) {
        let named = Named { username: username.into(), realname: realname.into() };
        self.me.lock().named = Some(Box::new(named));
    }

    pub(crate) fn realname(&self) -> Option<Arc<str>> {
        Some(self.me.lock().named.as_ref()?.realname.clone())
    }

    /// Its real name is another one now.
    pub(super) fn is_called(&self, realname: &str) {
        if let Some(named) = &mut self.me.lock().named {
            named.realname = realname.into();
        }
    }

    pub(crate) fn got_token(&self) {
        self.me.lock().has_token = true;
    }

    pub(crate) fn has_token(&self) -> bool {
        self.me.lock().has_token
    }

    pub(super) fn set_bot(&self, bot: bool) {
        self.me.lock().bot = bot;
    }

    pub(super) fn set_mask(&self, mask: Arc<str>) {
        self.me.lock().mask = Some(mask);
    }

    /// Who it is, as it is shown.
    pub(crate) fn shown(&self) -> Option<Shown> {
        let me = self.me.lock();
        let shown = Shown { bot: me.bot, ..Shown::from(&**me.actor.as_ref()?) };
        Some(match &me.mask {
            Some(mask) => Shown { mask: mask.clone(), ..shown },
            None => shown,
        })
    }

    /// What it calls its user.
    pub(crate) fn username(&self) -> Option<String> {
        Some(self.me.lock().named.as_ref()?.username.to_string())
    }

    /// Who it is in a session.
    pub(crate) fn actor_of(&self, opened: &OpenedSession) -> Actor {
        let user = &opened.user;
        let me = self.me.lock();
        let username = me.named.as_ref().map_or(USERNAME, |named| &named.username);
        Actor {
            person: user.person.clone(),
            account: user.account.clone(),
            session: Some(opened.session.clone()),
            scopes: opened.scopes,
            username: username.to_owned(),
            host: user.host.clone(),
            since: opened.opened_at.as_micros(),
        }
    }

    pub(super) fn set_actor(&self, actor: Option<Actor>) {
        self.me.lock().actor = actor.map(Arc::new);
    }

    pub(super) fn rename(&self, nick: &Nick, version: u64) {
        let mut me = self.me.lock();
        if let Some(actor) = &mut me.actor {
            let mut renamed = Actor::clone(actor);
            renamed.person.nick = nick.clone();
            renamed.person.user_version = version;
            *actor = Arc::new(renamed);
        }
    }

    pub(crate) fn membership(&self, name: &ChannelName) -> Option<Membership> {
        self.me.lock().channels.get(&name.key()).cloned()
    }

    /// The channel of that id, by the name that it has now.
    pub(crate) fn membership_of(&self, id: &ChannelId) -> Option<Membership> {
        self.me.lock().channels.values().find(|membership| membership.id == *id).cloned()
    }

    pub(super) fn is_renamed(&self, id: &ChannelId, name: &ChannelName) {
        let mut me = self.me.lock();
        let key = me.channels.iter().find(|(_, membership)| membership.id == *id).map(|(key, _)| key.clone());
        if let Some(membership) = key.and_then(|key| me.channels.remove(&key)) {
            me.channels.insert(name.key(), Membership { name: name.clone(), ..membership });
        }
    }

    pub(crate) fn memberships(&self) -> Vec<Membership> {
        self.me.lock().channels.values().cloned().collect()
    }

    pub(crate) fn channel_count(&self) -> usize {
        self.me.lock().channels.len()
    }

    pub(super) fn enter(&self, membership: Membership) {
        self.me.lock().channels.insert(membership.name.key(), membership);
    }

    pub(super) fn leave(&self, id: &ChannelId) {
        let mut me = self.me.lock();
        me.channels.retain(|_, membership| membership.id != *id);
        if me.channels.is_empty() {
            me.channels = HashMap::new();
        }
    }

    /// A command begins: what it changes is its reply's to show, if one comes.
    pub(crate) fn change_begins(&self) {
        self.me.lock().unclaimed.get_or_insert_default();
    }

    /// Its answer names these changes.
    pub(super) fn claim(&self, changes: impl Iterator<Item = Change>) {
        let answers_with_events = self.queue.dialect().answers_with_events();
        let mut me = self.me.lock();
        let Me { unclaimed: Some(unclaimed), claimed, own, .. } = &mut *me else { return };
        for change in changes {
            match unclaimed.iter().position(|(unclaimed, _)| *unclaimed == change) {
                Some(index) => {
                    let (_, bytes) = unclaimed.remove(index);
                    if answers_with_events {
                        own.extend_from_slice(&bytes);
                    }
                }
                None => claimed.push_back(change),
            }
        }
        while claimed.len() > MAX_CLAIMED {
            claimed.pop_front();
        }
    }

    /// Whether a change by this session is not to be shown to it: it is answered, or may be still; then it is kept until that is
    /// known.
    pub(super) fn is_or_may_be_answered(
        &self,
        change: &Change,
        written: impl FnOnce(Dialect) -> Bytes,
    ) -> bool {
        let dialect = self.queue.dialect();
        let mut me = self.me.lock();
        let claimed = me.claimed.iter().position(|claimed| claimed == change);
        if let Some(index) = claimed {
            me.claimed.remove(index);
            if !dialect.answers_with_events() {
                return true;
            }
        }
        // Too late for its reply: an event like any other.
        if me.unclaimed.is_none() {
            return false;
        }
        drop(me);
        // Whoever writes it may ask who the client is. The hub's state is locked, so that nothing is claimed meanwhile.
        let bytes = written(dialect);
        let mut me = self.me.lock();
        let Me { unclaimed: Some(unclaimed), own, .. } = &mut *me else { return false };
        match claimed {
            Some(_) => own.extend_from_slice(&bytes),
            None => unclaimed.push((change.clone(), bytes)),
        }
        true
    }

    /// As [`is_or_may_be_answered`](Self::is_or_may_be_answered), of what a reply says in words of its own.
    pub(super) fn is_told_by_reply(&self, change: &Change) -> bool {
        self.is_or_may_be_answered(change, |_| Bytes::new())
    }

    /// The command has ended: what it changed without being told so (the answer was lost) is shown like any other change.
    pub(crate) fn change_ends(&self) {
        let mut me = self.me.lock();
        let unclaimed = me.unclaimed.take().unwrap_or_default();
        let own = std::mem::take(&mut me.own);
        drop(me);
        self.queue.event(|_| own.into());
        for (_, bytes) in unclaimed {
            self.queue.event(|_| bytes);
        }
    }

    /// What the reply that is being given shows of what was changed.
    pub(crate) fn take_own(&self) -> Vec<u8> {
        std::mem::take(&mut self.me.lock().own)
    }

    /// A send is on its way.
    pub(crate) fn send_begins(&self, to: Addressee) {
        self.me.lock().sends.entry(to).or_default().open += 1;
    }

    /// An entry of this session came otherwise than as the answer to its send. True: a send to there is still open, and may be
    /// this one; the entry is kept until that is known.
    pub(super) fn may_claim(&self, entry: &Entry) -> bool {
        let mut me = self.me.lock();
        match me.sends.get_mut(&Addressee::of(entry)) {
            Some(sends) => {
                sends.unclaimed.push(entry.clone());
                true
            }
            None => false,
        }
    }

    /// The outcome of a send is known (`stored` as this seq) or given up. Gives the entries that no open send can be: they are
    /// to be shown.
    pub(super) fn send_ends(&self, to: &Addressee, stored: Option<u64>) -> Vec<Entry> {
        let mut me = self.me.lock();
        let Some(sends) = me.sends.get_mut(to) else { return Vec::new() };
        sends.open -= 1;
        sends.unclaimed.retain(|entry| Some(entry.seq) != stored);
        if sends.open > 0 {
            return Vec::new();
        }
        let unclaimed = me.sends.remove(to).map(|sends| sends.unclaimed).unwrap_or_default();
        if me.sends.is_empty() {
            me.sends = HashMap::new();
        }
        unclaimed
    }
}
