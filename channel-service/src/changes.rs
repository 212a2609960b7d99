//! Every change of a channel, from the request to the answer: locks and reads, lets the rules decide, writes, commits, tells the bus,
//! and answers with the same events.

mod erasing;
mod joining;
mod leaving;
mod listing;
mod publishing;
mod saying;
mod setting;

pub(crate) use self::{joining::Join, leaving::Part};

use std::{collections::BTreeSet, fmt, sync::Arc};

use api::{
    ChannelName, ErrorCode,
    auth::Actor,
    channels::Changed,
    id::{ChannelId, SessionId, UserId},
};
use kit::{Clock, bus::Bus, db::Tx};

use crate::{
    config::Config,
    domain::{
        ledger::{Change, Doer, Ledger},
        policy::JoinLimits,
    },
    error::refused,
    store::Store,
};

/// What changes need in hand.
#[derive(Clone)]
pub(crate) struct Changes {
    pub(crate) store: Store,
    pub(crate) bus: Bus,
    pub(crate) clock: Clock,
    pub(crate) config: Arc<Config>,
    pub(crate) users: client::Users,
    pub(crate) messages: client::Messages,
}

/// A channel as a path names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ChannelRef {
    Id(ChannelId),
    Name(ChannelName),
}

impl fmt::Display for ChannelRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

/// What a change of a channel needs to know of it, beside who is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum With {
    People,
    Lists,
    Metadata,
}

/// Who asks for a change, and by what way.
#[derive(Debug, Clone)]
pub(crate) struct Who {
    pub(crate) actor: Actor,
    /// The session that asks, when a gateway asks for it: that gateway shows what came of it. A token that came from a session
    /// names it too, but nobody is answered on it.
    pub(crate) session: Option<SessionId>,
    /// The gateway that drops what the bus brings it back.
    pub(crate) origin: Option<String>,
}

impl Who {
    pub(crate) fn doer(&self) -> Doer {
        Doer { person: Some(self.actor.person.clone()), session: self.session.clone() }
    }
}

impl Changes {
    pub(crate) fn ledger(&self) -> Ledger {
        let limits =
            JoinLimits { members: self.config.max_members, channels_each: self.config.max_channels_each };
        // What is stored is what the wire shows: milliseconds.
        Ledger::new(self.clock.now().to_millis(), limits)
    }

    /// The id of a channel as a path names it.
    pub(crate) async fn resolve(&self, channel: &ChannelRef) -> kit::Result<ChannelId> {
        match channel {
            ChannelRef::Id(id) => Ok(id.clone()),
            ChannelRef::Name(name) => match self.store.room_named(name).await? {
                Some(room) => Ok(room.channel.id),
                None => Err(refused(ErrorCode::NoSuchChannel, name)),
            },
        }
    }

    /// One change of one channel by one person, who may act on `others` there.
    async fn change(
        &self,
        who: &Who,
        channel: &ChannelRef,
        others: &[&UserId],
        with: With,
        apply: impl FnOnce(&mut Ledger, &ChannelId) -> Result<Change, ErrorCode>,
    ) -> kit::Result<Changed> {
        let id = self.resolve(channel).await?;
        let mut ledger = self.ledger();
        let people = others.iter().copied().chain([who.actor.id()]);
        let mut tx = self.store.begin(people.clone()).await?;
        self.store.rooms_by_id(&mut tx, &mut ledger, &[&id]).await?;
        let places: BTreeSet<_> = people.map(|user| (id.clone(), user.clone())).collect();
        self.store.seats(&mut tx, &mut ledger, &places).await?;
        match with {
            With::People => {}
            With::Lists => self.store.lists(&mut tx, &mut ledger).await?,
            With::Metadata => self.store.said(&mut tx, &mut ledger).await?,
        }
        let change = apply(&mut ledger, &id).map_err(|code| refused(code, channel))?;
        let changed = answer(&ledger, change, &who.actor);
        self.finish(tx, &ledger, who.origin.as_deref()).await?;
        Ok(changed)
    }

    /// Writes, commits, and only then tells.
    pub(crate) async fn finish(&self, mut tx: Tx, ledger: &Ledger, origin: Option<&str>) -> kit::Result<()> {
        self.store.write(&mut tx, ledger).await?;
        tx.commit().await?;
        self.publish(&ledger.written.events, origin);
        Ok(())
    }
}

/// A change as the one who asked for it sees it.
fn answer(ledger: &Ledger, change: Change, actor: &Actor) -> Changed {
    let Change { before, event, mut channel } = change;
    if !ledger.sees_inside(&channel.id, actor) {
        channel.modes = channel.modes.without_key();
    }
    Changed { event, channel, before }
}
