//! Bans, exceptions, invite masks, invitations.

use api::{
    ErrorCode, Timestamp,
    channels::{Changed, ListEntry, ListKind, Listed},
    id::{ListEntryId, UserId},
    mask::Mask,
};
use kit::Failure;

use super::{Changes, ChannelRef, Who, With, answer};
use crate::{
    domain::{
        ledger::NewEntry,
        policy::{self, Asker},
    },
    error::{refused, unanswered},
};

impl Changes {
    pub(crate) async fn list(
        &self,
        who: &Who,
        channel: &ChannelRef,
        list: ListKind,
        mask: Mask,
        reason: Option<String>,
        expires_at: Option<Timestamp>,
    ) -> kit::Result<Listed> {
        let now = self.clock.now().to_millis();
        let expires_at = in_future(expires_at, now)?;
        let id = ListEntryId::random(&mut rand::rng());
        let entry = ListEntry { id, mask, reason, by: who.actor.person.clone(), at: now, expires_at };
        let new = NewEntry { list, entry, limit: self.config.max_list_entries };
        let doer = who.doer();
        let mut listed = None;
        let change = self.change(who, channel, &[], With::Lists, |ledger, id| {
            let (entry, change) = ledger.list(id, &who.actor, &doer, new)?;
            listed = Some(entry);
            Ok(change)
        });
        let changed = change.await.map_err(|failure| match failure.code() {
            ErrorCode::ListFull => {
                failure.detail(format!("a list holds at most {} entries", self.config.max_list_entries))
            }
            _ => failure,
        })?;
        let id = listed.ok_or(ErrorCode::Internal)?;
        Ok(Listed { id, changed })
    }

    pub(crate) async fn unlist(
        &self,
        who: &Who,
        channel: &ChannelRef,
        list: ListKind,
        entry: &ListEntryId,
    ) -> kit::Result<Changed> {
        let doer = who.doer();
        self.change(who, channel, &[], With::Lists, |ledger, id| {
            ledger.unlist(id, &who.actor, &doer, list, entry)
        })
        .await
    }

    pub(crate) async fn invite(
        &self,
        who: &Who,
        channel: &ChannelRef,
        user: &UserId,
        expires_at: Option<Timestamp>,
    ) -> kit::Result<Changed> {
        let id = self.resolve(channel).await?;
        // Before anybody else is asked: who may not invite learns nothing of users by it.
        let room = self.store.room(&id).await?.filter(|room| !room.is_dormant());
        let room = room.ok_or_else(|| refused(ErrorCode::NoSuchChannel, channel))?;
        let member = self.store.member(&id, who.actor.id()).await?;
        let asker = Asker { actor: &who.actor, member: member.as_ref() };
        policy::may_invite(&asker, &room.channel).map_err(|code| refused(code, channel))?;

        let mut ledger = self.ledger();
        let expires_at = self.until(expires_at, ledger.now)?;
        let found = self.users.lookup(vec![user.clone()]).await.map_err(unanswered)?;
        let Some(invited) = found.into_iter().find(|found| found.person.id == *user) else {
            return Err(Failure::new(ErrorCode::NoSuchNick));
        };

        let mut tx = self.store.begin([who.actor.id(), user]).await?;
        self.store.rooms_by_id(&mut tx, &mut ledger, &[&id]).await?;
        let places = [who.actor.id(), user].into_iter().map(|user| (id.clone(), user.clone())).collect();
        self.store.seats(&mut tx, &mut ledger, &places).await?;
        self.store.invitations(&mut tx, &mut ledger, &places).await?;
        let open = self.store.open_invitations(&mut tx, &id, ledger.now).await?;
        let limit = self.config.max_invitations;
        let change = ledger
            .invite(&id, &who.actor, &who.doer(), invited.person, expires_at, (open, limit))
            .map_err(|code| match code {
            ErrorCode::ListFull => {
                Failure::new(code).detail(format!("at most {limit} invitations to a channel stand at once"))
            }
            code => refused(code, channel),
        })?;
        let changed = answer(&ledger, change, &who.actor);
        self.finish(tx, &ledger, who.origin.as_deref()).await?;
        Ok(changed)
    }
}

impl Changes {
    /// Takes an invitation back; one that does not stand is as good as taken back.
    pub(crate) async fn uninvite(&self, who: &Who, channel: &ChannelRef, user: &UserId) -> kit::Result<()> {
        let id = self.resolve(channel).await?;
        let mut ledger = self.ledger();
        let mut tx = self.store.begin([who.actor.id(), user]).await?;
        self.store.rooms_by_id(&mut tx, &mut ledger, &[&id]).await?;
        let places = [who.actor.id(), user].into_iter().map(|user| (id.clone(), user.clone())).collect();
        self.store.seats(&mut tx, &mut ledger, &places).await?;
        self.store.invitations(&mut tx, &mut ledger, &places).await?;
        ledger.uninvite(&id, &who.actor, user).map_err(|code| refused(code, channel))?;
        self.finish(tx, &ledger, who.origin.as_deref()).await
    }

    /// Until when an invitation stands.
    fn until(&self, given: Option<Timestamp>, now: Timestamp) -> kit::Result<Timestamp> {
        let longest = self.config.max_invitation;
        let at = in_future(given, now)?.unwrap_or_else(|| now.plus(self.config.invitation.get()).to_millis());
        if at > now.plus(longest.get()) {
            let why = format!("an invitation stands {longest} at most");
            return Err(Failure::new(ErrorCode::InvalidParameter)
                .detail(why.clone())
                .field("/expires_at", why));
        }
        Ok(at)
    }
}

fn in_future(at: Option<Timestamp>, now: Timestamp) -> kit::Result<Option<Timestamp>> {
    match at {
        Some(at) if at <= now => {
            let why = "the time lies in the past";
            Err(Failure::new(ErrorCode::InvalidParameter).detail(why).field("/expires_at", why))
        }
        at => Ok(at.map(Timestamp::to_millis)),
    }
}
