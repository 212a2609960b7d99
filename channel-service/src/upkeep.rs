//! What time does to channels: entries expire, events and memories get old, sleeping channels are forgotten; and what is to be done
//! elsewhere, until it is done.

use std::{future::Future, time::Duration};

use api::{
    Timestamp,
    event::{ChannelChange, ChannelEvent},
    id::{ChannelId, ConversationId},
};
use kit::{Tasks, config::Period};

use crate::{changes::Changes, store::Task};

/// Channels, or tasks, of one turn: the next turn takes the rest.
const TURN: i64 = 100;
/// Old events dropped in one transaction: some milliseconds.
const EVENTS: i64 = 2000;
/// A task that failed is tried again after this, twice that, and so on up to an hour.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(3600);
/// A task in hand is not taken by another replica for so long.
const IN_HAND: Duration = Duration::from_secs(60);
/// Deletes a channel's conversation at message-service; its payload is the id.
const DELETE_CONVERSATION: &str = "delete-conversation";

pub(crate) fn start(tasks: &Tasks, changes: &Changes) {
    let config = &changes.config;
    every(tasks, "expiry", config.expire_every, changes, |changes| async move { changes.expire().await });
    every(tasks, "sweep", config.sweep_every, changes, |changes| async move { changes.sweep().await });
    every(tasks, "tasks", config.tasks_every, changes, |changes| async move { changes.run_tasks().await });
}

fn every<W>(
    tasks: &Tasks,
    name: &'static str,
    period: Period,
    changes: &Changes,
    work: impl Fn(Changes) -> W + Clone + Send + 'static,
) where
    W: Future<Output = kit::Result<()>> + Send + 'static,
{
    let changes = changes.clone();
    tasks.keep(name, move || {
        let turn = work(changes.clone());
        async move {
            tokio::time::sleep(period.get()).await;
            if let Err(error) = turn.await {
                tracing::warn!(cause = %error, "{name} failed, will be tried again");
            }
        }
    });
}

impl Changes {
    /// Lifts list entries that have expired, with an event.
    pub(crate) async fn expire(&self) -> kit::Result<()> {
        let now = self.clock.now().to_millis();
        for id in self.store.expiring(now, TURN).await? {
            let mut ledger = self.ledger();
            let mut tx = self.store.begin([]).await?;
            self.store.rooms_by_id(&mut tx, &mut ledger, &[&id]).await?;
            self.store.lists(&mut tx, &mut ledger).await?;
            if ledger.rooms.contains_key(&id) {
                ledger.lift_expired(&id);
            }
            self.finish(tx, &ledger, None).await?;
        }
        self.store.drop_expired_invitations(now).await?;
        Ok(())
    }

    /// Drops what is old.
    pub(crate) async fn sweep(&self) -> kit::Result<()> {
        let now = self.clock.now();
        while self.store.drop_events(now.minus(self.config.keep_events.get()), EVENTS).await? > 0 {}
        self.store.drop_ended(now.minus(self.config.keep_ended.get())).await?;
        self.raise_floors(now).await?;
        for id in self.store.sleepers(now.minus(self.config.keep_dormant.get()), TURN).await? {
            self.forget(&id, now).await?;
        }
        Ok(())
    }

    /// Closes off the history of channels that were closed and fell asleep, once no send to them can be on its way any more. A
    /// join that comes earlier asks for itself.
    async fn raise_floors(&self, now: Timestamp) -> kit::Result<()> {
        let pending = self.store.pending_floors(now.minus(self.config.late_sends.get()), TURN).await?;
        if pending.is_empty() {
            return Ok(());
        }
        for (id, end) in self.ends_of(&pending).await {
            self.store.raise_floor(&id, end).await?;
        }
        Ok(())
    }

    /// Deletes a channel that has slept too long, and sees to it that its conversation goes too.
    async fn forget(&self, id: &ChannelId, now: Timestamp) -> kit::Result<()> {
        let mut ledger = self.ledger();
        let mut tx = self.store.begin([]).await?;
        self.store.rooms_by_id(&mut tx, &mut ledger, &[id]).await?;
        let Some(room) = ledger.rooms.get(id) else { return Ok(()) };
        let asleep =
            room.dormant_since.is_some_and(|since| since < now.minus(self.config.keep_dormant.get()));
        if !asleep {
            return Ok(());
        }
        let event = ChannelEvent {
            channel: id.clone(),
            name: room.channel.name.clone(),
            version: room.channel.version + 1,
            at: ledger.now,
            by: None,
            session: None,
            change: ChannelChange::Deleted,
        };
        self.store.forget(&mut tx, id).await?;
        self.store.add_task(&mut tx, DELETE_CONVERSATION, id.as_str(), now).await?;
        tx.commit().await?;
        self.publish(&[event], None);
        Ok(())
    }

    /// Does what is to be done elsewhere.
    pub(crate) async fn run_tasks(&self) -> kit::Result<()> {
        let now = self.clock.now();
        for task in self.store.take_tasks(now, now.plus(IN_HAND), TURN).await? {
            match self.run(&task).await {
                Ok(()) => self.store.task_done(task.id).await?,
                Err(error) => {
                    let attempts = u32::try_from(task.attempts).unwrap_or(u32::MAX);
                    let wait = FIRST_RETRY.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1)));
                    let wait = wait.min(LAST_RETRY);
                    tracing::warn!(task = task.kind, attempts, cause = %error, "a task failed, will be tried again");
                    self.store.put_task_off(task.id, self.clock.now().plus(wait)).await?;
                }
            }
        }
        Ok(())
    }

    async fn run(&self, task: &Task) -> anyhow::Result<()> {
        match task.kind.as_str() {
            DELETE_CONVERSATION => {
                let id = ConversationId::try_from(task.payload.as_str())?;
                Ok(self.messages.delete_conversation(&id).await?)
            }
            kind => anyhow::bail!("a task of a newer release: {kind}"),
        }
    }
}
