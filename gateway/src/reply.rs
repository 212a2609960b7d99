//! A reply that is owed: exactly one for each command, in the order of the commands, whoever gives it in the end.

use std::sync::Arc;

use api::ErrorCode;
use bytes::Bytes;
use parking_lot::Mutex;

use crate::{
    command::{Answer, Refusal},
    dialect::{Ask, Dialect},
    hub::{Client, ClientId},
};

/// Given once with [`Reply::give`]; one that is dropped instead (a panic) answers `500 internal`.
#[must_use = "the client waits for it"]
pub(crate) struct Reply {
    client: Arc<Client>,
    place: Place,
    command: &'static str,
    given: bool,
}

/// Where it will stand.
enum Place {
    Alone {
        slot: u64,
        ask: Ask,
    },
    /// One of those to the commands of one line, which are given together: a label frames all of them.
    Part(Arc<Gather>, usize),
}

struct Gather {
    slot: u64,
    ask: Ask,
    parts: Mutex<Parts>,
}

struct Parts {
    given: Vec<Bytes>,
    missing: usize,
}

impl Reply {
    /// Takes the next place among the client's replies.
    pub(crate) fn begin(client: &Arc<Client>, ask: Ask, command: &'static str) -> Self {
        let place = Place::Alone { slot: client.queue.begin(), ask };
        Self { client: client.clone(), place, command, given: false }
    }

    /// Takes one place for as many replies as there are commands.
    pub(crate) fn begin_parts(
        client: &Arc<Client>,
        ask: Ask,
        commands: impl ExactSizeIterator<Item = &'static str>,
    ) -> Vec<Self> {
        let missing = commands.len();
        let parts = Mutex::new(Parts { given: vec![Bytes::new(); missing], missing });
        let gather = Arc::new(Gather { slot: client.queue.begin(), ask, parts });
        let part = |(index, command)| Self {
            client: client.clone(),
            place: Place::Part(gather.clone(), index),
            command,
            given: false,
        };
        commands.enumerate().map(part).collect()
    }

    pub(crate) fn client(&self) -> ClientId {
        self.client.id
    }

    /// How it will be written.
    pub(crate) fn dialect(&self) -> Dialect {
        self.client.queue.dialect()
    }

    pub(crate) fn give(mut self, answer: &Answer) {
        self.answer(answer);
    }

    /// A part of the reply, with more to come. Only while no other reply is owed to this client.
    pub(crate) fn partial(&self, answer: &Answer) {
        let bytes = self.dialect().partial_answer(&self.client, self.ask(), answer);
        self.client.queue.partial(bytes);
    }

    /// It answers what was asked with this label. Of a line with one command only.
    pub(crate) fn labels(&mut self, label: Option<Box<str>>) {
        if let Place::Alone { ask, .. } = &mut self.place
            && label.is_some()
        {
            ask.label = label;
        }
    }

    /// It answers what this verb would say in one line.
    pub(crate) fn answers(&mut self, verb: &'static str) {
        if let Place::Alone { ask, .. } = &mut self.place {
            ask.verb = verb;
        }
    }

    fn ask(&self) -> &Ask {
        match &self.place {
            Place::Alone { ask, .. } => ask,
            Place::Part(gather, _) => &gather.ask,
        }
    }

    fn answer(&mut self, answer: &Answer) {
        self.given = true;
        #[cfg(test)]
        crate::dialect::law::note(&self.client, self.command, answer);
        let code = answer.as_ref().err().map_or("ok", |refusal| refusal.code().as_str());
        metrics::counter!("gateway_commands_total", "command" => self.command, "code" => code).increment(1);
        let dialect = self.dialect();
        let mut bytes = dialect.answer(&self.client, self.ask(), answer);
        if dialect.answers_with_events() {
            let mut own = self.client.take_own();
            if !own.is_empty() {
                own.extend_from_slice(&bytes);
                bytes = own.into();
            }
        }
        match &self.place {
            Place::Alone { slot, ask } => {
                self.client.queue.complete(*slot, dialect.frame(&self.client, ask, bytes));
            }
            Place::Part(gather, index) => {
                let Some(all) = gather.put(*index, bytes) else { return };
                self.client.queue.complete(gather.slot, dialect.frame(&self.client, &gather.ask, all));
            }
        }
    }
}

impl Gather {
    /// Gives all of them once none is missing.
    fn put(&self, index: usize, bytes: Bytes) -> Option<Bytes> {
        let mut parts = self.parts.lock();
        parts.given[index] = bytes;
        parts.missing -= 1;
        (parts.missing == 0).then(|| parts.given.concat().into())
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
