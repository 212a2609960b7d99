//! Reading a conversation: pages by number, which stay what they are while others write.

use api::{
    Entry, Timestamp,
    id::{ConversationId, UserId},
    messages::{Entries, History, Point},
};
use kit::db::{Tx, on};
use sqlx::FromRow;

use super::{
    Result, Store,
    row::{Row, decode, select_entries},
};
use crate::domain::page::Range;

/// A conversation that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub n: i64,
    pub id: ConversationId,
    /// Of a channel's conversation.
    pub name: Option<String>,
    /// Of a direct one.
    pub parties: Option<[UserId; 2]>,
}

impl Place {
    /// Whether it is a direct conversation of this user.
    pub fn is_of(&self, user: &UserId) -> bool {
        self.parties.as_ref().is_some_and(|parties| parties.contains(user))
    }
}

/// The seqs that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct Bounds {
    first: i64,
    last: i64,
}

impl Bounds {
    pub fn first(&self) -> u64 {
        self.first as u64
    }

    /// One below the first if there is nothing.
    pub fn last(&self) -> u64 {
        self.last as u64
    }
}

const BY_ID: &str = "select c.n, c.id, c.name, a.id as a, b.id as b from conversations as c
    left join users as a on a.n = c.party_a left join users as b on b.n = c.party_b where c.id = $1";
const BY_PARTIES: &str = "select c.n, c.id, c.name, $1 as a, $2 as b from conversations as c
    where c.party_a = (select min(n) from users where id in ($1, $2)) and c.party_b = (select max(n) from users where id in ($1, $2))
        and (select count(*) from users where id in ($1, $2)) = $3";
const BOUNDS: &str = "select c.first_seq as first,
        coalesce((select max(e.seq) from entries as e where e.conversation = c.n), c.first_seq - 1) as last
    from conversations as c where c.n = $1";

// Time never goes backwards in a conversation and seqs have no hole: where a moment lies is found by halving, in the index that there
// is. One by time would cost every insert a page more.
const FIRST_SINCE: &str = "with recursive search (low, high) as (
        select cast($2 as bigint), cast($3 as bigint)
        union all
        select case when e.at < $4 then (s.low + s.high) / 2 + 1 else s.low end,
            case when e.at < $4 then s.high else (s.low + s.high) / 2 end
        from search as s cross join entries as e
        where s.low < s.high and e.conversation = $1 and e.seq = (s.low + s.high) / 2)
    select max(low) from search";
const ONE: &str = select_entries!("where e.conversation = $1 and e.seq = $2");
const UPWARDS: &str =
    select_entries!("where e.conversation = $1 and e.seq >= $2 and e.seq <= $3 order by e.seq limit $4");
const DOWNWARDS: &str =
    select_entries!("where e.conversation = $1 and e.seq >= $2 and e.seq <= $3 order by e.seq desc limit $4");

type PlaceRow = (i64, String, Option<String>, Option<String>, Option<String>);

impl Store {
    pub async fn conversation(&self, id: &ConversationId) -> Result<Option<Place>> {
        let row: Option<PlaceRow> =
            on!(self.db.read(), pool => sqlx::query_as(BY_ID).bind(id.as_str()).fetch_optional(pool).await)?;
        row.map(place).transpose()
    }

    /// The direct conversation of two people, who may be the same one.
    pub async fn direct(&self, a: &UserId, b: &UserId) -> Result<Option<Place>> {
        let people: i64 = if a == b { 1 } else { 2 };
        let row: Option<PlaceRow> = on!(self.db.read(), pool => {
            sqlx::query_as(BY_PARTIES).bind(a.as_str()).bind(b.as_str()).bind(people).fetch_optional(pool).await
        })?;
        row.map(place).transpose()
    }

    pub async fn bounds(&self, conversation: i64) -> Result<Bounds> {
        let bounds: Option<Bounds> = on!(self.db.read(), pool => sqlx::query_as(BOUNDS).bind(conversation).fetch_optional(pool).await)?;
        Ok(bounds.unwrap_or(NOTHING))
    }

    pub async fn entry(&self, conversation: i64, seq: u64) -> Result<Option<Entry>> {
        let row: Option<Row> = on!(self.db.read(), pool => {
            sqlx::query_as(ONE).bind(conversation).bind(number(seq)).fetch_optional(pool).await
        })?;
        row.map(Entry::try_from).transpose()
    }

    /// A page of what lies above `floor`.
    pub async fn page(&self, conversation: i64, floor: u64, range: Range, limit: u32) -> Result<History> {
        let mut tx = self.db.snapshot().await?;
        let bounds = bounds(&mut tx, conversation).await?;
        let first = bounds.first.max(number(floor.saturating_add(1)));
        let reader = &mut Reader { tx: &mut tx, conversation, first };
        let limit = i64::from(limit);
        // With the edges of where the page would be, for one that is empty.
        let (items, edges) = match range {
            Range::Latest => (reader.downwards(0, i64::MAX, limit).await?, (reader.first, bounds.last)),
            Range::After(point) => {
                let (_, last) = reader.locate(point, bounds).await?;
                (
                    reader.upwards(last.saturating_add(1), i64::MAX, limit).await?,
                    (last.saturating_add(1), last),
                )
            }
            Range::Before(point) => {
                let (first, _) = reader.locate(point, bounds).await?;
                (reader.downwards(0, first - 1, limit).await?, (first, first - 1))
            }
            Range::Around(point) => {
                let (first, _) = reader.locate(point, bounds).await?;
                let mut items = reader.downwards(0, first - 1, limit / 2).await?;
                items.extend(reader.upwards(first, i64::MAX, limit - items.len() as i64).await?);
                (items, (first, first - 1))
            }
            Range::Between(from, to) => {
                let (from, to) = (reader.locate(from, bounds).await?, reader.locate(to, bounds).await?);
                if from.1 < to.0 {
                    let low = from.1.saturating_add(1);
                    (reader.upwards(low, to.0 - 1, limit).await?, (low, from.1))
                } else {
                    let (low, high) = (to.1.saturating_add(1), from.0 - 1);
                    (reader.downwards(low, high, limit).await?, (from.0, high))
                }
            }
        };
        tx.rollback().await?;
        Ok(with_edges(items, edges, first as u64, bounds.last()))
    }

    /// The last seq of a moment or before it; 0 if there is none.
    pub(super) async fn last_until(&self, tx: &mut Tx, conversation: i64, at: Timestamp) -> Result<i64> {
        let bounds = bounds(tx, conversation).await?;
        let reader = &mut Reader { tx, conversation, first: bounds.first };
        let (_, last) = reader.locate(Point::At(at), bounds).await?;
        Ok(if last < bounds.first { 0 } else { last })
    }

    /// Entries after a seq as they are, for services that heal.
    pub async fn entries(&self, id: &ConversationId, after: u64, limit: u32) -> Result<Entries> {
        let mut answer = Entries { epoch: self.epoch.to_string(), entries: Vec::new(), last_seq: 0 };
        let Some(place) = self.conversation(id).await? else { return Ok(answer) };
        let mut tx = self.db.snapshot().await?;
        let bounds = bounds(&mut tx, place.n).await?;
        let reader = &mut Reader { tx: &mut tx, conversation: place.n, first: bounds.first };
        answer.entries = reader.upwards(number(after.saturating_add(1)), i64::MAX, i64::from(limit)).await?;
        answer.last_seq = bounds.last();
        tx.rollback().await?;
        Ok(answer)
    }
}

struct Reader<'a> {
    tx: &'a mut Tx,
    conversation: i64,
    /// Nothing below it is read.
    first: i64,
}

impl Reader<'_> {
    /// The first seq that is not before a point, and the last that is not after it.
    async fn locate(&mut self, point: Point, bounds: Bounds) -> Result<(i64, i64)> {
        match point {
            Point::Seq(seq) => Ok((number(seq), number(seq))),
            Point::End => Ok((i64::MAX, i64::MAX)),
            Point::At(at) => {
                let Timestamp(at) = at.to_millis();
                let first = self.first_since(at, bounds).await?;
                Ok((first, self.first_since(at.saturating_add(1000), bounds).await? - 1))
            }
        }
    }

    async fn first_since(&mut self, at: i64, bounds: Bounds) -> Result<i64> {
        on!(&mut *self.tx, t => {
            let query = sqlx::query_scalar(FIRST_SINCE).bind(self.conversation).bind(bounds.first);
            query.bind(bounds.last + 1).bind(at).fetch_one(&mut **t).await
        })
    }

    async fn upwards(&mut self, from: i64, to: i64, limit: i64) -> Result<Vec<Entry>> {
        self.read(UPWARDS, from.max(self.first), to, limit).await
    }

    async fn downwards(&mut self, from: i64, to: i64, limit: i64) -> Result<Vec<Entry>> {
        let mut items = self.read(DOWNWARDS, from.max(self.first), to, limit).await?;
        items.reverse();
        Ok(items)
    }

    async fn read(&mut self, sql: &'static str, from: i64, to: i64, limit: i64) -> Result<Vec<Entry>> {
        let rows: Vec<Row> = on!(&mut *self.tx, t => {
            sqlx::query_as(sql).bind(self.conversation).bind(from).bind(to).bind(limit).fetch_all(&mut **t).await
        })?;
        rows.into_iter().map(Entry::try_from).collect()
    }
}

/// An entry with its position, inside a transaction that may have just made it.
pub(super) async fn by_seq(tx: &mut Tx, conversation: i64, seq: i64) -> Result<Option<(i64, Entry)>> {
    let row: Option<Row> =
        on!(tx, t => sqlx::query_as(ONE).bind(conversation).bind(seq).fetch_optional(&mut **t).await)?;
    row.map(|row| Ok((row.n, row.try_into()?))).transpose()
}

async fn bounds(tx: &mut Tx, conversation: i64) -> Result<Bounds> {
    let bounds: Option<Bounds> =
        on!(tx, t => sqlx::query_as(BOUNDS).bind(conversation).fetch_optional(&mut **t).await)?;
    Ok(bounds.unwrap_or(NOTHING))
}

const NOTHING: Bounds = Bounds { first: 1, last: 0 };

fn with_edges(items: Vec<Entry>, edges: (i64, i64), first_seq: u64, last: u64) -> History {
    let (low, high) = match (items.first(), items.last(), edges) {
        (Some(first), Some(last), _) => (first.seq, last.seq),
        (_, _, (low, high)) => (low.max(0) as u64, high.max(0) as u64),
    };
    // What lies below the first is not there, and nothing of it comes after anything.
    let high = high.max(first_seq.saturating_sub(1));
    History { first_seq, has_before: low > first_seq && first_seq <= last, has_after: high < last, items }
}

/// A seq as the database counts; nothing has a number as high as those that do not fit.
pub(super) fn number(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

fn place((n, id, name, a, b): PlaceRow) -> Result<Place> {
    let parties = match (name.is_none(), a, b) {
        (true, Some(a), Some(b)) => Some([a.try_into().map_err(decode)?, b.try_into().map_err(decode)?]),
        _ => None,
    };
    Ok(Place { n, id: id.try_into().map_err(decode)?, name, parties })
}
