//! channel-service and message-service in one: commits, remembers, answers.

use std::time::Duration;

use api::{
    ChannelName, Entry, EntryKind, Nick, Person, Timestamp,
    channels::{Channel, ChannelEvents, HistoryPolicy, Member, Snapshot, Topic},
    event::{ChannelChange, ChannelEvent},
    id::{ChannelId, MessageId, UserId},
    messages::Entries,
    mode::{Modes, Roles},
};
use client::{follow::Ask, replica::ChannelReplica};
use rand::{RngExt, rngs::StdRng};

/// People who come and go.
const PEOPLE: usize = 6;

#[derive(Debug, Clone)]
pub(crate) enum Committed {
    Event(Box<ChannelEvent>),
    Entry(Box<Entry>),
}

#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Heads((u64, u64, String)),
    Events(ChannelEvents),
    Entries(Entries),
    Snapshot(Box<Snapshot>),
    Failed(Ask),
}

pub(crate) struct Owner {
    pub(crate) replica: ChannelReplica,
    events: Vec<ChannelEvent>,
    pub(crate) entries: Vec<Entry>,
    epochs: u32,
}

pub(crate) fn person(number: usize) -> Person {
    Person {
        id: UserId::try_from(format!("1user{number}")).unwrap(),
        nick: Nick::try_from(format!("nick{number}")).unwrap(),
        user_version: 1,
    }
}

impl Owner {
    pub(crate) fn new() -> Self {
        let snapshot = Snapshot {
            epoch: "0".into(),
            channel: Channel {
                id: ChannelId::try_from("1chan").unwrap(),
                name: ChannelName::try_from("#general").unwrap(),
                version: 1,
                topic: None,
                modes: Modes::default(),
                member_count: 0,
                created_at: Timestamp(0),
                founder: None,
                history: HistoryPolicy::default(),
                floor: 0,
            },
            members: Vec::new(),
            bans: Vec::new(),
            excepts: Vec::new(),
            invite_masks: Vec::new(),
            dormant: false,
        };
        Self { replica: snapshot.into(), events: Vec::new(), entries: Vec::new(), epochs: 0 }
    }

    /// Somebody joins, leaves, or sets a topic; or is a member who has something to say.
    pub(crate) fn commit(&mut self, rng: &mut StdRng, now: Duration) -> Result<ChannelEvent, Person> {
        let who = person(rng.random_range(0..PEOPLE));
        let at = Timestamp(now.as_micros() as i64);
        let is_member = self.replica.members.contains_key(&who.id);
        let change = match (is_member, rng.random_range(0..10)) {
            (false, _) => {
                let member = Member {
                    person: who.clone(),
                    account: None,
                    roles: Roles::NONE,
                    username: "u".into(),
                    host: "h".into(),
                    joined_at: at,
                };
                ChannelChange::Joined { member }
            }
            (true, 0) => ChannelChange::Parted { user: who.clone(), reason: None },
            (true, 1) => {
                let text = format!("topic at {}", now.as_millis());
                ChannelChange::Topic { topic: Some(Topic { text, by: who.clone(), at }) }
            }
            (true, _) => return Err(who),
        };
        let event = ChannelEvent {
            channel: self.replica.channel.id.clone(),
            name: self.replica.channel.name.clone(),
            version: self.replica.version() + 1,
            at,
            by: Some(who),
            session: None,
            change,
        };
        self.replica.apply(&event);
        self.events.push(event.clone());
        Ok(event)
    }

    pub(crate) fn has(&self, user: &UserId) -> bool {
        self.replica.members.contains_key(user)
    }

    /// Allowed at `channel_version`.
    pub(crate) fn say(&mut self, author: Person, channel_version: u64, now: Duration) -> Entry {
        let at = Timestamp(now.as_micros() as i64);
        let seq = self.entries.len() as u64 + 1;
        let conversation: api::id::ConversationId = self.replica.channel.id.clone().into();
        let entry = Entry {
            id: MessageId { conversation: conversation.clone(), seq },
            conversation,
            target: "#general".into(),
            seq,
            author,
            kind: EntryKind::Message,
            text: format!("text {seq}"),
            at,
            channel_version: Some(channel_version),
            reply_to: None,
            of: None,
            to: None,
            session: None,
            redacted: false,
            edited_at: None,
            tags: Default::default(),
            splits: Vec::new(),
        };
        self.entries.push(entry.clone());
        entry
    }

    /// A backup is put back: versions go on under another epoch, and no event of before is there any more.
    pub(crate) fn restore(&mut self) {
        self.epochs += 1;
        self.replica.epoch = self.epochs.to_string();
        self.events.clear();
    }

    /// Events are kept for 24 hours only.
    pub(crate) fn forget_old_events(&mut self) {
        let keep = self.events.len() / 2;
        self.events.drain(..self.events.len() - keep);
    }

    pub(crate) fn heads(&self) -> (u64, u64, String) {
        (self.replica.version(), self.entries.len() as u64, self.replica.epoch.clone())
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot {
            epoch: self.replica.epoch.clone(),
            channel: self.replica.channel.clone(),
            members: self.replica.members.values().cloned().collect(),
            bans: Vec::new(),
            excepts: Vec::new(),
            invite_masks: Vec::new(),
            dormant: false,
        }
    }

    pub(crate) fn answer(&self, ask: Ask) -> Answer {
        match ask {
            Ask::Events { after } => {
                let events: Vec<_> =
                    self.events.iter().filter(|event| event.version > after).take(50).cloned().collect();
                let complete = after >= self.replica.version()
                    || events.first().is_some_and(|event| event.version == after + 1);
                Answer::Events(ChannelEvents { epoch: self.replica.epoch.clone(), events, complete })
            }
            Ask::Entries { after } => Answer::Entries(Entries {
                epoch: "0".into(),
                entries: self.entries.iter().filter(|entry| entry.seq > after).take(50).cloned().collect(),
                last_seq: self.entries.len() as u64,
            }),
            Ask::Snapshot => Answer::Snapshot(Box::new(self.snapshot())),
        }
    }
}
