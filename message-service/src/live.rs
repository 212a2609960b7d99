//! What was committed, told on: to the bus for gateways and other replicas, and to the streams open here.

use std::{collections::HashMap, sync::Arc};

use api::{
    Entry,
    bus::{Frame, Subject},
    id::ConversationId,
    messages::{Passing, Signal},
};
use kit::bus::Bus;
use parking_lot::Mutex;
use tokio::sync::{broadcast, mpsc};

use crate::{store::Stored, writer::Committed};

/// Entries kept for a slow stream; past it the stream reads what it missed from the database.
const BACKLOG: usize = 256;
/// Bytes after which a frame of several entries is full: far below what NATS carries in one (1 MB).
const FULL: usize = 128 * 1024;

/// Where streams listen.
#[derive(Clone, Default)]
pub(crate) struct Live(Arc<Inner>);

struct Inner {
    conversations: Mutex<HashMap<ConversationId, broadcast::Sender<Arc<Stored>>>>,
    /// Everything, for streams of many conversations.
    all: broadcast::Sender<Arc<Stored>>,
}

impl Default for Inner {
    fn default() -> Self {
        Self { conversations: Mutex::default(), all: broadcast::channel(BACKLOG).0 }
    }
}

impl Live {
    pub(crate) fn conversation(&self, id: &ConversationId) -> broadcast::Receiver<Arc<Stored>> {
        let mut conversations = self.0.conversations.lock();
        conversations.retain(|_, sender| sender.receiver_count() > 0);
        conversations.entry(id.clone()).or_insert_with(|| broadcast::channel(BACKLOG).0).subscribe()
    }

    pub(crate) fn all(&self) -> broadcast::Receiver<Arc<Stored>> {
        self.0.all.subscribe()
    }

    fn tell(&self, committed: &Committed) {
        // Sending fails only without listeners.
        if self.0.all.receiver_count() > 0 {
            for (stored, _) in committed {
                let _ = self.0.all.send(stored.clone());
            }
        }
        let conversations = self.0.conversations.lock();
        if conversations.is_empty() {
            return;
        }
        for (stored, _) in committed {
            if let Some(sender) = conversations.get(&stored.entry.conversation) {
                let _ = sender.send(stored.clone());
            }
        }
    }
}

/// Publishes until the writer ends.
pub(crate) async fn publish(mut committed: mpsc::Receiver<Committed>, bus: Bus, live: Live) {
    while let Some(batch) = committed.recv().await {
        live.tell(&batch);
        for frame in frames(&batch) {
            bus.publish(frame);
        }
    }
}

/// Entries of one conversation that were committed together and have one origin travel together.
fn frames(committed: &Committed) -> Vec<Frame> {
    let mut groups: HashMap<(&ConversationId, Option<&str>), Vec<&Entry>> = HashMap::new();
    let mut order = Vec::new();
    for (stored, origin) in committed {
        let key = (&stored.entry.conversation, origin.as_deref());
        let group = groups.entry(key).or_insert_with(|| {
            order.push(key);
            Vec::new()
        });
        group.push(&stored.entry);
    }
    let mut frames = Vec::new();
    for key in order {
        let entries = &groups[&key];
        for payload in payloads(entries) {
            for subject in subjects(entries[0]) {
                frames.push(Frame { subject, origin: key.1.map(str::to_owned), payload: payload.clone() });
            }
        }
    }
    frames
}

/// A channel's own subject, or those of both parties' shards.
fn subjects(entry: &Entry) -> Vec<Subject> {
    let Some(to) = &entry.to else { return vec![Subject::Conversation(entry.conversation.clone())] };
    let mut subjects = vec![Subject::direct(&entry.author.id), Subject::direct(&to.id)];
    subjects.dedup();
    subjects
}

/// Where a signal goes: a channel's own subject, or the shards of those whom it concerns.
pub(crate) fn signal_frames(signal: &Signal, origin: Option<&str>) -> Vec<Frame> {
    let mut subjects = match signal {
        Signal::Said(Passing { channel: Some(channel), .. }) => vec![Subject::Signal(channel.clone())],
        Signal::Said(Passing { author, to, .. }) => {
            std::iter::once(author).chain(to).map(|person| Subject::hint(&person.id)).collect()
        }
        Signal::Marked(marked) => vec![Subject::hint(&marked.user)],
        Signal::Unknown => Vec::new(),
    };
    subjects.dedup();
    let payload = serde_json::to_vec(signal).expect("a signal is plain data");
    let frame = |subject| Frame { subject, origin: origin.map(str::to_owned), payload: payload.clone() };
    subjects.into_iter().map(frame).collect()
}

/// One entry as an object, several as lists.
fn payloads(entries: &[&Entry]) -> Vec<Vec<u8>> {
    if let [entry] = entries {
        return serde_json::to_vec(entry).into_iter().collect();
    }
    let mut payloads = Vec::new();
    let mut payload = Vec::new();
    for entry in entries {
        payload.push(if payload.is_empty() { b'[' } else { b',' });
        serde_json::to_writer(&mut payload, entry).expect("an entry is plain data");
        if payload.len() >= FULL {
            payload.push(b']');
            payloads.push(std::mem::take(&mut payload));
        }
    }
    if !payload.is_empty() {
        payload.push(b']');
        payloads.push(payload);
    }
    payloads
}

#[cfg(test)]
mod tests {
    use api::{EntryKind, Person, Timestamp, id::MessageId};

    use super::*;

    fn stored(conversation: &str, seq: u64, to: Option<&str>, text: &str) -> Arc<Stored> {
        let person =
            |id: &str| Person { id: id.try_into().unwrap(), nick: "n".try_into().unwrap(), user_version: 1 };
        let conversation: ConversationId = conversation.try_into().unwrap();
        let entry = Entry {
            id: MessageId { conversation: conversation.clone(), seq },
            conversation,
            target: "t".into(),
            seq,
            author: person("1a"),
            kind: EntryKind::Message,
            text: text.into(),
            at: Timestamp(0),
            channel_version: None,
            reply_to: None,
            of: None,
            to: to.map(person),
            session: None,
            redacted: false,
            edited_at: None,
            tags: Default::default(),
            splits: Vec::new(),
        };
        Arc::new(Stored { entry, position: 0, replayed: false })
    }

    #[test]
    fn what_was_committed_together_travels_together_but_for_its_origin_and_size() {
        let gw: Arc<str> = "1gw".into();
        let big = "x".repeat(FULL);
        let committed = vec![
            (stored("1c", 1, None, "a"), Some(gw.clone())),
            (stored("1d", 1, Some("4k7x0q2m9w1zb"), "b"), Some(gw.clone())),
            (stored("1c", 2, None, &big), Some(gw.clone())),
            (stored("1c", 3, None, "c"), Some(gw)),
            (stored("1c", 4, None, "d"), None),
        ];
        let frames = frames(&committed);
        let told: Vec<_> = frames
            .iter()
            .map(|frame| {
                let many: Vec<Entry> = match frame.payload[0] {
                    b'[' => serde_json::from_slice(&frame.payload).unwrap(),
                    _ => vec![serde_json::from_slice(&frame.payload).unwrap()],
                };
                let seqs: Vec<u64> = many.iter().map(|entry| entry.seq).collect();
                (frame.subject.to_string(), frame.origin.as_deref(), seqs)
            })
            .collect();
        let (a, b) = (
            Subject::direct(&"1a".try_into().unwrap()),
            Subject::direct(&"4k7x0q2m9w1zb".try_into().unwrap()),
        );
        assert_eq!(
            told,
            [
                ("conversation.1c".to_owned(), Some("1gw"), vec![1, 2]),
                ("conversation.1c".to_owned(), Some("1gw"), vec![3]),
                (a.to_string(), Some("1gw"), vec![1]),
                (b.to_string(), Some("1gw"), vec![1]),
                ("conversation.1c".to_owned(), None, vec![4]),
            ]
        );
        // With oneself there is one shard.
        assert_eq!(subjects(&stored("1d", 1, Some("1a"), "x").entry).len(), 1);
    }
}
