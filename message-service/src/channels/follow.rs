//! Keeps the copies up: by the bus, by heads every few seconds, and at once where somebody waits.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use api::{
    ErrorCode, HeadsRequest,
    bus::{Frame, Subject},
    event::{ChannelChange, ChannelEvent},
    id::ChannelId,
    page::{MAX_HEADS, MAX_LIMIT},
};
use client::sequence::HOLE_WAIT;
use kit::bus::{BusItem, Subscription};

use super::{Channels, Copies, Copy};

/// Before an owner that did not answer is asked again: whoever waits has a deadline, and a neighbour that is away is not hammered.
pub(super) const RETRY: Duration = Duration::from_millis(200);

pub(super) fn start(channels: &Channels, subscription: Subscription, every: Duration) {
    let tasks = channels.0.tasks.clone();
    let follower = channels.clone();
    tasks.spawn("channel-events", async move { follower.follow(subscription).await });
    let fetcher = channels.clone();
    tasks.keep("channel-copies", move || {
        let fetcher = fetcher.clone();
        async move { fetcher.fetch().await }
    });
    let writer = channels.clone();
    tasks.keep("channel-kept", move || {
        let writer = writer.clone();
        async move { writer.0.kept.write(&writer.0.store, &writer.0.clock).await }
    });
    let keeper = channels.clone();
    tasks.keep("channel-heads", move || {
        let keeper = keeper.clone();
        async move {
            tokio::time::sleep(every).await;
            keeper.heads().await;
            keeper.drop_unused();
        }
    });
}

impl Channels {
    /// The copy of a channel, made if there is none; none: there are too many.
    pub(super) fn copy(&self, id: &ChannelId) -> Option<Arc<Copy>> {
        let mut copies = self.0.copies.lock();
        if let Some(copy) = copies.by_id.get(id) {
            return Some(copy.clone());
        }
        if copies.by_id.len() >= self.0.most {
            return None;
        }
        // Heard before asked: what changes in between is not missed.
        self.0.interest.add(Subject::Channel(id.clone()));
        let copy = Arc::new(Copy::new(id.clone()));
        copies.by_id.insert(id.clone(), copy.clone());
        Some(copy)
    }

    /// Asks the owner, in the background, for somebody who came at `came`.
    pub(super) fn look_after(&self, copy: &Arc<Copy>, came: Instant) {
        if copy.begin_asking(came) {
            self.begin(copy.clone());
        }
    }

    /// What is not there at all is fetched with others, what is behind is caught up with alone.
    fn begin(&self, copy: Arc<Copy>) {
        if copy.version().is_none() {
            return self.0.missing.put(copy);
        }
        let channels = self.clone();
        self.0.tasks.spawn("channel-copy", async move {
            let mut asking = channels.asking(copy.clone());
            let asked = Instant::now();
            let answered = channels.ask(&copy).await;
            if !answered {
                tokio::time::sleep(RETRY).await;
            }
            asking.end_first();
            channels.ended(copy, asked, answered);
        });
    }

    /// Asks again for whoever came later, or still waits.
    pub(super) fn ended(&self, copy: Arc<Copy>, asked: Instant, answered: bool) {
        if copy.end_asking(asked, answered) {
            self.begin(copy);
        }
    }

    /// Brings a copy up to the owner's latest. False: it could not be asked.
    async fn ask(&self, copy: &Arc<Copy>) -> bool {
        loop {
            let asked = Instant::now();
            let more = match copy.version() {
                None => match self.0.owner.snapshot(&copy.id).await {
                    Ok(snapshot) => {
                        copy.snapshot(snapshot, asked);
                        self.took(copy);
                        false
                    }
                    Err(error) => return self.refused(copy, error, asked),
                },
                Some(version) => match self.0.owner.events(&copy.id, version).await {
                    Ok(answer) => {
                        let heard = answer.events.clone();
                        let more = copy.events(answer, asked, MAX_LIMIT as usize);
                        heard.iter().for_each(|event| self.heard(event));
                        more
                    }
                    Err(error) => return self.refused(copy, error, asked),
                },
            };
            if !more {
                return true;
            }
        }
    }

    fn refused(&self, copy: &Arc<Copy>, error: client::Error, asked: Instant) -> bool {
        let is_gone =
            matches!(&error, client::Error::Refused(problem) if problem.code == ErrorCode::NoSuchChannel);
        if is_gone {
            copy.gone(asked);
        } else {
            tracing::debug!(channel = %copy.id, cause = %error, "could not ask for a channel");
        }
        is_gone
    }

    /// A copy was fetched: it is found by its name, and what our own tables say is brought up.
    pub(super) fn took(&self, copy: &Arc<Copy>) {
        let Some((name, policy)) =
            copy.read(|replica| (replica.channel.name.clone(), replica.channel.history))
        else {
            return;
        };
        self.0.copies.lock().by_name.insert(name.key(), copy.id.clone());
        self.0.kept.put(&copy.id, Some(name), Some(policy));
    }

    /// What our own tables say of channels, too, once it has been applied: a copy says what is so now, an event may be older.
    fn heard(&self, event: &ChannelEvent) {
        let (name, policy) = match &event.change {
            ChannelChange::Policy { history } => (None, Some(*history)),
            ChannelChange::Renamed { .. } => (Some(event.name.clone()), None),
            _ => return,
        };
        let copy = self.0.copies.lock().by_id.get(&event.channel).cloned();
        match copy.filter(|copy| copy.exists()) {
            Some(copy) => self.took(&copy),
            None => self.0.kept.put(&event.channel, name, policy),
        }
    }

    async fn follow(&self, mut subscription: Subscription) {
        while let Some(item) = subscription.next().await {
            match item {
                BusItem::Frame(frame) => self.frame(&frame),
                BusItem::Connected => {
                    let channels = self.clone();
                    self.0.tasks.spawn("channel-heads-now", async move { channels.heads().await });
                }
            }
        }
    }

    fn frame(&self, frame: &Frame) {
        // Some owners tell several at once.
        let events: Vec<ChannelEvent> = match frame.payload.first() {
            Some(b'[') => serde_json::from_slice(&frame.payload).unwrap_or_default(),
            _ => serde_json::from_slice(&frame.payload).into_iter().collect(),
        };
        for event in events {
            let copy = self.0.copies.lock().by_id.get(&event.channel).cloned();
            if let Some(copy) = copy
                && copy.event(event.clone())
            {
                self.fill_hole(copy);
            }
            self.heard(&event);
        }
    }

    /// The rest of a hole may be right behind on the bus; if not, it is asked for.
    fn fill_hole(&self, copy: Arc<Copy>) {
        let channels = self.clone();
        self.0.tasks.spawn("channel-hole", async move {
            tokio::time::sleep(HOLE_WAIT).await;
            if copy.is_behind() {
                channels.look_after(&copy, Instant::now());
            }
        });
    }

    /// Compares all copies with the owner's heads.
    async fn heads(&self) {
        let copies: Vec<_> = self.0.copies.lock().by_id.values().cloned().collect();
        for part in copies.chunks(MAX_HEADS) {
            let held = part.iter().filter_map(|copy| Some((copy.id.to_string(), copy.version()?)));
            let held = HeadsRequest { held: held.collect() };
            if held.held.is_empty() {
                continue;
            }
            let asked = Instant::now();
            let reply = match self.0.owner.heads(&held).await {
                Ok(reply) => reply,
                Err(error) => {
                    tracing::debug!(cause = %error, "could not ask for the heads of channels");
                    return;
                }
            };
            for copy in part.iter().filter(|copy| held.held.contains_key(copy.id.as_str())) {
                if reply.gone.iter().any(|gone| gone == copy.id.as_str()) {
                    copy.gone(asked);
                } else if !copy.head(&reply.epoch, reply.behind.get(copy.id.as_str()).copied(), asked) {
                    self.look_after(copy, asked);
                }
            }
        }
    }

    fn drop_unused(&self) {
        let now = Instant::now();
        let mut copies = self.0.copies.lock();
        let unused: Vec<_> = copies
            .by_id
            .values()
            // Somebody who holds it may be about to use it.
            .filter(|copy| copy.idle(now) > self.0.kept_for && Arc::strong_count(copy) == 1)
            .map(|copy| copy.id.clone())
            .collect();
        for id in &unused {
            copies.by_id.remove(id);
            self.0.interest.remove(Subject::Channel(id.clone()));
        }
        let Copies { by_id, by_name } = &mut *copies;
        by_name.retain(|name, id| {
            let copy = by_id.get(id);
            copy.and_then(|copy| copy.read(|replica| replica.channel.name.key() == *name)) == Some(true)
        });
    }
}
