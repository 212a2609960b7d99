//! What operators say of a channel, for programs to show.

use api::{
    ErrorCode,
    auth::Actor,
    event::{ChannelChange, ChannelEvent},
    id::{ChannelId, UserId},
    metadata::{MAX_METADATA_KEYS, MetadataKey},
};

use super::{Change, Doer, Ledger};
use crate::domain::policy;

/// A value and who set it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub value: String,
    pub by: UserId,
}

impl Ledger {
    /// Says something of a channel; no value: no more.
    pub fn say(
        &mut self,
        id: &ChannelId,
        actor: &Actor,
        doer: &Doer,
        key: MetadataKey,
        value: Option<String>,
    ) -> Result<Change, ErrorCode> {
        policy::may_set_metadata(&self.asker(id, actor), &self.awake(id)?.channel)?;
        let said = self.said.get(id);
        let held = said.and_then(|said| said.get(&key)).map(|said| &said.value);
        if held == value.as_ref() {
            return Ok(self.change(id, Vec::new()));
        }
        if held.is_none() && said.is_some_and(|said| said.len() >= MAX_METADATA_KEYS) {
            return Err(ErrorCode::ListFull);
        }
        let said = value.map(|value| Said { value, by: actor.id().clone() });
        let event = self.now_said(id, doer, key, said);
        Ok(self.change(id, vec![event]))
    }

    /// Says nothing of a channel any more.
    pub fn unsay_all(&mut self, id: &ChannelId, actor: &Actor, doer: &Doer) -> Result<Change, ErrorCode> {
        policy::may_set_metadata(&self.asker(id, actor), &self.awake(id)?.channel)?;
        let keys: Vec<_> = self.said.get(id).into_iter().flat_map(|said| said.keys().cloned()).collect();
        let events = keys.into_iter().map(|key| self.now_said(id, doer, key, None)).collect();
        Ok(self.change(id, events))
    }

    /// Takes away what somebody has said who is erased.
    pub fn unsay_by(&mut self, id: &ChannelId, user: &UserId) {
        let said = self.said.get(id).into_iter().flatten();
        let keys: Vec<_> = said.filter(|(_, said)| said.by == *user).map(|(key, _)| key.clone()).collect();
        for key in keys {
            self.now_said(id, &Doer::default(), key, None);
        }
    }

    fn now_said(
        &mut self,
        id: &ChannelId,
        doer: &Doer,
        key: MetadataKey,
        said: Option<Said>,
    ) -> ChannelEvent {
        let all = self.said.entry(id.clone()).or_default();
        let value = said.as_ref().map(|said| said.value.clone());
        match &said {
            Some(said) => drop(all.insert(key.clone(), said.clone())),
            None => drop(all.remove(&key)),
        }
        self.written.said.push((id.clone(), key.clone(), said));
        self.record(id, doer, ChannelChange::Metadata { key, value })
    }
}
