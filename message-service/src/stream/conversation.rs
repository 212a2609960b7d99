//! The stream of one conversation.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use api::{
    Entry, ErrorCode, Problem,
    id::{ChannelId, ConversationId, UserId},
};
use axum::response::sse::Event;
use kit::Failure;
use tokio::sync::{broadcast, watch};

use super::{Slot, Source, Watched, closed, here, said};
use crate::{
    app::App,
    channels::{Judgement, Question},
    domain::policy::{Deed, Standing},
    store::Stored,
};

/// Entries read at once.
const PAGE: u32 = 100;

pub(crate) struct ConversationStream {
    app: App,
    watched: Watched,
    place: Place,
    /// The last seq given out.
    after: u64,
    waiting: VecDeque<Entry>,
    /// What is committed here, once the conversation exists.
    live: Option<(ConversationId, broadcast::Receiver<Arc<Stored>>)>,
    /// Changes of the channel, each of which may be the end.
    changes: Option<watch::Receiver<u64>>,
    /// When the database is looked at, whatever was heard.
    look_at: tokio::time::Instant,
    /// Whether the reader knows where they began.
    begun: bool,
    ended: bool,
    _slot: Slot,
}

enum Place {
    Channel(ChannelId),
    With(UserId),
}

impl ConversationStream {
    pub(crate) async fn of_channel(
        app: App,
        watched: Watched,
        channel: ChannelId,
        after: Option<u64>,
        slot: Slot,
    ) -> kit::Result<Self> {
        let changes = app.channels.changes(&channel);
        Self::open(app, watched, Place::Channel(channel), changes, after, slot).await
    }

    pub(crate) async fn with_user(
        app: App,
        watched: Watched,
        user: UserId,
        after: Option<u64>,
        slot: Slot,
    ) -> kit::Result<Self> {
        Self::open(app, watched, Place::With(user), None, after, slot).await
    }

    async fn open(
        app: App,
        watched: Watched,
        place: Place,
        changes: Option<watch::Receiver<u64>>,
        after: Option<u64>,
        slot: Slot,
    ) -> kit::Result<Self> {
        let look_at = tokio::time::Instant::now();
        let mut stream = Self {
            app,
            watched,
            place,
            after: 0,
            waiting: VecDeque::new(),
            live: None,
            changes,
            look_at,
            begun: false,
            ended: false,
            _slot: slot,
        };
        let n = stream.listen().await?;
        let last = match n {
            Some(n) => stream.app.store.bounds(n).await?.last(),
            None => 0,
        };
        stream.after = after.unwrap_or(last);
        if stream.after > last {
            let detail =
                format!("Last-Event-ID is none that this stream gave: the last entry has the seq {last}");
            return Err(Failure::new(ErrorCode::InvalidParameter).detail(detail));
        }
        Ok(stream)
    }

    /// Listens to what is committed, from before the database is asked; gives the conversation's number if it exists.
    async fn listen(&mut self) -> kit::Result<Option<i64>> {
        if let Place::Channel(channel) = &self.place
            && self.live.is_none()
        {
            let id: ConversationId = channel.clone().into();
            self.live = Some((id.clone(), self.app.live.conversation(&id)));
        }
        let found = match &self.place {
            Place::Channel(channel) => self.app.store.conversation(&channel.clone().into()).await?,
            Place::With(user) => self.app.store.direct(self.watched.actor.id(), user).await?,
        };
        let Some(found) = found else { return Ok(None) };
        if self.live.is_none() {
            self.live = Some((found.id.clone(), self.app.live.conversation(&found.id)));
        }
        Ok(Some(found.n))
    }

    /// Why the reader may not read on, or the floor under what they may.
    async fn allowed(&self) -> Result<u64, Problem> {
        if let Some(problem) = self.watched.put_out(&self.app.verifier).await {
            return Err(problem);
        }
        let Place::Channel(channel) = &self.place else { return Ok(0) };
        let question = Question { channel, version: 0, came: Instant::now() };
        let rule = |replica: &client::replica::ChannelReplica, standing: Standing<'_>| {
            standing.may(Deed::Read).map(|()| replica.channel.floor)
        };
        match self.app.channels.judge(question, &self.watched.actor, self.app.clock.now(), rule) {
            Judgement::Yes(floor) => Ok(floor),
            // A refusal is as good as the owner's word.
            _ => self.app.channels.decide(question, &self.watched.actor, rule).await,
        }
    }

    /// Reads what comes next.
    async fn read(&mut self, floor: u64) -> kit::Result<()> {
        let Some(n) = self.listen().await? else { return Ok(()) };
        let range = crate::domain::page::Range::After(self.after.into());
        let page = self.app.store.page(n, floor, range, PAGE).await?;
        self.waiting = page.items.into();
        Ok(())
    }

    /// Waits for something to be said, a change of the channel, or the time for a look. True: the database is to be asked.
    async fn wait(&mut self) -> bool {
        if let (Place::Channel(channel), None) = (&self.place, &self.changes) {
            self.changes = self.app.channels.changes(channel);
        }
        let live = async {
            match &mut self.live {
                Some((_, live)) => live.recv().await,
                None => std::future::pending().await,
            }
        };
        let changed = async {
            match &mut self.changes {
                Some(changes) => changes.changed().await.is_ok(),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            told = live => match told {
                // What comes in order need not be read.
                Ok(stored) if stored.entry.seq == self.after + 1 => {
                    self.waiting.push_back(stored.entry.clone());
                    false
                }
                Ok(stored) => stored.entry.seq > self.after,
                Err(_) => {
                    self.live = None;
                    true
                }
            },
            known = changed => {
                if !known {
                    self.changes = None;
                }
                false
            }
            () = tokio::time::sleep_until(self.look_at) => {
                self.look_at = tokio::time::Instant::now() + self.heartbeat();
                true
            }
        }
    }

    fn heartbeat(&self) -> Duration {
        self.app.config.stream_heartbeat.get()
    }
}

impl Source for ConversationStream {
    async fn next(&mut self) -> Option<Event> {
        if self.ended {
            return None;
        }
        if !self.begun {
            self.begun = true;
            return Some(here(self.after));
        }
        let mut look = true;
        loop {
            let floor = match self.allowed().await {
                Ok(floor) => floor,
                Err(problem) => {
                    self.ended = true;
                    return Some(closed(&problem));
                }
            };
            if let Some(entry) = self.waiting.pop_front() {
                if entry.seq <= self.after.max(floor) {
                    continue;
                }
                self.after = entry.seq;
                return Some(said(&entry, entry.seq));
            }
            if look {
                if let Err(failure) = self.read(floor).await {
                    let problem = failure.into_problem();
                    if problem.code == ErrorCode::Internal {
                        self.ended = true;
                        return Some(closed(&problem));
                    }
                    // The database is away: the next look may find it.
                    self.look_at = tokio::time::Instant::now() + self.heartbeat();
                }
                if !self.waiting.is_empty() {
                    continue;
                }
            }
            look = self.wait().await;
        }
    }
}
