//! Redactions, edits and reactions: entries of their own that also change the one they are about.

use api::Problem;
use kit::db::{Tx, on};

use super::{Outcome, Work, refused, stored_outcome};
use crate::{
    domain::{
        act::{Act, Grant, What},
        policy::{self, Original},
    },
    store::{
        Result, history,
        places::Conversation,
        row::{EDIT, REACTION, REDACTION, UNREACTION, kind_number, kind_of},
    },
};

const ORIGINAL: &str =
    "select e.kind, e.redacted, s.person from entries as e join speakers as s on s.n = e.author
    where e.conversation = $1 and e.seq = $2";
// The unary plus in the next two keeps SQLite on the index of what is about an entry: by seq it would read the conversation.
const SETTLED: &str = "select min(+seq) from entries where conversation = $1 and of_seq = $2 and kind = $3";
const REACTED: &str = "select e.seq, e.kind from entries as e join speakers as s on s.n = e.author
    where e.conversation = $1 and e.of_seq = $2 and e.kind in ($3, $4) and e.text = $5 and s.person = $6
    order by +e.seq desc limit 1";
const REDACT: &str = "update entries set text = '', redacted = true, tags = null, splits = null where conversation = $1 and seq = $2";
/// What it was edited to says the same again.
const REDACT_EDITS: &str =
    "update entries set text = '', redacted = true where conversation = $1 and of_seq = $2 and kind = $3";
const EDITED: &str =
    "update entries set text = $3, edited_at = $4, splits = null where conversation = $1 and seq = $2";

impl Work<'_> {
    /// Checks it against the original and changes that; what is settled already or refused comes back as an outcome.
    pub(super) async fn about(
        &mut self,
        act: &Act,
        grant: &Grant,
        author: i64,
        place: usize,
        of: u64,
    ) -> Result<Option<Outcome>> {
        let conversation = self.conversations[place].clone();
        let floor = match grant {
            Grant::Channel { floor, .. } => *floor,
            Grant::Direct => 0,
        };
        let original =
            if of > floor { original(&mut self.tx, conversation.n, of, author).await? } else { None };
        let Some(original) = original else {
            return Ok(Some(refused(policy::no_such_message())));
        };
        let op = match grant {
            Grant::Channel { op, .. } => Some(*op),
            Grant::Direct => None,
        };
        match &act.what {
            What::Say { .. } => Ok(None),
            What::Redact { .. } => match original.may_be_redacted(op) {
                Ok(()) if original.redacted => self.settled(&conversation, of, REDACTION).await,
                Ok(()) => self.redact(conversation.n, of).await.map(|()| None),
                Err(problem) => Ok(Some(refused(problem))),
            },
            What::Edit { text, .. } => match original.may_be_edited() {
                Ok(()) => self.edit(&conversation, of, text).await.map(|()| None),
                Err(problem) => Ok(Some(refused(problem))),
            },
            What::React { emoji, .. } | What::Unreact { emoji, .. } => match original.may_be_reacted_to() {
                Ok(()) => self.react(act, &conversation, of, emoji, author).await,
                Err(problem) => Ok(Some(refused(problem))),
            },
        }
    }

    async fn redact(&mut self, conversation: i64, of: u64) -> Result<()> {
        let of = of as i64;
        on!(&mut self.tx, t => {
            sqlx::query(REDACT).bind(conversation).bind(of).execute(&mut **t).await?;
            sqlx::query(REDACT_EDITS).bind(conversation).bind(of).bind(EDIT).execute(&mut **t).await?;
        });
        Ok(())
    }

    async fn edit(&mut self, conversation: &Conversation, of: u64, text: &str) -> Result<()> {
        let at = conversation.last_at.max(self.now.0);
        on!(&mut self.tx, t => {
            sqlx::query(EDITED).bind(conversation.n).bind(of as i64).bind(text).bind(at).execute(&mut **t).await?;
        });
        Ok(())
    }

    /// Reacting twice changes nothing, nor does taking back what is not there.
    async fn react(
        &mut self,
        act: &Act,
        conversation: &Conversation,
        of: u64,
        emoji: &str,
        author: i64,
    ) -> Result<Option<Outcome>> {
        let last: Option<(i64, i16)> = on!(&mut self.tx, t => {
            let query = sqlx::query_as(REACTED).bind(conversation.n).bind(of as i64).bind(REACTION).bind(UNREACTION);
            query.bind(emoji).bind(author).fetch_optional(&mut **t).await
        })?;
        let wanted = kind_number(act.what.kind());
        match last {
            Some((seq, kind)) if kind == wanted => self.again(conversation, seq).await.map(Some),
            None if wanted == UNREACTION => {
                Ok(Some(refused(policy::no_such_message().detail("there is no such reaction of yours"))))
            }
            _ => Ok(None),
        }
    }

    /// It was done before: the entry that did it.
    async fn settled(&mut self, conversation: &Conversation, of: u64, kind: i16) -> Result<Option<Outcome>> {
        let seq: Option<i64> = on!(&mut self.tx, t => {
            sqlx::query_scalar(SETTLED).bind(conversation.n).bind(of as i64).bind(kind).fetch_one(&mut **t).await
        })?;
        match seq {
            Some(seq) => self.again(conversation, seq).await.map(Some),
            None => Ok(Some(refused(policy::no_such_message()))),
        }
    }

    async fn again(&mut self, conversation: &Conversation, seq: i64) -> Result<Outcome> {
        Ok(match history::by_seq(&mut self.tx, conversation.n, seq).await? {
            Some((position, entry)) => stored_outcome(entry, position, true),
            None => refused(Problem::new(api::ErrorCode::NoSuchMessage)),
        })
    }
}

async fn original(tx: &mut Tx, conversation: i64, seq: u64, author: i64) -> Result<Option<Original>> {
    let Ok(seq) = i64::try_from(seq) else { return Ok(None) };
    let row: Option<(i16, bool, i64)> =
        on!(tx, t => sqlx::query_as(ORIGINAL).bind(conversation).bind(seq).fetch_optional(&mut **t).await)?;
    Ok(row.map(|(kind, redacted, person)| Original { kind: kind_of(kind), own: person == author, redacted }))
}
