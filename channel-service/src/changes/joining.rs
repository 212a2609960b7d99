//! Coming in, and registering: the two ways by which a channel begins.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use api::{
    ChannelName, ErrorCode, HeadsRequest,
    auth::Actor,
    channels::Changed,
    id::{ChannelId, SessionId},
};
use kit::{Failure, db::Tx};

use super::{Changes, ChannelRef, Who, answer};
use crate::{
    domain::{
        ledger::{Change, Joining, Ledger},
        policy::{self, Asker},
    },
    error::refused,
};

/// How long message-service may take to say where a conversation ends: the joins of a whole batch wait for it.
const FLOOR_WITHIN: Duration = Duration::from_secs(1);

/// Somebody wants into a channel.
#[derive(Debug, Clone)]
pub(crate) struct Join {
    pub(crate) actor: Actor,
    /// None: a join over REST.
    pub(crate) session: Option<SessionId>,
    /// The session that the token of a REST join came from.
    pub(crate) token_of: Option<SessionId>,
    pub(crate) channel: ChannelRef,
    pub(crate) key: Option<String>,
}

impl Changes {
    /// Lets many in, in one transaction; each has an outcome of its own.
    pub(crate) async fn join(
        &self,
        joins: &[Join],
        origin: Option<&str>,
    ) -> kit::Result<Vec<Result<Changed, Failure>>> {
        let mut floors = None;
        loop {
            let mut ledger = self.ledger();
            let mut tx = self.store.begin(joins.iter().map(|join| join.actor.id())).await?;
            self.load_for(&mut tx, &mut ledger, joins).await?;
            let asked = floors.is_some();
            ledger.floors = floors.take().unwrap_or_default();
            let ids: HashMap<String, ChannelId> =
                ledger.rooms.iter().map(|(id, room)| (room.channel.name.key(), id.clone())).collect();
            let outcomes: Vec<_> = joins.iter().map(|join| enter(&mut ledger, &ids, join)).collect();
            if !asked && !ledger.written.need_floor.is_empty() {
                tx.rollback().await?;
                floors = Some(self.ends_of(ledger.written.need_floor.iter()).await);
                continue;
            }
            self.finish(tx, &ledger, origin).await?;
            return Ok(outcomes);
        }
    }

    async fn load_for(&self, tx: &mut Tx, ledger: &mut Ledger, joins: &[Join]) -> kit::Result<()> {
        let (mut names, mut ids) = (Vec::new(), Vec::new());
        for join in joins {
            match &join.channel {
                ChannelRef::Name(name) => names.push(name),
                ChannelRef::Id(id) => ids.push(id),
            }
        }
        if !names.is_empty() {
            self.store.rooms_by_name(tx, ledger, &names, new_id).await?;
        }
        if !ids.is_empty() {
            self.store.rooms_by_id(tx, ledger, &ids).await?;
        }
        let by_name: HashMap<String, ChannelId> =
            ledger.rooms.iter().map(|(id, room)| (room.channel.name.key(), id.clone())).collect();
        let places: BTreeSet<_> = joins
            .iter()
            .filter_map(|join| {
                let id = match &join.channel {
                    ChannelRef::Name(name) => by_name.get(&name.key())?,
                    ChannelRef::Id(id) => id,
                };
                Some((id.clone(), join.actor.id().clone()))
            })
            .collect();
        self.store.seats(tx, ledger, &places).await?;
        self.store.invitations(tx, ledger, &places).await?;
        self.store.lists(tx, ledger).await?;
        let users = joins.iter().map(|join| join.actor.id()).collect();
        self.store.memberships(tx, ledger, &users).await?;
        let sessions = joins.iter().flat_map(|join| join.session.iter().chain(&join.token_of)).collect();
        self.store.ended(tx, ledger, &sessions).await?;
        Ok(())
    }

    /// Registers a channel for the asker's account, new or in use.
    pub(crate) async fn register(&self, who: &Who, name: &ChannelName) -> kit::Result<Changed> {
        if who.actor.account.is_none() {
            return Err(Failure::new(ErrorCode::Forbidden).detail("only an account can register a channel"));
        }
        let mut floors = None;
        loop {
            let mut ledger = self.ledger();
            let mut tx = self.store.begin([who.actor.id()]).await?;
            self.store.rooms_by_name(&mut tx, &mut ledger, &[name], new_id).await?;
            let Some(id) = ledger.rooms.keys().next().cloned() else {
                return Err(refused(ErrorCode::NoSuchChannel, name));
            };
            let place = (id.clone(), who.actor.id().clone());
            self.store.seats(&mut tx, &mut ledger, &[place].into()).await?;
            let registered = self.store.registered_by(&mut tx, who.actor.id()).await?;
            let asked = floors.is_some();
            ledger.floors = floors.take().unwrap_or_default();
            let limit = self.config.max_registered_each;
            let outcome = ledger.register(&id, &who.actor, &who.doer(), registered, limit);
            if !asked && !ledger.written.need_floor.is_empty() {
                tx.rollback().await?;
                floors = Some(self.ends_of([&id]).await);
                continue;
            }
            let change = outcome.map_err(|code| match code {
                ErrorCode::ChannelExists if ledger.rooms[&id].channel.founder.is_none() => {
                    Failure::new(code).detail(format!("{name} is in use: its operators can register it"))
                }
                ErrorCode::TooManyChannels => {
                    Failure::new(code).detail(format!("an account registers at most {limit} channels"))
                }
                code => refused(code, name),
            })?;
            let changed = answer(&ledger, change, &who.actor);
            self.finish(tx, &ledger, who.origin.as_deref()).await?;
            return Ok(changed);
        }
    }

    /// Where the conversations of these channels end, as far as message-service says so now.
    pub(crate) async fn ends_of<'a>(
        &self,
        ids: impl IntoIterator<Item = &'a ChannelId>,
    ) -> HashMap<ChannelId, u64> {
        let ids: Vec<&ChannelId> = ids.into_iter().collect();
        let held = HeadsRequest { held: ids.iter().map(|id| (id.to_string(), 0)).collect() };
        match tokio::time::timeout(FLOOR_WITHIN, self.messages.heads(&held)).await {
            Ok(Ok(heads)) => ids
                .into_iter()
                .map(|id| (id.clone(), heads.behind.get(id.as_str()).copied().unwrap_or(0)))
                .collect(),
            Ok(Err(error)) => {
                tracing::warn!(cause = %error, "could not ask where conversations end");
                HashMap::new()
            }
            Err(_) => {
                tracing::warn!("message-service did not say in time where conversations end");
                HashMap::new()
            }
        }
    }
}

fn enter(ledger: &mut Ledger, ids: &HashMap<String, ChannelId>, join: &Join) -> Result<Changed, Failure> {
    let actor = &join.actor;
    let enter = |ledger: &mut Ledger| -> Result<Change, ErrorCode> {
        let id = match &join.channel {
            ChannelRef::Name(name) => ids.get(&name.key()).cloned().ok_or(ErrorCode::NoSuchChannel)?,
            ChannelRef::Id(id) => {
                // An id names what is there; only a name can begin something, or knock at what is secret.
                let room = ledger.rooms.get(id).filter(|room| !room.is_dormant());
                let room = room.ok_or(ErrorCode::NoSuchChannel)?;
                let asker = Asker { actor, member: ledger.member(id, actor.id()) };
                policy::may_see(&asker, &room.channel)?;
                id.clone()
            }
        };
        let Join { session, token_of, key, .. } = join;
        let joining =
            Joining { actor, session: session.as_ref(), token_of: token_of.as_ref(), key: key.as_deref() };
        ledger.join(&id, joining)
    };
    match enter(ledger) {
        Ok(change) => Ok(answer(ledger, change, actor)),
        Err(code) => Err(refused(code, &join.channel)),
    }
}

fn new_id() -> ChannelId {
    ChannelId::random(&mut rand::rng())
}
