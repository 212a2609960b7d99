//! Sends: from a gateway, by what it has shown, to one of several message-services, each of which decides by its own replica.

use std::time::Duration;

use api::Person;
use rand::RngExt;

use super::{Arrival, BUSY, GATEWAYS, MESSENGERS, World, owner::Committed};

/// A message on its way.
#[derive(Debug, Clone)]
pub(super) struct Send {
    who: Person,
    /// The version of the channel that its gateway had shown.
    seen: u64,
    messenger: usize,
}

/// Until a message-service that is behind looks again.
const LOOK_AGAIN_MS: u64 = 5;

impl World {
    /// Somebody says something, at a gateway that has shown them in the channel.
    pub(super) fn say(&mut self, who: Person) {
        let gateway = self.rng.random_range(0..GATEWAYS);
        if !self.readers[gateway].shows(&who.id) {
            return;
        }
        let messenger = GATEWAYS + self.rng.random_range(0..MESSENGERS);
        let seen = self.readers[gateway].last_version;
        let took = self.rng.random_range(0..self.faults.delay_ms);
        self.after(took, Arrival::Send(Send { who, seen, messenger }));
    }

    /// It is stored if the sender is in the channel at a version that is not behind what their gateway had shown; it is refused only by
    /// what the owner says now.
    pub(super) fn decide(&mut self, send: Send) {
        if self.now >= BUSY {
            return;
        }
        let now = self.start + self.now;
        let messenger = &mut self.readers[send.messenger];
        let held = messenger.last_version;
        if held < send.seen {
            messenger.follow.expect_version(send.seen, now);
            return self.comes_again(send);
        }
        if messenger.shows(&send.who.id) {
            let at = self.now;
            let entry = self.owner.say(send.who, held, at);
            self.history.said += 1;
            return self.publish_to_all(&Committed::Entry(Box::new(entry)));
        }
        if !self.owner.has(&send.who.id) {
            self.history.refused += 1;
            return;
        }
        let version = self.owner.heads().0;
        messenger.follow.expect_version(version, now);
        self.comes_again(send);
    }

    fn comes_again(&mut self, send: Send) {
        self.history.stale += 1;
        self.settle(send.messenger);
        self.at(self.now + Duration::from_millis(LOOK_AGAIN_MS), Arrival::Send(send));
    }
}
