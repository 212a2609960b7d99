//! Entries of one channel that leave together: written once, handed to each queue in one piece.

use std::sync::Arc;

use api::{Entry, id::ChannelId};
use bytes::Bytes;
use smallvec::SmallVec;

use super::{ClientId, State, channel::Viewer, sent::Owed};
use crate::{
    dialect::Dialect,
    event::{Event, Who},
};

#[derive(Default)]
pub(super) struct Run {
    items: Vec<Item>,
}

pub(super) struct Item {
    /// The author's nick is the one to show.
    pub(super) entry: Entry,
    /// The author's.
    pub(super) mask: Arc<str>,
    pub(super) account: Option<Arc<str>>,
    pub(super) bot: bool,
    /// Given in the entry's place.
    pub(super) owed: Option<Owed>,
    /// Connections that are answered, or may be, instead of being shown the entry.
    pub(super) hidden: SmallVec<[ClientId; 1]>,
}

/// A run in one dialect, and where each of its entries ends.
struct Form {
    dialect: Dialect,
    bytes: Bytes,
    ends: Vec<usize>,
}

impl State {
    /// Puts an entry at the end of its channel's run.
    pub(super) fn gather(&mut self, id: &ChannelId, item: Item) {
        match self.runs.get_mut(id) {
            Some(run) => run.items.push(item),
            None => drop(self.runs.insert(id.clone(), Run { items: vec![item] })),
        }
    }

    /// Hands out all runs. Whatever is shown otherwise calls this first, so that it comes after what was said before it.
    pub(super) fn hand_out(&mut self) {
        if self.runs.is_empty() {
            return;
        }
        for (id, mut run) in std::mem::take(&mut self.runs) {
            let viewers = self.channels.get(&id).map_or(&[][..], |channel| &channel.viewers);
            self.hand_out_run(viewers, &mut run);
            // Replies of those who are not shown the channel.
            run.items.into_iter().filter_map(|item| item.owed).for_each(Owed::pay);
        }
    }

    fn hand_out_run(&self, viewers: &[Viewer], run: &mut Run) {
        let Some(first) = run.items.first().map(|item| item.entry.seq) else { return };
        let special: SmallVec<[ClientId; 8]> =
            run.items.iter().flat_map(|item| item.hidden.iter().copied()).collect();
        let mut forms: SmallVec<[Form; 2]> = SmallVec::new();
        for viewer in viewers {
            let Some(local) = self.clients.get(&viewer.client) else { continue };
            let queue = &local.client.queue;
            let sees_all = !viewer.resuming && viewer.after < first;
            if sees_all && !special.contains(&viewer.client) {
                queue.event(|dialect| form(&mut forms, dialect, run).bytes.clone());
                continue;
            }
            let mut waiting = Vec::new();
            for index in 0..run.items.len() {
                let item = &mut run.items[index];
                if item.owed.as_ref().is_some_and(|owed| owed.client == viewer.client) {
                    let owed = item.owed.take();
                    queue.event(|_| std::mem::take(&mut waiting).into());
                    owed.into_iter().for_each(Owed::pay);
                } else if !item.hidden.contains(&viewer.client)
                    && !viewer.resuming
                    && item.entry.seq > viewer.after
                {
                    let form = form(&mut forms, queue.dialect(), run);
                    let start = index.checked_sub(1).map_or(0, |before| form.ends[before]);
                    waiting.extend_from_slice(&form.bytes[start..form.ends[index]]);
                }
            }
            queue.event(|_| waiting.into());
        }
        metrics::counter!("gateway_deliveries_total").increment((viewers.len() * run.items.len()) as u64);
    }
}

fn form<'a>(forms: &'a mut SmallVec<[Form; 2]>, dialect: Dialect, run: &Run) -> &'a Form {
    let dialect = dialect.class_of_entries();
    let index = forms.iter().position(|form| form.dialect == dialect).unwrap_or_else(|| {
        let mut bytes = Vec::new();
        let mut ends = Vec::with_capacity(run.items.len());
        for Item { entry, mask, account, bot, .. } in &run.items {
            let (nick, account) = (entry.author.nick.as_str(), account.as_deref());
            let author = Who { nick, mask, account, realname: None, bot: *bot };
            dialect.event(&Event::Entry { entry, author }, entry.at, &mut bytes);
            ends.push(bytes.len());
        }
        forms.push(Form { dialect, bytes: bytes.into(), ends });
        forms.len() - 1
    });
    &forms[index]
}
