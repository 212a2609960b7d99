//! Going: parts, kicks, and the ends of sessions.

use std::collections::BTreeSet;

use api::{
    ErrorCode,
    auth::Actor,
    channels::{Changed, EndHolders},
    event::ChannelEvent,
    id::{ChannelId, SessionId, UserId},
};
use kit::Failure;

use super::{Changes, ChannelRef, Who, With, answer};
use crate::{domain::ledger::Ending, error::refused};

/// Somebody leaves a channel.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) actor: Actor,
    /// What no longer holds them; none: nothing does, over REST a person parts as a whole.
    pub(crate) session: Option<SessionId>,
    pub(crate) channel: ChannelId,
    pub(crate) reason: Option<String>,
}

impl Changes {
    /// Lets many out, in one transaction; each has an outcome of its own.
    pub(crate) async fn part(
        &self,
        parts: Vec<Part>,
        origin: Option<&str>,
    ) -> kit::Result<Vec<Result<Changed, Failure>>> {
        let mut ledger = self.ledger();
        let mut tx = self.store.begin(parts.iter().map(|part| part.actor.id())).await?;
        let ids: BTreeSet<&ChannelId> = parts.iter().map(|part| &part.channel).collect();
        self.store.rooms_by_id(&mut tx, &mut ledger, &ids.into_iter().collect::<Vec<_>>()).await?;
        let places = parts.iter().map(|part| (part.channel.clone(), part.actor.id().clone())).collect();
        self.store.seats(&mut tx, &mut ledger, &places).await?;
        let mut outcomes = Vec::new();
        for Part { actor, session, channel, reason } in parts {
            outcomes.push(match ledger.part(&channel, &actor, session.as_ref(), reason) {
                Ok(change) => Ok(answer(&ledger, change, &actor)),
                Err(code) => Err(refused(code, &channel)),
            });
        }
        self.finish(tx, &ledger, origin).await?;
        Ok(outcomes)
    }

    /// Takes somebody else out.
    pub(crate) async fn kick(
        &self,
        who: &Who,
        channel: &ChannelRef,
        target: &UserId,
        reason: Option<String>,
    ) -> kit::Result<Changed> {
        let doer = who.doer();
        self.change(who, channel, &[target], With::People, |ledger, id| {
            ledger.kick(id, &who.actor, &doer, target, reason)
        })
        .await
    }

    /// Leaves a channel as a whole.
    pub(crate) async fn leave(
        &self,
        who: &Who,
        channel: &ChannelRef,
        reason: Option<String>,
    ) -> kit::Result<Changed> {
        let id = self.resolve(channel).await?;
        let part = Part { actor: who.actor.clone(), session: who.session.clone(), channel: id, reason };
        let outcomes = self.part(vec![part], who.origin.as_deref()).await?;
        let outcome = outcomes.into_iter().next().ok_or(ErrorCode::Internal)?;
        outcome.map_err(|failure| refused(failure.code(), channel))
    }

    /// Takes what ended sessions held out of every channel. Repeatable: what is gone is gone.
    pub(crate) async fn end(&self, ended: &EndHolders) -> kit::Result<Vec<ChannelEvent>> {
        let mut ledger = self.ledger();
        let mut tx = self.store.begin([&ended.user.id]).await?;
        self.store.remember_ended(&mut tx, &ended.sessions, ledger.now).await?;
        let stays = match ended.stays {
            Some(stays) => Some(self.store.stays(&mut tx, &ended.user, stays).await?),
            None => None,
        };
        self.store.rooms_of(&mut tx, &mut ledger, &ended.user.id).await?;
        let id = format!("{:016x}", rand::random::<u64>());
        let events = ledger.end(&Ending {
            user: &ended.user,
            sessions: &ended.sessions,
            all: ended.all,
            stays,
            still_here: ended.still_here,
            reason: ended.reason.as_deref(),
            id: &id,
        });
        self.finish(tx, &ledger, None).await?;
        Ok(events)
    }
}
