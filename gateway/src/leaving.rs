//! Connections that have gone and whose nicks are not free yet: whoever comes back at once waits for the own ghost to leave.

use std::{collections::HashMap, sync::Arc, time::Duration};

use api::Nick;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// Longer than an end that is answered takes.
const WITHIN: Duration = Duration::from_secs(3);

/// How many connections of each nick are leaving, by key.
#[derive(Default)]
pub(crate) struct Leaving(Arc<Inner>);

#[derive(Default)]
struct Inner {
    nicks: Mutex<HashMap<String, usize>>,
    gone: Notify,
}

/// While this lives its nick is being given up.
pub(crate) struct Goes {
    inner: Arc<Inner>,
    nick: String,
}

impl Leaving {
    pub(crate) fn begin(&self, nick: &Nick) -> Goes {
        let nick = nick.key();
        *self.0.nicks.lock().entry(nick.clone()).or_default() += 1;
        Goes { inner: self.0.clone(), nick }
    }

    /// Waits until nobody with this nick is leaving; false if nobody was.
    pub(crate) async fn wait(&self, nick: &Nick) -> bool {
        let nick = nick.key();
        if !self.0.nicks.lock().contains_key(&nick) {
            return false;
        }
        let gone = async {
            loop {
                let told = self.0.gone.notified();
                if !self.0.nicks.lock().contains_key(&nick) {
                    return;
                }
                told.await;
            }
        };
        // A time-out: the nick stays taken for now.
        let _ = tokio::time::timeout(WITHIN, gone).await;
        true
    }
}

impl Drop for Goes {
    fn drop(&mut self) {
        let mut nicks = self.inner.nicks.lock();
        if let Some(count) = nicks.get_mut(&self.nick) {
            *count -= 1;
            if *count == 0 {
                nicks.remove(&self.nick);
            }
        }
        drop(nicks);
        self.inner.gone.notify_waiters();
    }
}
