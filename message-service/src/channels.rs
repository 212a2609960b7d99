//! Our own copies of channels: whether somebody may speak is decided here, without asking anybody, and refused only after asking.
//!
//! A copy is fetched when it is first needed, follows the bus, and is compared with the owner's heads every few seconds.

mod copy;
mod follow;
mod kept;
mod missing;

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use api::{ChannelName, ErrorCode, Problem, Timestamp, auth::Actor, id::ChannelId};
use client::replica::ChannelReplica;
use kit::{Kit, Tasks, bus::Interest};
use parking_lot::Mutex;

use self::{copy::Copy, kept::Kept, missing::Missing};
use crate::{
    config::Config,
    domain::policy::{Deed, Standing},
    store::Store,
};

/// What a copy says.
#[derive(Debug)]
pub(crate) enum Judgement<T> {
    Yes(T),
    /// Confirmed by the owner since the question came.
    No(Problem),
    /// The copy is behind, or has not been confirmed since the question came; it is being looked after.
    NotYet,
    /// The owner has not been heard of for too long.
    Lost,
}

/// A question about one channel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    pub channel: &'a ChannelId,
    /// The version that the asker has seen.
    pub version: u64,
    /// When it came: a refusal must be newer.
    pub came: Instant,
}

#[derive(Clone)]
pub(crate) struct Channels(Arc<Inner>);

struct Inner {
    owner: client::Channels,
    store: Store,
    tasks: Tasks,
    clock: kit::Clock,
    interest: Interest,
    copies: Mutex<Copies>,
    missing: Missing,
    kept: Kept,
    /// An unconfirmed copy decides nothing after it.
    trusted_for: Duration,
    /// Copies that nobody asked for are dropped after it.
    kept_for: Duration,
    most: usize,
    patience: Duration,
}

#[derive(Default)]
struct Copies {
    by_id: HashMap<ChannelId, Arc<Copy>>,
    by_name: HashMap<String, ChannelId>,
}

impl Channels {
    pub(crate) fn start(kit: &Kit, owner: client::Channels, store: Store, config: &Config) -> Self {
        let feed = kit::bus::Feed::chosen(&kit.common.urls.channels, &["channel."]);
        let subscription = kit.bus.subscribe(feed);
        let channels = Self(Arc::new(Inner {
            owner,
            store,
            tasks: kit.tasks.clone(),
            clock: kit.clock.clone(),
            interest: subscription.interest(),
            copies: Mutex::default(),
            missing: Missing::default(),
            kept: Kept::default(),
            trusted_for: config.trust_copies_for.get(),
            kept_for: config.keep_copies_for.get(),
            most: config.copies,
            patience: config.catch_up_within.get(),
        }));
        follow::start(&channels, subscription, config.heads_every.get());
        channels
    }

    /// Asks our copy. `rule` sees it and where the person stands in it.
    pub(crate) fn judge<T>(
        &self,
        question: Question<'_>,
        actor: &Actor,
        now: Timestamp,
        rule: impl FnOnce(&ChannelReplica, Standing<'_>) -> Result<T, ErrorCode>,
    ) -> Judgement<T> {
        let Some(copy) = self.copy(question.channel) else { return Judgement::Lost };
        let judgement = copy.judge(question, self.0.trusted_for, |replica| {
            let standing = standing(replica, actor, now);
            rule(replica, standing).map_err(|code| refusal(code, replica, &standing))
        });
        if matches!(judgement, Judgement::NotYet | Judgement::Lost) {
            self.look_after(&copy, question.came);
        }
        judgement
    }

    /// As [`judge`](Self::judge), for somebody who waits for the answer.
    pub(crate) async fn decide<T>(
        &self,
        question: Question<'_>,
        actor: &Actor,
        rule: impl Fn(&ChannelReplica, Standing<'_>) -> Result<T, ErrorCode>,
    ) -> Result<T, Problem> {
        let deadline = tokio::time::Instant::now() + self.0.patience;
        loop {
            let Some(copy) = self.copy(question.channel) else { return Err(lost()) };
            let mut changed = copy.changed();
            match self.judge(question, actor, self.0.clock.now(), &rule) {
                Judgement::Yes(value) => return Ok(value),
                Judgement::No(problem) => return Err(problem),
                Judgement::NotYet | Judgement::Lost => {}
            }
            if tokio::time::timeout_at(deadline, changed.changed()).await.is_err() {
                return Err(lost());
            }
        }
    }

    /// The channel of that name, asked of its owner if we do not know it.
    pub(crate) async fn named(&self, name: &ChannelName) -> Result<ChannelId, Problem> {
        let known = self.0.copies.lock().by_name.get(&name.key()).cloned();
        if let Some(id) = known
            // It may be called otherwise meanwhile.
            && self.copy(&id).is_some_and(|copy| copy.exists() && copy.is_called(name))
        {
            return Ok(id);
        }
        let asked = Instant::now();
        let snapshot = self.0.owner.snapshot_by_name(name).await.map_err(client::Error::problem)?;
        let id = snapshot.channel.id.clone();
        if let Some(copy) = self.copy(&id) {
            copy.snapshot(snapshot, asked);
            self.took(&copy);
        }
        Ok(id)
    }

    /// Whether somebody is in a channel, by our copy; none: we hold none.
    pub(crate) fn is_member(&self, channel: &ChannelId, user: &api::id::UserId) -> Option<bool> {
        let copy = self.0.copies.lock().by_id.get(channel).cloned()?;
        copy.read(|replica| replica.member(user).is_some())
    }

    /// Says when anything in a channel has changed.
    pub(crate) fn changes(&self, channel: &ChannelId) -> Option<tokio::sync::watch::Receiver<u64>> {
        self.copy(channel).map(|copy| copy.changed())
    }

    /// The retention of a channel if we hold a copy of it.
    pub(crate) fn policy(&self, channel: &ChannelId) -> Option<api::channels::HistoryPolicy> {
        let copy = self.0.copies.lock().by_id.get(channel).cloned()?;
        copy.read(|replica| replica.channel.history)
    }

    /// The channels a person is in, as their owner says.
    pub(crate) async fn of(&self, user: &api::id::UserId) -> Result<Vec<ChannelId>, Problem> {
        let memberships = self.0.owner.of(user).await.map_err(client::Error::problem)?;
        Ok(memberships.into_iter().map(|membership| membership.id).collect())
    }

    pub(crate) fn owner(&self) -> &client::Channels {
        &self.0.owner
    }
}

fn standing<'a>(replica: &'a ChannelReplica, actor: &Actor, now: Timestamp) -> Standing<'a> {
    Standing {
        modes: &replica.channel.modes,
        roles: replica.member(actor.id()).map(|member| member.roles),
        banned: replica.is_banned(actor, now) || replica.is_muted(actor, now),
        asleep: replica.dormant || replica.deleted,
    }
}

/// Whoever may not know the channel's name is not told it.
fn refusal(code: ErrorCode, replica: &ChannelReplica, standing: &Standing<'_>) -> Problem {
    let name = &replica.channel.name;
    let secret = standing.modes.secret && standing.roles.is_none();
    let speaks = standing.may(Deed::Speak);
    let detail = match code {
        _ if secret => return Problem::new(code),
        ErrorCode::NoSuchChannel => format!("there is no channel {name}"),
        ErrorCode::NotAMember => format!("you are not in {name}"),
        ErrorCode::Banned => format!("you are banned from {name}"),
        ErrorCode::Moderated if speaks.is_ok() => format!("{name} takes no commands for clients"),
        ErrorCode::Moderated => format!("{name} is moderated and you have no voice"),
        _ => return Problem::new(code),
    };
    Problem::new(code).detail(detail)
}

pub(crate) fn lost() -> Problem {
    Problem::new(ErrorCode::Unavailable)
        .detail("channels is not available: what you may do there cannot be told now")
        .retry_after(1)
}
