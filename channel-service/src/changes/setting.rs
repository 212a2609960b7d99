//! Topic, modes, roles, history, and giving a registration back.

use api::{
    ChannelName, ErrorCode,
    channels::{Changed, HistoryPolicy, SetRole},
    id::UserId,
    mode::ModesPatch,
};
use kit::Failure;

use super::{Changes, ChannelRef, Who, With};
use crate::domain::{ledger::Expected, modes, room};

impl Changes {
    pub(crate) async fn set_topic(
        &self,
        who: &Who,
        channel: &ChannelRef,
        text: &str,
        expected: Expected<'_>,
    ) -> kit::Result<Changed> {
        let doer = who.doer();
        self.change(who, channel, &[], With::People, |ledger, id| {
            ledger.set_topic(id, &who.actor, &doer, text, expected)
        })
        .await
    }

    /// Another name, if no other channel has it: one that nobody is in keeps its name as long as its history.
    pub(crate) async fn rename(
        &self,
        who: &Who,
        channel: &ChannelRef,
        name: ChannelName,
        reason: Option<String>,
        expected: Expected<'_>,
    ) -> kit::Result<Changed> {
        let id = self.resolve(channel).await?;
        let taken =
            || Failure::new(ErrorCode::ChannelExists).detail(format!("there is a channel {name} already"));
        let doer = who.doer();
        let other = self.store.room_named(&name).await?.filter(|room| room.channel.id != id);
        let mut allowed = false;
        let change = self.change(who, channel, &[], With::People, |ledger, id| {
            let change = ledger.rename(id, &who.actor, &doer, name.clone(), reason, expected)?;
            allowed = true;
            if other.is_some() { Err(ErrorCode::ChannelExists) } else { Ok(change) }
        });
        change.await.map_err(|failure| match failure.code() {
            // Somebody was faster: the database decides whose the name is.
            ErrorCode::ChannelExists | ErrorCode::Internal if allowed => taken(),
            _ => failure,
        })
    }

    pub(crate) async fn set_modes(
        &self,
        who: &Who,
        channel: &ChannelRef,
        patch: &ModesPatch,
        expected: Expected<'_>,
    ) -> kit::Result<Changed> {
        if let Err((field, why)) = modes::check(patch) {
            return Err(Failure::new(ErrorCode::InvalidMode).detail(why.clone()).field(field, why));
        }
        let doer = who.doer();
        self.change(who, channel, &[], With::People, |ledger, id| {
            ledger.set_modes(id, &who.actor, &doer, patch, expected)
        })
        .await
    }

    pub(crate) async fn set_role(
        &self,
        who: &Who,
        channel: &ChannelRef,
        target: &UserId,
        SetRole { role, set }: SetRole,
        expected: Expected<'_>,
    ) -> kit::Result<Changed> {
        let doer = who.doer();
        self.change(who, channel, &[target], With::People, |ledger, id| {
            ledger.set_role(id, &who.actor, &doer, target, role, set, expected)
        })
        .await
    }

    pub(crate) async fn set_history(
        &self,
        who: &Who,
        channel: &ChannelRef,
        history: HistoryPolicy,
        expected: Expected<'_>,
    ) -> kit::Result<Changed> {
        if let Err((field, why)) = room::check_history(&history) {
            return Err(Failure::new(ErrorCode::InvalidParameter).detail(why.clone()).field(field, why));
        }
        let doer = who.doer();
        self.change(who, channel, &[], With::People, |ledger, id| {
            ledger.set_history(id, &who.actor, &doer, history, expected)
        })
        .await
    }

    pub(crate) async fn unregister(
        &self,
        who: &Who,
        channel: &ChannelRef,
        expected: Expected<'_>,
    ) -> kit::Result<Changed> {
        let id = self.resolve(channel).await?;
        // The founder may lose a role by it, whoever asks.
        let founder = self.store.room(&id).await?.and_then(|room| room.founder_user);
        let founder: Vec<&UserId> = founder.iter().collect();
        let doer = who.doer();
        self.change(who, channel, &founder, With::People, |ledger, id| {
            ledger.unregister(id, &who.actor, &doer, expected)
        })
        .await
    }
}
