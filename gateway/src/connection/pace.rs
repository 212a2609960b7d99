//! How fast a client is read, and how it is noticed that nothing comes from it.

use std::time::Duration;

use tokio::time::Instant;

use super::{Connection, Stop};
use crate::hub::Client;

impl Connection {
    /// Until it is this client's turn again.
    pub(super) async fn wait(&mut self, mut wait: Duration) -> Result<(), Stop> {
        loop {
            self.pause(wait).await?;
            match self.session.take_turn() {
                Ok(()) => return Ok(()),
                Err(more) => wait = more,
            }
        }
    }

    /// Reads nothing for so long; what the client has waiting is written meanwhile.
    pub(super) async fn pause(&mut self, time: Duration) -> Result<(), Stop> {
        tokio::select! {
            () = tokio::time::sleep(time) => Ok(()),
            stop = self.writer.write(&self.stream, &self.session.client.queue) => Err(stop),
        }
    }
}

/// When something last came from a client.
pub(super) struct Heard {
    pub(super) at: Instant,
    /// It has been asked since whether it is there.
    pub(super) asked: bool,
}

impl Heard {
    /// Nothing has come for too long: it is asked, then it is gone.
    pub(super) fn nothing(&mut self, client: &Client) {
        if self.asked {
            return client.queue.close("ping timeout");
        }
        *self = Self { at: Instant::now(), asked: true };
        client.queue.event(|dialect| dialect.ping(&client.server).unwrap_or_default());
    }
}
