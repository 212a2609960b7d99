//! A reply that is owed: exactly one for each command, in the order of the commands, whoever gives it in the end.

use std::sync::Arc;

use api::ErrorCode;

use crate::{
    command::{Answer, Refusal},
    dialect::Label,
    hub::{Client, ClientId},
};

/// Given once with [`Reply::give`]; one that is dropped instead (a panic) answers `500 internal`.
#[must_use = "the client waits for it"]
pub(crate) struct Reply {
    client: Arc<Client>,
    slot: u64,
    label: Label,
    command: &'static str,
    given: bool,
}

impl Reply {
    /// Takes the next place among the client's replies.
    pub(crate) fn begin(client: &Arc<Client>, label: Label, command: &'static str) -> Self {
        Self { slot: client.queue.begin(), client: client.clone(), label, command, given: false }
    }

    pub(crate) fn client(&self) -> ClientId {
        self.client.id
    }

    pub(crate) fn give(mut self, answer: &Answer) {
        self.answer(answer);
    }

    /// A part of the reply, with more to come. Only while no other reply is owed to this client.
    pub(crate) fn partial(&self, answer: &Answer) {
        self.client.queue.partial(self.client.queue.dialect().partial_answer(&self.label, answer));
    }

    fn answer(&mut self, answer: &Answer) {
        self.given = true;
        let code = answer.as_ref().err().map_or("ok", |refusal| refusal.code().as_str());
        metrics::counter!("gateway_commands_total", "command" => self.command, "code" => code).increment(1);
        self.client.queue.complete(self.slot, self.client.queue.dialect().answer(&self.label, answer));
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if !self.given {
            // Else its connection is gone, and nobody waits for it.
            if std::thread::panicking() {
                tracing::error!(command = self.command, "a command panicked");
            }
            self.answer(&Err(Refusal::new(ErrorCode::Internal)));
        }
    }
}
