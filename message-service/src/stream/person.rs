//! The stream of everything that is said to one person, with one cursor: the position among the entries of all conversations.

use std::{collections::VecDeque, sync::Arc, time::Instant};

use api::{Entry, ErrorCode, Problem, id::ChannelId};
use axum::response::sse::Event;
use kit::Failure;
use tokio::sync::{
    Semaphore,
    broadcast::{self, error::RecvError},
};

use super::{Slot, Source, Watched, closed, here, said};
use crate::{
    app::App,
    channels::Question,
    domain::policy::{Deed, Standing},
    store::Stored,
};

/// Positions looked through at once, and entries taken of them: what a stream holds for a reader who does not read.
const CHUNK: i64 = 5_000;
const TAKEN: usize = 100;
/// Streams that read at once: others' requests need connections, too.
static READING: Semaphore = Semaphore::const_new(2);

pub(crate) struct PersonStream {
    app: App,
    watched: Watched,
    /// Everything up to it was given out or is none of theirs.
    after: i64,
    waiting: VecDeque<(i64, Entry)>,
    live: broadcast::Receiver<Arc<Stored>>,
    look_at: tokio::time::Instant,
    /// The position that the reader knows.
    told: Option<i64>,
    ended: bool,
    _slot: Slot,
}

impl PersonStream {
    pub(crate) async fn open(
        app: App,
        watched: Watched,
        after: Option<u64>,
        slot: Slot,
    ) -> kit::Result<Self> {
        let live = app.live.all();
        let head = app.store.log_head().await?;
        let after = match after {
            None => head,
            Some(after) => i64::try_from(after).unwrap_or(i64::MAX),
        };
        if after > head || head - after > i64::from(app.config.resume_entries) {
            let detail = "Last-Event-ID lies too far back, or is none that this stream gave: read the histories instead";
            return Err(Failure::new(ErrorCode::InvalidParameter).detail(detail));
        }
        let look_at = tokio::time::Instant::now();
        Ok(Self {
            app,
            watched,
            after,
            waiting: VecDeque::new(),
            live,
            look_at,
            told: None,
            ended: false,
            _slot: slot,
        })
    }

    /// Reads what lies between what was given out and the head, some of it. False: there is no more.
    async fn read(&mut self) -> Result<bool, Problem> {
        let head = self.app.store.log_head().await.map_err(|error| Failure::from(error).into_problem())?;
        if self.after >= head {
            return Ok(false);
        }
        let channels = self.app.channels.of(self.watched.actor.id()).await?;
        let through = (self.after + CHUNK).min(head);
        let turn = READING.acquire().await;
        let read = self.app.store.log(self.watched.actor.id(), &channels, self.after, through, TAKEN).await;
        drop(turn);
        let entries = read.map_err(|error| Failure::from(error).into_problem())?;
        let through = if entries.len() < TAKEN {
            through
        } else {
            entries.last().map_or(through, |(position, _)| *position)
        };
        let mut floors: Vec<(ChannelId, Option<u64>)> = Vec::new();
        for (position, entry) in entries {
            if entry.to.is_none() {
                let channel = entry.conversation.as_channel();
                let floor = match floors.iter().find(|(id, _)| *id == channel) {
                    Some((_, floor)) => *floor,
                    None => {
                        let floor = self.floor(&channel).await?;
                        floors.push((channel, floor));
                        floor
                    }
                };
                if floor.is_none_or(|floor| entry.seq <= floor) {
                    continue;
                }
            }
            self.waiting.push_back((position, entry));
        }
        if self.waiting.is_empty() {
            self.after = through;
        }
        Ok(true)
    }

    /// The floor of a channel; none: they may not read it.
    async fn floor(&self, channel: &ChannelId) -> Result<Option<u64>, Problem> {
        let question = Question { channel, version: 0, came: Instant::now() };
        let rule = |replica: &client::replica::ChannelReplica, standing: Standing<'_>| {
            standing.may(Deed::Read).map(|()| replica.channel.floor)
        };
        match self.app.channels.decide(question, &self.watched.actor, rule).await {
            Ok(floor) => Ok(Some(floor)),
            Err(problem) if problem.status < 500 => Ok(None),
            Err(problem) => Err(problem),
        }
    }

    /// Whether something just said is theirs to read, by our copy, which has just allowed it to be said.
    fn concerns(&self, entry: &Entry) -> bool {
        let me = self.watched.actor.id();
        match &entry.to {
            Some(to) => to.id == *me || entry.author.id == *me,
            None => self.app.channels.is_member(&entry.conversation.as_channel(), me).unwrap_or(false),
        }
    }

    /// Waits for something to be said or the time for a look. True: the database is to be asked.
    async fn wait(&mut self) -> bool {
        tokio::select! {
            told = self.live.recv() => match told {
                // What comes in order need not be read. Others' entries count: their positions were passed.
                Ok(stored) if stored.position == self.after + 1 => {
                    if self.concerns(&stored.entry) {
                        self.waiting.push_back((stored.position, stored.entry.clone()));
                    } else {
                        self.after = stored.position;
                    }
                    false
                }
                Ok(stored) => stored.position > self.after,
                Err(RecvError::Lagged(_)) => true,
                // The service ends.
                Err(RecvError::Closed) => std::future::pending().await,
            },
            () = tokio::time::sleep_until(self.look_at) => {
                self.look_at = tokio::time::Instant::now() + self.app.config.stream_heartbeat.get();
                true
            }
        }
    }
}

impl Source for PersonStream {
    async fn next(&mut self) -> Option<Event> {
        if self.ended {
            return None;
        }
        let mut look = true;
        loop {
            if let Some(problem) = self.watched.put_out(&self.app.verifier).await {
                self.ended = true;
                return Some(closed(&problem));
            }
            if let Some((position, entry)) = self.waiting.pop_front() {
                self.after = position;
                self.told = Some(position);
                return Some(said(&entry, position));
            }
            // At first, and now and then while others talk: whoever comes back need not go through that again.
            if look && self.told != Some(self.after) {
                self.told = Some(self.after);
                return Some(here(self.after));
            }
            if look {
                match self.read().await {
                    Ok(true) => continue,
                    Ok(false) => {}
                    Err(problem) if problem.code == ErrorCode::Internal => {
                        self.ended = true;
                        return Some(closed(&problem));
                    }
                    // Something is away: the next look may find it.
                    Err(_) => {
                        self.look_at = tokio::time::Instant::now() + self.app.config.stream_heartbeat.get()
                    }
                }
            }
            look = self.wait().await;
        }
    }
}
