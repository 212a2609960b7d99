//! The bus over NATS core subjects: one for each thing that is followed by itself.

use std::{collections::HashMap, time::Duration};

use api::bus::Frame;
use async_nats::{Client, ConnectOptions, Event, Message, connection::State};
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::StreamExt;
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{
    Feed,
    subscription::{BusItem, Changes, Feeder, Interest, Subscription},
};
use crate::{config::BusConfig, service::Tasks};

/// Frames that wait to be sent; full (the server is away): dropped and counted.
const OUTBOX: usize = 8192;
/// Signs that something may have been missed; a reader that lags behind these asks once for all.
const SIGNS: usize = 16;
/// Pause between tries to reach the server.
const RECONNECT: Duration = Duration::from_millis(500);

/// How long to wait for the server's word that it has our subscriptions.
const SETTLE: Duration = Duration::from_secs(2);

/// This process's connection.
#[derive(Clone)]
pub struct NatsBus {
    client: Client,
    prefix: String,
    outbox: mpsc::Sender<Frame>,
    /// Connected, or lost something.
    signs: broadcast::Sender<()>,
    tasks: Tasks,
}

impl NatsBus {
    pub(super) async fn open(config: &BusConfig, tasks: Tasks) -> anyhow::Result<Self> {
        let (signs, _) = broadcast::channel(SIGNS);
        let told = signs.clone();
        let client = ConnectOptions::new()
            .name("causerie")
            .retry_on_initial_connect()
            .max_reconnects(None)
            .reconnect_delay_callback(|_| RECONNECT)
            .event_callback(move |event| {
                tell(&told, &event);
                std::future::ready(())
            })
            .connect(config.nats_url.expose())
            .await?;
        let (outbox, frames) = mpsc::channel(OUTBOX);
        let bus = Self { client, prefix: config.nats_prefix.clone(), outbox, signs, tasks };
        bus.tasks.spawn("publish", send(bus.client.clone(), bus.prefix.clone(), frames));
        Ok(bus)
    }

    pub(super) fn publish(&self, frame: Frame) {
        if self.outbox.try_send(frame).is_err() {
            metrics::counter!("bus_dropped_total").increment(1);
        }
    }

    pub(super) fn subscribe(&self, feed: Feed) -> Subscription {
        let (subscription, feeder) = Subscription::pair(Interest::new(feed.chosen));
        let bus = self.clone();
        // Heard from now on, so that no sign falls between here and the task's start.
        let signs = self.signs.subscribe();
        self.tasks.spawn("follow-subjects", async move {
            let ended = feeder.ended.clone();
            tokio::select! {
                () = bus.follow(feed, feeder, signs) => {}
                () = ended.cancelled() => {}
            }
        });
        subscription
    }

    async fn follow(&self, feed: Feed, feeder: Feeder, mut signs: broadcast::Receiver<()>) {
        let mut followed = HashMap::new();
        if !feeder.interest.is_chosen() {
            for prefix in &feed.prefixes {
                let subject = format!("{}.{prefix}>", self.prefix);
                followed.insert(subject.clone(), self.listen(subject, &feed, &feeder).await);
            }
        }
        // Not there yet: its sign will say when.
        if self.settle().await {
            while signs.try_recv().is_ok() {}
            if !feeder.send(BusItem::Connected).await {
                return;
            }
        }
        loop {
            tokio::select! {
                sign = signs.recv() => {
                    if matches!(sign, Err(broadcast::error::RecvError::Closed)) || !feeder.send(BusItem::Connected).await {
                        return;
                    }
                }
                changes = feeder.interest.changes() => self.change(&changes, &mut followed, &feed, &feeder).await,
            }
        }
    }

    async fn change(
        &self,
        changes: &Changes,
        followed: &mut HashMap<String, Option<DropGuard>>,
        feed: &Feed,
        feeder: &Feeder,
    ) {
        for (subject, wanted) in &changes.subjects {
            let subject = format!("{}.{subject}", self.prefix);
            if *wanted {
                followed.insert(subject.clone(), self.listen(subject, feed, feeder).await);
            } else {
                followed.remove(&subject);
            }
        }
        // Away: asked for again once it is back, and then there is a sign.
        if self.client.connection_state() == State::Connected {
            self.settle().await;
        }
        feeder.interest.settle(changes);
    }

    /// Whether the server knows what we asked for so far: it works in order, so it does when it brings back a message of ours.
    async fn settle(&self) -> bool {
        let echo = async {
            let inbox = self.client.new_inbox();
            let mut echo = self.client.subscribe(inbox.clone()).await.ok()?;
            self.client.publish(inbox, Bytes::new()).await.ok()?;
            echo.next().await
        };
        matches!(tokio::time::timeout(SETTLE, echo).await, Ok(Some(_)))
    }

    /// Hands on what comes under one subject until the guard is dropped.
    async fn listen(&self, subject: String, feed: &Feed, feeder: &Feeder) -> Option<DropGuard> {
        // Fails only when the client is closed, which it is at the very end.
        let mut messages = self.client.subscribe(subject).await.ok()?;
        let end = CancellationToken::new();
        let (ended, prefix, own, feeder) =
            (end.clone(), self.prefix.clone(), feed.own_origin.clone(), feeder.clone());
        self.tasks.spawn("subject", async move {
            loop {
                let message = tokio::select! {
                    message = messages.next() => message,
                    () = ended.cancelled() => None,
                };
                let Some(message) = message else { break };
                if let Some(frame) = decode(message, &prefix, own.as_deref())
                    && !feeder.send(BusItem::Frame(frame)).await
                {
                    break;
                }
            }
            let _ = messages.unsubscribe().await;
        });
        Some(end.drop_guard())
    }
}

fn tell(signs: &broadcast::Sender<()>, event: &Event) {
    match event {
        Event::Connected => {
            tracing::info!("connected to NATS");
            let _ = signs.send(());
        }
        Event::SlowConsumer(_) => {
            metrics::counter!("bus_lagged_total").increment(1);
            let _ = signs.send(());
        }
        Event::Disconnected => tracing::warn!("NATS is away; readers ask for what they miss meanwhile"),
        other => tracing::debug!("NATS: {other}"),
    }
}

async fn send(client: Client, prefix: String, mut frames: mpsc::Receiver<Frame>) {
    while let Some(frame) = frames.recv().await {
        let subject = format!("{prefix}.{}", frame.subject);
        if let Err(error) = client.publish(subject, encode(&frame)).await {
            metrics::counter!("bus_dropped_total").increment(1);
            tracing::warn!(subject = %frame.subject, cause = %error, "could not publish");
        }
    }
}

/// The origin on a line of its own, then the payload.
fn encode(frame: &Frame) -> Bytes {
    let origin = frame.origin.as_deref().unwrap_or_default();
    let mut text = BytesMut::with_capacity(origin.len() + 1 + frame.payload.len());
    text.put_slice(origin.as_bytes());
    text.put_u8(b'\n');
    text.put_slice(&frame.payload);
    text.freeze()
}

fn decode(message: Message, prefix: &str, own: Option<&str>) -> Option<Frame> {
    let at = message.payload.iter().position(|&byte| byte == b'\n')?;
    let origin = std::str::from_utf8(&message.payload[..at]).ok()?;
    if !origin.is_empty() && own == Some(origin) {
        return None;
    }
    let subject = message.subject.as_str().strip_prefix(prefix)?.strip_prefix('.')?.parse().ok()?;
    let origin = Some(origin.to_owned()).filter(|origin| !origin.is_empty());
    Some(Frame { subject, origin, payload: message.payload[at + 1..].to_vec() })
}
