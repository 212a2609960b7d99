//! Retention, in the background.

use std::time::Duration;

use kit::Clock;
use tokio::time::{MissedTickBehavior, interval};

use crate::{
    config::Config,
    store::{RETAIN_CHUNK, Store},
};

/// Between two chunks, so that those who wait to write get their turn.
const BREATH: Duration = Duration::from_millis(10);

/// Deletes what is too old or too much, chunk by chunk, for ever.
pub(crate) async fn run(store: Store, clock: Clock, config: Config) {
    let keep = config.keep();
    // A period of zero would be a panic; a millisecond is as good as none.
    let mut ticks = interval(config.sweep_every.get().max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        loop {
            match store.retain(&keep, clock.now()).await {
                Ok(RETAIN_CHUNK..) => tokio::time::sleep(BREATH).await,
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(cause = %error, "could not delete old records, will try again");
                    break;
                }
            }
        }
    }
}
