//! Asks the owners for what is missing, and from time to time what is. The only part of the hub that waits.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use api::{
    HeadsRequest, Timestamp,
    auth::ServiceName,
    id::{ChannelId, ConversationId},
    messages::DirectHead,
    metadata::MetadataLookup,
    page::MAX_LIMIT,
};
use client::Caller;
use tokio::sync::Semaphore;

use super::{Ask, Hub};
use crate::{gateway::Gateway, reopen};

/// How often the owners are asked what is behind.
const HEADS_EVERY: Duration = Duration::from_secs(5);
/// After a question that was not answered, while something is in doubt.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// Questions in flight at once: enough after a restart with thousands of channels, and no flood.
const QUESTIONS: usize = 64;
/// Direct messages are asked for since this long before the last answer: clocks and commits differ by less.
const DIRECT_MARGIN: Duration = Duration::from_secs(10);

/// Keeps a gateway's hub whole.
#[derive(Clone)]
pub(crate) struct Healer {
    gateway: Arc<Gateway>,
    slots: Arc<Semaphore>,
}

impl Healer {
    pub(crate) fn new(gateway: Arc<Gateway>) -> Self {
        Self { gateway, slots: Arc::new(Semaphore::new(QUESTIONS)) }
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.gateway.hub
    }

    /// Asks for what is missing, as soon as its time has come.
    pub(crate) async fn run(self) {
        loop {
            let (asks, next) = self.hub().asks();
            for ask in asks {
                let Ok(slot) = self.slots.clone().acquire_owned().await else { return };
                let healer = self.clone();
                tokio::spawn(async move {
                    healer.ask(ask).await;
                    drop(slot);
                });
            }
            let wait = next.map_or(HEADS_EVERY, |next| next.saturating_duration_since(Instant::now()));
            // Bounded by the next heads in any case.
            let _ = tokio::time::timeout(wait.min(HEADS_EVERY), self.hub().news()).await;
        }
    }

    async fn ask(&self, ask: Ask) {
        match ask {
            Ask::Load(id) => {
                let answer = self.load(&id).await;
                self.hub().with(|state, now| state.loaded(&id, answer, now));
            }
            Ask::ChannelEvents(id, after) => {
                let answer = heard(self.gateway.channels.events(&id, after).await);
                self.hub().with(|state, now| state.channel_events_answered(&id, answer, now));
            }
            Ask::Snapshot(id) => {
                let answer = heard(self.gateway.channels.snapshot(&id).await);
                self.hub().with(|state, now| state.snapshot_answered(&id, answer, now));
            }
            Ask::Entries(id, after) => {
                let answer = heard(self.gateway.messages.entries(&id.clone().into(), after, MAX_LIMIT).await);
                self.hub().with(|state, now| state.entries_answered(&id, answer, now));
            }
            Ask::DirectEntries(id, after) => {
                let answer = heard(self.gateway.messages.entries(&id, after, MAX_LIMIT).await);
                self.hub().with(|state, now| state.direct_entries(&id, answer, now));
            }
            Ask::DirectBase(id) => {
                let head = self.direct_head(&id).await;
                self.hub().with(|state, now| state.direct_base(&id, head, now));
            }
            // Not asked again: whoever wants to know it can.
            Ask::Metadata(newcomers, keys) => {
                let ids: BTreeSet<_> = newcomers.iter().map(|newcomer| newcomer.user.clone()).collect();
                let asked = MetadataLookup { ids: ids.into_iter().collect(), keys };
                if let Some(said) = heard(self.gateway.users.metadata_of(Caller::Service, &asked).await) {
                    self.hub().with(|state, _| state.newcomers_say(&newcomers, &said));
                }
            }
            Ask::Reopen(client) => reopen::reopen(&self.gateway, client).await,
            Ask::UserEvents(id, after) => {
                let answer = heard(self.gateway.users.events(&id, after).await);
                self.hub().with(|state, now| state.user_events_answered(&id, answer, now));
            }
        }
    }

    async fn load(&self, id: &ChannelId) -> Option<(api::channels::Snapshot, u64)> {
        // Asked before, what happens in between would be in neither.
        self.hub().listens().await;
        let held = HeadsRequest { held: [(id.to_string(), 0)].into() };
        let (snapshot, heads) =
            tokio::join!(self.gateway.channels.snapshot(id), self.gateway.messages.heads(&held));
        // A conversation without entries is not there yet.
        let last_seq = heard(heads)?.behind.get(id.as_str()).copied().unwrap_or(0);
        Some((heard(snapshot)?, last_seq))
    }

    async fn direct_head(&self, id: &ConversationId) -> Option<DirectHead> {
        let (users, since) = self.hub().with(|state, _| state.connected_parties(id))?;
        let heads = heard(self.gateway.messages.conversations_of(users, since).await)?;
        heads.into_iter().find(|head| head.id == *id)
    }

    /// Asks all owners from time to time.
    pub(crate) async fn heads(self) {
        let mut ticks = tokio::time::interval(HEADS_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut direct_floor = None;
        loop {
            ticks.tick().await;
            tokio::join!(self.channel_heads(), self.user_heads(), async {
                self.conversation_heads().await;
                direct_floor = self.direct_heads(direct_floor).await;
            });
            self.hub().with(|state, now| state.forget_directs(now));
        }
    }

    /// Asks one owner, whose feed has just (re)started.
    pub(crate) async fn heads_of(&self, owner: ServiceName) {
        match owner {
            ServiceName::Users => {
                self.user_heads().await;
                self.watched_people().await;
            }
            ServiceName::Channels => self.channel_heads().await,
            ServiceName::Messages => {
                self.conversation_heads().await;
                self.direct_heads(None).await;
            }
            ServiceName::Gateway | ServiceName::Logs => {}
        }
    }

    /// Looks for what may have been stored without an answer, until the owner has told.
    pub(crate) async fn resolve_doubts(self) {
        loop {
            self.hub().doubt.notified().await;
            while !(self.conversation_heads().await && self.direct_heads(None).await.is_some()) {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
    }

    async fn channel_heads(&self) {
        for held in or_empty(self.hub().with(|state, _| state.held_channels())) {
            if let Some(heads) = heard(self.gateway.channels.heads(&held).await) {
                self.hub().with(|state, now| state.channels_at(heads, now));
            }
        }
    }

    /// False if the owner has not told all.
    async fn conversation_heads(&self) -> bool {
        let mut all = true;
        for held in or_empty(self.hub().with(|state, _| state.held_conversations())) {
            let heads = heard(self.gateway.messages.heads(&held).await);
            all &= heads.is_some();
            if let Some(heads) = heads {
                self.hub().with(|state, now| state.conversations_at(heads, now));
            }
        }
        all
    }

    async fn user_heads(&self) {
        for held in or_empty(self.hub().with(|state, _| state.held_people())) {
            if let Some(heads) = heard(self.gateway.users.heads(&held).await) {
                self.hub().with(|state, now| state.people_at(heads, now));
            }
        }
    }

    /// Asks about those who are watched: whoever came or went while the feed was silent.
    async fn watched_people(&self) {
        for nicks in self.hub().watched().chunks(api::users::MAX_LOOKUP) {
            let asked = nicks.iter().map(ToString::to_string).collect();
            if let Some(found) = heard(self.gateway.users.wearers(asked).await) {
                self.hub().wearers(nicks, &found, None);
            }
        }
    }

    /// Gives the floor for the next time: what came before it is known here.
    async fn direct_heads(&self, floor: Option<Timestamp>) -> Option<Timestamp> {
        let asked = Timestamp::now().minus(DIRECT_MARGIN);
        let Some((users, since)) =
            self.hub().with(|state, _| Some((state.connected_users(), state.direct_since(floor)?)))
        else {
            return Some(asked);
        };
        for users in users.chunks(api::users::MAX_LOOKUP) {
            let heads = heard(self.gateway.messages.conversations_of(users.to_vec(), since).await);
            let Some(heads) = heads else { return floor };
            self.hub().with(|state, now| state.direct_heads(heads, now));
        }
        Some(asked)
    }
}

impl Hub {
    /// What to ask now, and when to look again.
    fn asks(&self) -> (Vec<Ask>, Option<Instant>) {
        self.with(|state, now| (state.asks(now), state.due.next()))
    }

    /// Resolves when something is missing that was not.
    async fn news(&self) {
        self.healer.notified().await;
    }
}

/// An owner that does not answer is asked again later.
fn heard<T>(answer: Result<T, client::Error>) -> Option<T> {
    answer
        .inspect_err(|error| tracing::debug!(cause = %error, "an owner did not answer, will ask again"))
        .ok()
}

/// Asking about nothing still tells the epoch.
fn or_empty(held: Vec<HeadsRequest>) -> Vec<HeadsRequest> {
    if held.is_empty() { vec![HeadsRequest::default()] } else { held }
}
