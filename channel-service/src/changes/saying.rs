//! What operators say of a channel.

use api::{
    ErrorCode,
    channels::Changed,
    metadata::{MAX_METADATA_KEYS, MetadataKey},
};

use super::{Changes, ChannelRef, Who, With};

impl Changes {
    /// No value: it is said no more.
    pub(crate) async fn say(
        &self,
        who: &Who,
        channel: &ChannelRef,
        key: MetadataKey,
        value: Option<String>,
    ) -> kit::Result<Changed> {
        let doer = who.doer();
        let changed = self.change(who, channel, &[], With::Metadata, |ledger, id| {
            ledger.say(id, &who.actor, &doer, key, value)
        });
        changed.await.map_err(|failure| match failure.code() {
            ErrorCode::ListFull => {
                failure.detail(format!("a channel has at most {MAX_METADATA_KEYS} keys of metadata"))
            }
            _ => failure,
        })
    }

    pub(crate) async fn unsay_all(&self, who: &Who, channel: &ChannelRef) -> kit::Result<Changed> {
        let doer = who.doer();
        self.change(who, channel, &[], With::Metadata, |ledger, id| ledger.unsay_all(id, &who.actor, &doer))
            .await
    }
}
