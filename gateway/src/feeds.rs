//! The bus, as it comes in: frames of the owners go through the hub's one door; after every (re)connect the owner is asked what was
//! missed.

use std::sync::Arc;

use api::{
    Entry,
    auth::ServiceName,
    bus::{Frame, Subject},
    event::{ChannelEvent, UserEvent},
    messages::Signal,
};
use futures_util::StreamExt;
use kit::{
    Kit,
    bus::{Bus, BusItem, Feed, Subscription},
};
use serde::de::DeserializeOwned;

use crate::{
    gateway::Gateway,
    hub::{Healer, Hub},
};

/// Frames taken at once: one lock for all that has come.
const FRAMES: usize = 256;

/// Follows users, channels and messages for ever.
pub(crate) fn follow(kit: &Kit, gateway: &Arc<Gateway>, healer: &Healer) {
    let urls = &kit.common.urls;
    let mine = gateway.id.to_string();
    let subscribe = |feed: Feed| kit.bus.subscribe(feed.without(mine.clone()));
    let spawn = |name, owner, feed: Subscription| {
        kit.tasks.spawn(name, read(feed, owner, healer.clone()));
    };
    spawn("user-events", ServiceName::Users, subscribe(Feed::all(&urls.users, &["user."])));
    if let Bus::Http(_) = kit.bus {
        // An owner's one stream has everything: what is of interest is chosen here.
        let feed = Feed::all(&urls.channels, &["channel.", "invited."]);
        spawn("channel-events", ServiceName::Channels, subscribe(feed));
        spawn(
            "entries",
            ServiceName::Messages,
            subscribe(Feed::all(&urls.messages, &["conversation.", "direct.", "signal.", "hint."])),
        );
        return;
    }
    let channels = subscribe(Feed::chosen(&urls.channels, &["channel."]));
    let conversations = subscribe(Feed::chosen(&urls.messages, &["conversation.", "signal."]));
    gateway.hub.listen_through(Some(channels.interest()), Some(conversations.interest()));
    spawn("channel-events", ServiceName::Channels, channels);
    spawn("invitations", ServiceName::Channels, subscribe(Feed::all(&urls.channels, &["invited."])));
    spawn("entries", ServiceName::Messages, conversations);
    spawn(
        "direct-entries",
        ServiceName::Messages,
        subscribe(Feed::all(&urls.messages, &["direct.", "hint."])),
    );
}

async fn read(feed: Subscription, owner: ServiceName, healer: Healer) {
    let mut chunks = feed.ready_chunks(FRAMES);
    while let Some(items) = chunks.next().await {
        let mut frames = Vec::with_capacity(items.len());
        for item in items {
            match item {
                BusItem::Frame(frame) => frames.push(frame),
                BusItem::Connected => {
                    let healer = healer.clone();
                    tokio::spawn(async move { healer.heads_of(owner).await });
                }
            }
        }
        apply(healer.hub(), frames);
    }
}

fn apply(hub: &Hub, frames: Vec<Frame>) {
    let (mut channels, mut entries, mut users): (Vec<ChannelEvent>, Vec<Entry>, Vec<UserEvent>) =
        Default::default();
    let mut signals: Vec<Signal> = Vec::new();
    for frame in frames {
        match &frame.subject {
            Subject::Channel(id) if hub.follows(id) => channels.extend(read_payload(&frame)),
            // A channel that is followed knows by the version which it has seen.
            Subject::Invited(_) => channels.extend(read_payload(&frame)),
            Subject::Conversation(id) if hub.follows(&id.as_channel()) => {
                entries.extend(read_payload(&frame))
            }
            Subject::Direct(_) => entries.extend(read_payload(&frame)),
            Subject::Signal(id) if hub.follows(id) => signals.extend(read_payload(&frame)),
            Subject::Hint(_) => signals.extend(read_payload(&frame)),
            Subject::User(_) => users.extend(read_payload(&frame)),
            Subject::Channel(_) | Subject::Conversation(_) | Subject::Signal(_) => {}
        }
    }
    if !users.is_empty() {
        hub.user_events(users);
    }
    if !channels.is_empty() {
        hub.channel_events(channels);
    }
    if !entries.is_empty() {
        hub.entries(entries);
    }
    if !signals.is_empty() {
        hub.signals(signals);
    }
}

/// One event, or a list of what was committed together.
fn read_payload<T: DeserializeOwned>(frame: &Frame) -> Vec<T> {
    let read = match frame.payload.first() {
        Some(b'[') => serde_json::from_slice(&frame.payload),
        _ => serde_json::from_slice(&frame.payload).map(|event| vec![event]),
    };
    read.unwrap_or_else(|error| {
        tracing::warn!(subject = %frame.subject, cause = %error, "a frame cannot be read");
        Vec::new()
    })
}
