//! Follows the nicks and masks of members: user-service changes them and says so on the bus. What the bus lost is asked for now and then. No
//! channel's version is raised by it: a nick is the user's, and its version tells readers which is newer.

use std::collections::BTreeMap;

use api::{
    HeadsRequest, Person,
    bus::Frame,
    event::{UserChange, UserEvent},
    page::MAX_HEADS,
    users::MAX_LOOKUP,
};
use kit::{
    Kit,
    bus::{BusItem, Feed},
};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::{changes::Changes, error::unanswered};

pub(crate) fn start(kit: &Kit, changes: &Changes) {
    let feed = Feed::all(&kit.common.urls.users, &["user."]);
    let (bus, changes) = (kit.bus.clone(), changes.clone());
    kit.tasks.keep("people", move || follow(bus.subscribe(feed.clone()), changes.clone()));
}

async fn follow(mut feed: kit::bus::Subscription, changes: Changes) {
    let period = changes.config.people_every.get();
    let mut ticks = interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let outcome = tokio::select! {
            item = feed.next() => match item {
                Some(BusItem::Frame(frame)) => changes.hear(&frame).await,
                Some(BusItem::Connected) => changes.ask_for_people().await,
                None => return std::future::pending().await,
            },
            _ = ticks.tick() => changes.ask_for_people().await,
        };
        if let Err(error) = outcome {
            tracing::debug!(cause = %error, "could not follow the nicks of members, will ask again");
        }
    }
}

impl Changes {
    async fn hear(&self, frame: &Frame) -> kit::Result<()> {
        let events: Vec<UserEvent> = match serde_json::from_slice(&frame.payload) {
            Ok(event) => vec![event],
            Err(_) => serde_json::from_slice(&frame.payload).unwrap_or_default(),
        };
        for UserEvent { user, version, nick, change, .. } in events {
            let (username, host) = match &change {
                UserChange::SessionOpened { username, host, .. } => (username.as_deref(), host.as_deref()),
                _ => (None, None),
            };
            let person = Person { id: user, nick, user_version: version };
            self.store.rename(&person, username, host).await?;
        }
        Ok(())
    }

    /// Asks user-service which members have newer versions, and who they are now.
    async fn ask_for_people(&self) -> kit::Result<()> {
        let mut after = String::new();
        loop {
            let page = i64::try_from(MAX_HEADS).unwrap_or(i64::MAX);
            let people = self.store.people(&after, page).await?;
            let Some((last, _)) = people.last() else { return Ok(()) };
            after = last.to_string();
            let complete = people.len() < MAX_HEADS;
            let held: BTreeMap<_, _> =
                people.into_iter().map(|(id, version)| (id.to_string(), version)).collect();
            let heads = self.users.heads(&HeadsRequest { held }).await.map_err(unanswered)?;
            let behind: Vec<_> = heads.behind.keys().filter_map(|id| id.parse().ok()).collect();
            for ids in behind.chunks(MAX_LOOKUP) {
                for user in self.users.lookup(ids.to_vec()).await.map_err(unanswered)? {
                    self.store.rename(&user.person, None, Some(&user.host)).await?;
                }
            }
            if complete {
                return Ok(());
            }
        }
    }
}
