//! Cursors of `/resume`: what was missed is shown first, what is new after it, nothing twice and nothing left out.

use api::id::{ChannelId, ConversationId, UserId};

use super::{ClientId, Hub, State};

/// Where one connection stands in a direct conversation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor {
    /// Entries up to this seq have been shown.
    after: u64,
    /// What was missed is being shown: nothing new before that.
    resuming: bool,
}

impl Hub {
    /// The seq up to which a channel's entries have been shown to others: what is stored until then can be read.
    pub(crate) fn channel_seq(&self, id: &ChannelId) -> Option<u64> {
        Some(self.state.lock().channels.get(id)?.held()?.1)
    }

    /// Shows a connection what comes after `cursor` (or from now on, if that is not there yet); gives where that is, or as an
    /// error the seq to read to, if the channel has gone on meanwhile.
    pub(crate) fn resume_channel(&self, client: ClientId, id: &ChannelId, cursor: u64) -> Result<u64, u64> {
        self.with(|state, _| state.resume_channel(client, id, cursor))
    }

    /// From now on nothing of the conversation with `other` is shown, until [`Hub::resume_direct`].
    pub(crate) fn pause_direct(&self, client: ClientId, other: &UserId, after: u64) {
        self.with(|state, _| {
            if let Some(local) = state.clients.get_mut(&client) {
                local.cursors.insert(other.clone(), Cursor { after, resuming: true });
            }
        });
    }

    /// As [`Hub::resume_channel`], for a direct conversation; its id is known if it has entries.
    pub(crate) fn resume_direct(
        &self,
        client: ClientId,
        other: &UserId,
        conversation: Option<&ConversationId>,
        cursor: u64,
    ) -> Result<u64, u64> {
        self.with(|state, _| state.resume_direct(client, other, conversation, cursor))
    }
}

impl State {
    pub(super) fn resume_channel(
        &mut self,
        client: ClientId,
        id: &ChannelId,
        cursor: u64,
    ) -> Result<u64, u64> {
        self.hand_out();
        let Some(channel) = self.channels.get_mut(id) else { return Ok(cursor) };
        let shown = channel.held().map_or(0, |(_, seq)| seq);
        if shown > cursor {
            return Err(shown);
        }
        let cursor = if cursor == u64::MAX { shown } else { cursor };
        if let Some(viewer) = channel.viewers.iter_mut().find(|viewer| viewer.client == client) {
            (viewer.after, viewer.resuming) = (cursor, false);
        }
        Ok(cursor)
    }

    fn resume_direct(
        &mut self,
        client: ClientId,
        other: &UserId,
        conversation: Option<&ConversationId>,
        cursor: u64,
    ) -> Result<u64, u64> {
        let Some(local) = self.clients.get_mut(&client) else { return Ok(cursor) };
        let shown = match conversation {
            Some(id) => self.directs.get(id).and_then(super::Direct::held),
            // It had no entries when it was read; has one come since?
            None => {
                let is_theirs = |direct: &&super::Direct| {
                    let [a, b] = &direct.parties;
                    // The two may be the same one: notes to oneself are in a conversation of their own.
                    [(a, b), (b, a)].contains(&(&local.user, other))
                };
                self.directs.values().find(is_theirs).and_then(super::Direct::held)
            }
        };
        let shown = shown.unwrap_or(0);
        if shown > cursor {
            return Err(shown);
        }
        let cursor = if cursor == u64::MAX { shown } else { cursor };
        local.cursors.insert(other.clone(), Cursor { after: cursor, resuming: false });
        Ok(cursor)
    }

    /// Whether a connection is shown this entry of its conversation with `other`.
    pub(super) fn is_live(&self, client: ClientId, other: &UserId, seq: u64) -> bool {
        let cursor = self.clients.get(&client).and_then(|local| local.cursors.get(other));
        cursor.is_none_or(|cursor| !cursor.resuming && seq > cursor.after)
    }
}
