//! What comes of sends, and of entries in general.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use api::{Entry, EntryKind, Problem, auth::ServiceName, id::ChannelId};
use smallvec::SmallVec;

use super::{Addressee, Client, ClientId, State, channel::OVERDUE, run::Item};
use crate::{
    command::{About, Answer, Outcome, Refusal},
    event::Event,
    lane::sends::Place,
    reply::Reply,
};

/// A send on its way, without what is sent.
pub(crate) struct Sent {
    pub(crate) to: Addressee,
    pub(crate) client: Arc<Client>,
    /// None once it is given up: the client was told `503`.
    pub(crate) reply: Option<Reply>,
    /// What its errors name.
    pub(crate) about: Box<About>,
    /// The client made the key, and may repeat it.
    pub(crate) own_key: bool,
    /// When it is given up.
    pub(crate) deadline: Instant,
    /// Its place among all that wait, given back when it is done.
    pub(crate) _place: Option<Place>,
}

/// What came of one.
pub(crate) struct Done {
    client: Arc<Client>,
    to: Addressee,
    reply: Option<Reply>,
    result: Result<Stored, Refusal>,
}

pub(crate) struct Stored {
    pub(crate) entry: Entry,
    /// A repeat that the client is told about.
    pub(crate) dup: bool,
}

impl Done {
    /// Its client has not been told of it before.
    pub(super) fn is_answered(&self) -> bool {
        self.reply.is_some()
    }
}

impl Sent {
    pub(crate) fn stored(self, stored: Stored) -> Done {
        Done { client: self.client, to: self.to, reply: self.reply, result: Ok(stored) }
    }

    pub(crate) fn refused(self, problem: Problem) -> Done {
        let refusal = Refusal { problem: Box::new(problem), about: self.about }.of(ServiceName::Messages);
        Done { client: self.client, to: self.to, reply: self.reply, result: Err(refusal) }
    }

    /// The client is told that it is not known to be stored; if it is, it will be shown.
    pub(crate) fn give_up(&mut self) -> Option<Done> {
        let reply = self.reply.take()?;
        let result = Err(Refusal::unavailable(ServiceName::Messages));
        Some(Done { client: self.client.clone(), to: self.to.clone(), reply: Some(reply), result })
    }
}

/// A reply that waits for its entry's place in the order.
pub(super) struct Owed {
    pub(super) client: ClientId,
    /// None: it was given already, as the wait was too long.
    reply: Option<(Reply, Answer)>,
    overdue_at: Instant,
}

impl Owed {
    fn new(reply: Reply, stored: &Stored, away: Option<Arc<str>>, now: Instant) -> Self {
        let entry = &stored.entry;
        let target = entry.target.clone();
        let outcome = match (entry.kind, entry.of) {
            (EntryKind::Redaction, Some(seq)) => {
                let shown = reply.dialect().answers_with_events().then(|| Box::new(entry.clone()));
                Outcome::Redacted { target, seq, entry: shown }
            }
            _ => {
                let away = entry.to.as_ref().map(|to| to.nick.clone()).zip(away);
                let shown = reply.dialect().shows_sent().then(|| Box::new(entry.clone()));
                Outcome::Sent { target, id: entry.id.clone(), dup: stored.dup, entry: shown, away }
            }
        };
        Self { client: reply.client(), reply: Some((reply, Ok(outcome))), overdue_at: now + OVERDUE }
    }

    pub(super) fn pay(mut self) {
        self.pay_now();
    }

    /// Given, but the entry is still not to be shown to this client when it comes.
    pub(super) fn pay_now(&mut self) {
        if let Some((reply, answer)) = self.reply.take() {
            reply.give(&answer);
        }
    }

    pub(super) fn overdue_at(&self) -> Option<Instant> {
        self.reply.as_ref().map(|_| self.overdue_at)
    }
}

impl State {
    pub(super) fn sent(&mut self, done: Done, now: Instant) {
        let Done { client, to, reply, result } = done;
        let was_open = reply.is_some();
        let stored = match result {
            Ok(stored) => {
                let seq = stored.entry.seq;
                let is_answerable = stored.entry.kind != EntryKind::Notice;
                let to = stored.entry.to.as_ref().filter(|_| is_answerable);
                let away = to.and_then(|to| self.away_of(&to.id));
                let owed = reply.map(|reply| Owed::new(reply, &stored, away, now));
                self.entry(stored.entry, owed, now);
                Some(seq)
            }
            Err(refusal) => {
                if let Some(reply) = reply {
                    self.hand_out();
                    reply.give(&Err(refusal));
                }
                None
            }
        };
        if was_open {
            self.show_unclaimed(&client, &to, stored);
        }
    }

    /// A send has ended: entries that could have been it, and were not, are shown after all.
    fn show_unclaimed(&mut self, client: &Arc<Client>, to: &Addressee, stored: Option<u64>) {
        let unclaimed = client.send_ends(to, stored);
        if unclaimed.is_empty() {
            return;
        }
        self.hand_out();
        for entry in unclaimed {
            let author = self.shown(&entry.author);
            let event = Event::Entry { entry: &entry, author: author.who() };
            self.show(&[client.id], &event, entry.at);
        }
    }

    /// An entry, from a reply or the bus; `owed`: the reply to the send that it is.
    pub(super) fn entry(&mut self, entry: Entry, owed: Option<Owed>, now: Instant) {
        match &entry.to {
            Some(_) => self.direct_entry(entry, owed, now),
            None => self.channel_entry(entry, owed, now),
        }
    }

    /// An entry's turn has come.
    pub(super) fn spoken(&mut self, id: &ChannelId, mut entry: Entry, owed: Option<Owed>, now: Instant) {
        self.learn_of(&entry.author, now);
        let author = self.shown(&entry.author);
        entry.author.nick = author.nick;
        let hidden = self.hidden_from(&entry, owed.as_ref());
        self.gather(
            id,
            Item { entry, mask: author.mask, account: author.account, bot: author.bot, owed, hidden },
        );
    }

    /// Who is answered, or may be, instead of being shown an entry.
    pub(super) fn hidden_from(&self, entry: &Entry, owed: Option<&Owed>) -> SmallVec<[ClientId; 1]> {
        let mut hidden: SmallVec<[ClientId; 1]> = owed.map(|owed| owed.client).into_iter().collect();
        if let Some(author) = self.client_of(entry.session.as_ref())
            && !hidden.contains(&author)
            && self.clients.get(&author).is_some_and(|local| local.client.may_claim(entry))
        {
            hidden.push(author);
        }
        hidden
    }
}

/// What a send may take in all: the client is told `503` before three seconds are over.
pub(crate) const SEND_WITHIN: Duration = Duration::from_millis(2500);
