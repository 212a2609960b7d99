//! One event to many queues, written once for each dialect.

use api::id::ChannelId;
use bytes::Bytes;
use smallvec::SmallVec;

use super::{ClientId, State, client::Change};
use crate::{
    dialect::Dialect,
    event::{Event, Moment},
};

/// An event in the dialects that were asked for.
pub(super) struct Written<'a> {
    event: &'a Event<'a>,
    at: Moment<'a>,
    forms: SmallVec<[(Dialect, Bytes); 2]>,
}

impl<'a> Written<'a> {
    pub(super) fn new(event: &'a Event<'a>, at: impl Into<Moment<'a>>) -> Self {
        Self { event, at: at.into(), forms: SmallVec::new() }
    }

    pub(super) fn get(&mut self, dialect: Dialect) -> Bytes {
        let dialect = dialect.class(self.event);
        if let Some((_, bytes)) = self.forms.iter().find(|(known, _)| *known == dialect) {
            return bytes.clone();
        }
        let bytes = dialect.one_event(self.event, self.at);
        self.forms.push((dialect, bytes.clone()));
        bytes
    }
}

impl State {
    /// Shows an event to these connections.
    pub(super) fn show<'a>(&self, viewers: &[ClientId], event: &'a Event<'a>, at: impl Into<Moment<'a>>) {
        let mut written = Written::new(event, at);
        for viewer in viewers {
            if let Some(local) = self.clients.get(viewer) {
                local.client.queue.event(|dialect| written.get(dialect));
            }
        }
        metrics::counter!("gateway_deliveries_total").increment(viewers.len() as u64);
    }

    /// Shows an event to a channel; to the connection that did it only if its reply does not show it.
    pub(super) fn show_channel<'a>(
        &mut self,
        id: &ChannelId,
        event: &'a Event<'a>,
        at: impl Into<Moment<'a>>,
        doer: Option<&Doer>,
    ) {
        self.hand_out();
        let Some(channel) = self.channels.get(id) else { return };
        let viewers = channel.viewers().collect();
        self.show_others(viewers, event, at, doer);
    }

    pub(super) fn show_others<'a>(
        &self,
        mut viewers: Vec<ClientId>,
        event: &'a Event<'a>,
        at: impl Into<Moment<'a>>,
        doer: Option<&Doer>,
    ) {
        let at = at.into();
        if let Some(Doer { client, change }) = doer
            && let Some(index) = viewers.iter().position(|viewer| viewer == client)
            && let Some(local) = self.clients.get(client)
            && local.client.is_or_may_be_answered(change, |dialect| dialect.one_event(event, at))
        {
            viewers.swap_remove(index);
        }
        self.show(&viewers, event, at);
    }
}

/// The connection that did something, and what.
pub(super) struct Doer {
    pub(super) client: ClientId,
    pub(super) change: Change,
}
