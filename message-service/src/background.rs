//! What is done while nobody waits: retention, old keys, erasures that were begun.

use std::time::Duration;

use api::Timestamp;
use kit::Tasks;

use crate::{
    app::App,
    store::{Heard, Policy, Result},
};

/// Conversations looked at in one go.
const PAGE: u32 = 100;
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Between two steps of what takes many: senders go first.
const BREATH: Duration = Duration::from_millis(5);
/// What another replica was asked for and has not finished, because it is gone, is found after so long.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// Before what failed is tried again.
const AGAIN: Duration = Duration::from_secs(1);

pub(crate) fn start(tasks: &Tasks, app: &App) {
    let cleaner = app.clone();
    tasks.keep("clean", move || {
        let app = cleaner.clone();
        async move {
            tokio::time::sleep(app.config.clean_every.get()).await;
            if let Err(error) = clean(&app).await {
                tracing::warn!(cause = %error, "could not clean up, will again");
            }
        }
    });
    let eraser = app.clone();
    tasks.keep("erase", move || {
        let app = eraser.clone();
        async move {
            match app.store.erase_step().await {
                Ok(true) => tokio::time::sleep(BREATH).await,
                Ok(false) => drop(tokio::time::timeout(LOOK_AGAIN, app.erasures.notified()).await),
                Err(error) => {
                    tracing::warn!(cause = %error, "could not erase, will again");
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    });
}

async fn clean(app: &App) -> Result<()> {
    let now = app.clock.now();
    let mut after = 0;
    loop {
        let policies = app.store.policies(after, PAGE).await?;
        let Some(last) = policies.last() else { break };
        after = last.n;
        for policy in policies {
            retain(app, policy, now).await?;
        }
    }
    let cutoff = now.minus(app.config.keep_keys.get());
    app.store.forget_slowed(cutoff).await?;
    let mut next = Some(String::new());
    while let Some(after) = next {
        next = app.store.forget_keys(&after, cutoff).await?;
        tokio::time::sleep(BREATH).await;
    }
    Ok(())
}

async fn retain(app: &App, policy: Policy, now: Timestamp) -> Result<()> {
    let days = match app.channels.policy(&policy.channel) {
        Some(history) => history.retention_days,
        None if now.since(policy.heard) > app.config.ask_policies_every.get() => {
            ask(app, &policy, now).await?
        }
        None => policy.retention_days,
    };
    let Some(days) = days else { return Ok(()) };
    let cutoff = now.minus(DAY * days);
    while app.store.retain(policy.n, cutoff).await? {
        tokio::time::sleep(BREATH).await;
    }
    Ok(())
}

/// The owner may be away: then what was heard last holds.
async fn ask(app: &App, policy: &Policy, now: Timestamp) -> Result<Option<u32>> {
    let Ok(snapshot) = app.channels.owner().snapshot(&policy.channel).await else {
        return Ok(policy.retention_days);
    };
    let history = snapshot.channel.history;
    let heard =
        Heard { channel: policy.channel.clone(), name: Some(snapshot.channel.name), policy: Some(history) };
    app.store.channels_heard(&[heard], now).await?;
    Ok(history.retention_days)
}
