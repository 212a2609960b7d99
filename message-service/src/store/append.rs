//! The one transaction in which everything that waits is numbered and kept: looks up keys first, then numbers what is new.

mod about;
mod entry;
mod insert;

use std::{collections::HashMap, sync::Arc};

use api::{Entry, ErrorCode, Problem, Timestamp};
use kit::{
    db::{Tx, on},
    trace::TraceId,
};

use super::{
    Result, Store, history,
    keys::{self, Owned, Seen},
    memory::remember,
    people::People,
    places::Conversation,
    row::kind_number,
};
use crate::domain::{
    act::{Act, Grant, Verdict, What},
    policy,
};

/// What came of an act.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Kept once the transaction is committed.
    Stored(Arc<Stored>),
    Stale,
    Refused(Box<Problem>),
}

#[derive(Debug, Clone)]
pub struct Stored {
    pub entry: Entry,
    /// Where it stands among the entries of all conversations.
    pub position: i64,
    /// It had been kept before, or nothing had to change: this is the first answer.
    pub replayed: bool,
}

const SLOWED: &str = "select at from slowed where conversation = $1 and person = $2";
const SLOW: &str = "insert into slowed (conversation, person, at) values ($1, $2, $3)
    on conflict (conversation, person) do update set at = excluded.at";

/// A transaction at work.
struct Work<'a> {
    tx: Tx,
    now: Timestamp,
    conversations: Vec<Conversation>,
    seen: HashMap<Owned<'a>, Seen>,
    /// Numbered, not yet in the table.
    rows: Vec<insert::EntryRow<'a>>,
    keys: Vec<insert::KeyRow<'a>>,
    outcomes: Vec<Option<Outcome>>,
}

impl Store {
    /// Keeps what is allowed, all of it in one transaction; one outcome for each act, in order.
    pub async fn append(&self, now: Timestamp, acts: &[Act]) -> Result<Vec<Outcome>> {
        let outcomes = self.try_append(now, acts).await;
        if outcomes.is_err() {
            self.forget();
        }
        outcomes
    }

    async fn try_append(&self, now: Timestamp, acts: &[Act]) -> Result<Vec<Outcome>> {
        let mut tx = self.db.begin().await?;
        let people = self.people(&mut tx, acts).await?;
        let (places, conversations) = self.places(&mut tx, acts, &people).await?;
        let owned: Vec<Option<Owned<'_>>> = (0..acts.len())
            .map(|at| {
                Some((acts[at].key.as_ref()?.text.as_str(), people[at].author?, conversations[places[at]?].n))
            })
            .collect();
        let mut wanted: Vec<Owned<'_>> = owned.iter().flatten().copied().collect();
        wanted.sort_unstable();
        wanted.dedup();
        let seen = keys::find(&mut tx, &wanted).await?;
        let outcomes = vec![None; acts.len()];
        let mut work = Work { tx, now, conversations, seen, rows: Vec::new(), keys: Vec::new(), outcomes };
        for at in 0..acts.len() {
            let outcome = work.decide(at, &acts[at], people[at], places[at], owned[at]).await?;
            if outcome.is_some() {
                work.outcomes[at] = outcome;
            }
        }
        work.flush().await?;
        let Work { tx, conversations, outcomes, .. } = work;
        if self.db.is_sqlite() {
            let mut memory = self.memory.lock();
            for conversation in conversations {
                remember(&mut memory.conversations, conversation.n, conversation);
            }
        }
        tx.commit().await?;
        Ok(outcomes.into_iter().map(|outcome| outcome.expect("every act was decided")).collect())
    }
}

impl<'a> Work<'a> {
    /// What comes of one act; none: it was numbered and its outcome is in its place.
    async fn decide(
        &mut self,
        at: usize,
        act: &'a Act,
        people: People,
        place: Option<usize>,
        owned: Option<Owned<'a>>,
    ) -> Result<Option<Outcome>> {
        if let (Some(owned), Some(key)) = (owned, &act.key)
            && let Some(seen) = self.seen.get(&owned).cloned()
        {
            return self.repeat(act, place, &seen, key.hash).await.map(Some);
        }
        let grant = match &act.verdict {
            Verdict::Allowed(grant) => grant,
            Verdict::Stale => return Ok(Some(Outcome::Stale)),
            Verdict::Refused(problem) => return Ok(Some(refused(problem.clone()))),
        };
        let (Some(place), Some(author)) = (place, people.author) else {
            // Its conversation was deleted between finding and locking it.
            return Ok(Some(refused(Problem::new(ErrorCode::Unavailable).retry_after(1))));
        };
        if let Some(refusal) = self.replies_to_nothing(act, grant, place) {
            return Ok(Some(refusal));
        }
        if let Some(of) = act.what.of() {
            self.flush().await?;
            if let Some(outcome) = self.about(act, grant, author, place, of).await? {
                return Ok(Some(outcome));
            }
        }
        if let Some(refusal) = self.too_soon(act, grant, author, place).await? {
            return Ok(Some(refusal));
        }
        self.number(at, act, grant, people, place, owned);
        Ok(None)
    }

    /// The first answer again, or a refusal if the request is another one.
    async fn repeat(
        &mut self,
        act: &Act,
        place: Option<usize>,
        seen: &Seen,
        hash: [u8; 32],
    ) -> Result<Outcome> {
        if seen.hash != hash {
            return Ok(refused(Problem::new(ErrorCode::KeyReused)));
        }
        self.flush().await?;
        let conversation = self.conversations[place.expect("a key was found in a conversation")].clone();
        self.replay(act, &conversation, seen).await
    }

    async fn replay(&mut self, act: &Act, conversation: &Conversation, seen: &Seen) -> Result<Outcome> {
        let stored = history::by_seq(&mut self.tx, conversation.n, seen.seq).await?;
        let (position, entry) = match stored {
            Some((position, entry)) => (position, entry),
            // Retention has taken it since; that it was kept is still true.
            None => (0, entry::forgotten(act, conversation, seen)),
        };
        Ok(stored_outcome(entry, position, true))
    }

    /// A reply needs something that its author can read.
    fn replies_to_nothing(&self, act: &Act, grant: &Grant, place: usize) -> Option<Outcome> {
        let What::Say { reply_to: Some(id), .. } = &act.what else { return None };
        let conversation = &self.conversations[place];
        let floor = match grant {
            Grant::Channel { floor, .. } => *floor,
            Grant::Direct => 0,
        };
        let first = (conversation.first_seq as u64).max(floor + 1);
        if id.conversation == conversation.id && (first..=conversation.last_seq as u64).contains(&id.seq) {
            return None;
        }
        let detail = "reply_to names no message of this conversation";
        Some(refused(Problem::new(ErrorCode::NoSuchMessage).detail(detail)))
    }

    /// Slow mode, for all that puts words before others.
    async fn too_soon(
        &mut self,
        act: &Act,
        grant: &Grant,
        author: i64,
        place: usize,
    ) -> Result<Option<Outcome>> {
        if matches!(act.what, What::Redact { .. } | What::Unreact { .. }) {
            return Ok(None);
        }
        let Grant::Channel { slow_seconds: Some(seconds), .. } = grant else { return Ok(None) };
        let n = self.conversations[place].n;
        let last: Option<i64> = on!(&mut self.tx, t => sqlx::query_scalar(SLOWED).bind(n).bind(author).fetch_optional(&mut **t).await)?;
        if let Some(last) = last
            && let Err(problem) = policy::slow(Timestamp(last), self.now, *seconds)
        {
            return Ok(Some(refused(problem)));
        }
        on!(&mut self.tx, t => {
            sqlx::query(SLOW).bind(n).bind(author).bind(self.now.0).execute(&mut **t).await.map(|_| ())
        })?;
        Ok(None)
    }

    /// Gives it the next number of its conversation.
    fn number(
        &mut self,
        at: usize,
        act: &'a Act,
        grant: &Grant,
        people: People,
        place: usize,
        owned: Option<Owned<'a>>,
    ) {
        let conversation = &mut self.conversations[place];
        conversation.last_seq += 1;
        // Time never goes backwards within a conversation, whatever the clock does.
        conversation.last_at = conversation.last_at.max(self.now.0);
        let (seq, time) = (conversation.last_seq, conversation.last_at);
        let n = conversation.n;
        let entry = entry::entry(act, Some(grant), conversation);
        self.rows.push(insert::EntryRow {
            act: at,
            conversation: n,
            seq,
            author: people.author_speaker.expect("who acts has a number"),
            recipient: people.recipient_speaker,
            at: time,
            channel_version: entry.channel_version.map(|version| version as i64),
            reply_to: entry.reply_to.as_ref().map(|id| id.seq as i64),
            of_seq: entry.of.map(|of| of as i64),
            kind: kind_number(entry.kind),
            text: act.what.text(),
            tags: entry::json_of(!entry.tags.is_empty(), &entry.tags),
            splits: entry::json_of(!entry.splits.is_empty(), &entry.splits),
            trace: act.trace.map(|TraceId(id)| id.to_be_bytes()),
        });
        if let (Some(owned), Some(key)) = (owned, &act.key) {
            self.keys.push(insert::KeyRow { owned, seq, at: time, hash: &key.hash });
            self.seen.insert(owned, Seen { seq, at: time, hash: key.hash.to_vec() });
        }
        self.outcomes[at] = Some(stored_outcome(entry, 0, false));
    }
}

fn refused(problem: Problem) -> Outcome {
    Outcome::Refused(Box::new(problem))
}

fn stored_outcome(entry: Entry, position: i64, replayed: bool) -> Outcome {
    Outcome::Stored(Arc::new(Stored { entry, position, replayed }))
}
