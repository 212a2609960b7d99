//! Telling the bus what was committed.

use std::collections::BTreeMap;

use api::{
    bus::{Frame, Subject},
    event::{ChannelChange, ChannelEvent},
    id::ChannelId,
};

use super::Changes;

/// Bytes after which a frame of several events is full: far below what NATS carries in one (1 MB).
const FULL: usize = 128 * 1024;

impl Changes {
    /// Events of one channel that were committed together travel together.
    pub(crate) fn publish(&self, events: &[ChannelEvent], origin: Option<&str>) {
        let mut channels: BTreeMap<&ChannelId, Vec<&ChannelEvent>> = BTreeMap::new();
        for event in events {
            channels.entry(&event.channel).or_default().push(event);
            if let ChannelChange::Invited { user, .. } = &event.change {
                for payload in payloads(&[event]) {
                    let subject = Subject::invited(&user.id);
                    self.bus.publish(Frame { subject, origin: origin.map(str::to_owned), payload });
                }
            }
        }
        for (id, events) in channels {
            for payload in payloads(&events) {
                let subject = Subject::Channel(id.clone());
                self.bus.publish(Frame { subject, origin: origin.map(str::to_owned), payload });
            }
        }
    }
}

/// One event as an object, several as lists.
fn payloads(events: &[&ChannelEvent]) -> Vec<Vec<u8>> {
    if let [event] = events {
        return serde_json::to_vec(event).into_iter().collect();
    }
    let mut payloads = Vec::new();
    let mut payload = Vec::new();
    for event in events {
        payload.push(if payload.is_empty() { b'[' } else { b',' });
        serde_json::to_writer(&mut payload, event).expect("an event is plain data");
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
