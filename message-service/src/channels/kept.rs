//! What our own tables say of channels, brought up together: a thousand channels that are first spoken in cost one transaction
//! and not a thousand, which those who speak would wait for.

use std::collections::HashMap;

use api::{ChannelName, channels::HistoryPolicy, id::ChannelId};
use kit::Clock;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::store::{Heard, Store};

/// Channels in one transaction: the writer waits some milliseconds for it.
const CHUNK: usize = 500;

/// What is still to be written: one entry for each channel, and no more channels than there are copies and renamings.
#[derive(Default)]
pub(super) struct Kept {
    heard: Mutex<HashMap<ChannelId, Heard>>,
    some: Notify,
}

impl Kept {
    /// To be written soon; what was heard of the same channel before is out of date.
    pub(super) fn put(&self, channel: &ChannelId, name: Option<ChannelName>, policy: Option<HistoryPolicy>) {
        let mut all = self.heard.lock();
        let heard = all.entry(channel.clone()).or_insert(Heard {
            channel: channel.clone(),
            name: None,
            policy: None,
        });
        heard.name = name.or(heard.name.take());
        heard.policy = policy.or(heard.policy);
        drop(all);
        self.some.notify_one();
    }

    /// Writes what there is, when there is some. What fails is heard again: the background asks for it.
    pub(super) async fn write(&self, store: &Store, clock: &Clock) {
        self.some.notified().await;
        let heard: Vec<_> = std::mem::take(&mut *self.heard.lock()).into_values().collect();
        for chunk in heard.chunks(CHUNK) {
            if let Err(error) = store.channels_heard(chunk, clock.now()).await {
                tracing::debug!(cause = %error, "could not keep what channels are called, and their retention");
            }
        }
    }
}
