//! How far somebody has read: at an entry, which may go back, and up to a moment, which does not.

use api::{
    ChannelName, Timestamp,
    id::{ChannelId, ConversationId, UserId},
    messages::ReadMarker,
};
use kit::db::{Tx, on};

use super::{Result, Store, history::number};

const ADD_USER: &str = "insert into users (id) values ($1) on conflict do nothing";
const USER: &str = "select n from users where id = $1";
const ADD_CHANNEL: &str = "insert into conversations (id, name) values ($1, $2) on conflict do nothing";
const ADD_PAIR: &str =
    "insert into conversations (id, party_a, party_b) values ($1, $2, $3) on conflict do nothing";
const CHANNEL: &str = "select n from conversations where id = $1";
const PAIR: &str = "select n from conversations where party_a = $1 and party_b = $2";
const MARKER: &str = "select r.seq, r.at from read_markers as r join users as u on u.n = r.person
    where u.id = $1 and r.conversation = $2";
const MARK: &str = "insert into read_markers (person, conversation, seq, at)
    values ($1, $2, $3, coalesce((select e.at from entries as e where e.conversation = $2 and e.seq = $3), 0))
    on conflict (person, conversation) do update set seq = excluded.seq,
        at = case when excluded.at > read_markers.at then excluded.at else read_markers.at end
    returning seq, at";
const MARK_UNTIL: &str = "insert into read_markers (person, conversation, seq, at) values ($1, $2, $3, $4)
    on conflict (person, conversation) do update set
        seq = case when excluded.seq > read_markers.seq then excluded.seq else read_markers.seq end,
        at = case when excluded.at > read_markers.at then excluded.at else read_markers.at end
    returning seq, at";

/// Where somebody reads, whether anything was ever said there or not.
#[derive(Debug, Clone, Copy)]
pub enum Reading<'a> {
    Channel(&'a ChannelId, &'a ChannelName),
    With(&'a UserId),
}

impl Store {
    pub async fn read_marker(&self, user: &UserId, conversation: i64) -> Result<ReadMarker> {
        let row: Option<(i64, i64)> = on!(self.db.read(), pool => {
            sqlx::query_as(MARKER).bind(user.as_str()).bind(conversation).fetch_optional(pool).await
        })?;
        Ok(row.map(marker).unwrap_or_default())
    }

    pub async fn set_read_marker(&self, user: &UserId, conversation: i64, seq: u64) -> Result<ReadMarker> {
        let mut tx = self.db.begin().await?;
        let person = person(&mut tx, user).await?;
        let row: (i64, i64) = on!(&mut tx, t => {
            sqlx::query_as(MARK).bind(person).bind(conversation).bind(number(seq)).fetch_one(&mut **t).await
        })?;
        tx.commit().await?;
        Ok(marker(row))
    }

    /// Everything up to a moment is read.
    pub async fn read_until(&self, user: &UserId, place: Reading<'_>, at: Timestamp) -> Result<ReadMarker> {
        let mut tx = self.db.begin().await?;
        let person = person(&mut tx, user).await?;
        let conversation = conversation(&mut tx, person, place).await?;
        let seq = self.last_until(&mut tx, conversation, at).await?;
        let row: (i64, i64) = on!(&mut tx, t => {
            sqlx::query_as(MARK_UNTIL).bind(person).bind(conversation).bind(seq).bind(at.0).fetch_one(&mut **t).await
        })?;
        tx.commit().await?;
        Ok(marker(row))
    }
}

fn marker((seq, at): (i64, i64)) -> ReadMarker {
    ReadMarker { seq: seq as u64, at: (at != 0).then_some(Timestamp(at)) }
}

async fn person(tx: &mut Tx, user: &UserId) -> Result<i64> {
    on!(tx, t => {
        sqlx::query(ADD_USER).bind(user.as_str()).execute(&mut **t).await?;
        sqlx::query_scalar(USER).bind(user.as_str()).fetch_one(&mut **t).await
    })
}

async fn conversation(tx: &mut Tx, person: i64, place: Reading<'_>) -> Result<i64> {
    match place {
        Reading::Channel(id, name) => on!(tx, t => {
            sqlx::query(ADD_CHANNEL).bind(id.as_str()).bind(name.as_str()).execute(&mut **t).await?;
            sqlx::query_scalar(CHANNEL).bind(id.as_str()).fetch_one(&mut **t).await
        }),
        Reading::With(other) => {
            let other = self::person(tx, other).await?;
            let (a, b) = (person.min(other), person.max(other));
            let id = ConversationId::random(&mut rand::rng());
            on!(tx, t => {
                sqlx::query(ADD_PAIR).bind(id.as_str()).bind(a).bind(b).execute(&mut **t).await?;
                sqlx::query_scalar(PAIR).bind(a).bind(b).fetch_one(&mut **t).await
            })
        }
    }
}
