//! Conversations as integers, locked, and where they stand.

use std::collections::{BTreeSet, HashMap};

use api::id::{ChannelId, ConversationId};
use kit::db::{Backend, Tx};

use super::{
    Result, Store,
    memory::{Memory, remember},
    people::{People, json},
};
use crate::domain::act::{Act, Grant, Place, Verdict};

/// A conversation, and the last that was said in it.
#[derive(Debug, Clone)]
pub(super) struct Conversation {
    pub(super) n: i64,
    pub(super) id: ConversationId,
    pub(super) first_seq: i64,
    pub(super) last_seq: i64,
    pub(super) last_at: i64,
}

/// How a conversation is found.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Name {
    Channel(ChannelId),
    Pair((i64, i64)),
}

const FIND_CHANNELS_SQLITE: &str =
    "select id, n from conversations where id in (select value from json_each($1))";
const FIND_PAIRS_SQLITE: &str = "select c.party_a, c.party_b, c.n from json_each($1) as j
    cross join conversations as c on c.party_a = j.value ->> 0 and c.party_b = j.value ->> 1";
const ADD_CHANNELS_SQLITE: &str = "insert into conversations (id, name)
    select value ->> 0, value ->> 1 from json_each($1) where true on conflict do nothing";
const ADD_PAIRS_SQLITE: &str = "insert into conversations (id, party_a, party_b)
    select value ->> 0, value ->> 1, value ->> 2 from json_each($1) where true on conflict do nothing";
const LAST_SQLITE: &str =
    "select c.n, c.id, c.first_seq, coalesce(e.seq, c.first_seq - 1), coalesce(e.at, c.floor_at)
    from conversations as c left join entries as e
        on e.conversation = c.n and e.seq = (select max(seq) from entries where conversation = c.n)
    where c.n in (select value from json_each($1))";

// Rows are locked in the order of their numbers, channels before pairs: two replicas never wait for each other in a circle.
const FIND_CHANNELS_POSTGRES: &str =
    "select id, n from conversations where id = any($1) order by n for update";
const FIND_PAIRS_POSTGRES: &str = "select c.party_a, c.party_b, c.n from conversations as c
    join unnest($1::bigint[], $2::bigint[]) as j (a, b) on c.party_a = j.a and c.party_b = j.b order by c.n for update of c";
const ADD_CHANNELS_POSTGRES: &str = "insert into conversations (id, name)
    select * from unnest($1::text[], $2::text[]) on conflict do nothing";
const ADD_PAIRS_POSTGRES: &str = "insert into conversations (id, party_a, party_b)
    select * from unnest($1::text[], $2::bigint[], $3::bigint[]) on conflict do nothing";
// A statement of its own after the locks: what was committed while we waited for them must be seen.
const LAST_POSTGRES: &str =
    "select c.n, c.id, c.first_seq, coalesce(e.seq, c.first_seq - 1), coalesce(e.at, c.floor_at)
    from conversations as c left join lateral
        (select seq, at from entries where conversation = c.n order by seq desc limit 1) as e on true
    where c.n = any($1)";

type Last = (i64, String, i64, i64, i64);

impl Store {
    /// The conversation of each act as an index into the list, locked until the transaction ends. New ones are made for those
    /// who may act.
    pub(super) async fn places(
        &self,
        tx: &mut Tx,
        acts: &[Act],
        people: &[People],
    ) -> Result<(Vec<Option<usize>>, Vec<Conversation>)> {
        let names: Vec<_> = acts.iter().zip(people).map(|(act, people)| name(act, people)).collect();
        let mut numbers = HashMap::new();
        let mut conversations = HashMap::new();
        let alone = matches!(tx, Backend::Sqlite(_));
        if alone {
            self.memory.lock().recall(&names, &mut numbers, &mut conversations);
        }
        let missing: BTreeSet<&Name> =
            names.iter().flatten().filter(|name| !numbers.contains_key(*name)).collect();
        if !missing.is_empty() {
            let found = find(tx, &missing).await?;
            let new: BTreeSet<&Name> = wanted(acts, &names)
                .filter(|name| missing.contains(name) && !found.contains_key(*name))
                .collect();
            numbers.extend(found);
            if !new.is_empty() {
                add(tx, &new, acts, &names).await?;
                numbers.extend(find(tx, &new).await?);
            }
        }
        let unknown: Vec<i64> =
            numbers.values().copied().filter(|n| !conversations.contains_key(n)).collect();
        if !unknown.is_empty() {
            for conversation in last(tx, &unknown).await? {
                conversations.insert(conversation.n, conversation);
            }
        }
        if alone {
            self.memory.lock().keep(&numbers);
        }
        let list: Vec<_> = conversations.into_values().collect();
        let at: HashMap<i64, usize> =
            list.iter().enumerate().map(|(at, conversation)| (conversation.n, at)).collect();
        let index = |name: &Option<Name>| at.get(numbers.get(name.as_ref()?)?).copied();
        Ok((names.iter().map(index).collect(), list))
    }
}

impl Memory {
    fn recall(
        &self,
        names: &[Option<Name>],
        numbers: &mut HashMap<Name, i64>,
        conversations: &mut HashMap<i64, Conversation>,
    ) {
        for name in names.iter().flatten() {
            let n = match name {
                Name::Channel(id) => self.channels.get(id),
                Name::Pair(pair) => self.pairs.get(pair),
            };
            if let Some(conversation) = n.and_then(|n| self.conversations.get(n))
                && !numbers.contains_key(name)
            {
                numbers.insert(name.clone(), conversation.n);
                conversations.insert(conversation.n, conversation.clone());
            }
        }
    }

    fn keep(&mut self, numbers: &HashMap<Name, i64>) {
        for (name, n) in numbers {
            match name {
                Name::Channel(id) if self.channels.get(id) != Some(n) => {
                    remember(&mut self.channels, id.clone(), *n)
                }
                Name::Pair(pair) if self.pairs.get(pair) != Some(n) => remember(&mut self.pairs, *pair, *n),
                _ => {}
            }
        }
    }
}

fn name(act: &Act, people: &People) -> Option<Name> {
    match &act.place {
        Place::Channel(id) => Some(Name::Channel(id.clone())),
        Place::Direct(_) => people.pair().map(Name::Pair),
    }
}

fn wanted<'a>(acts: &'a [Act], names: &'a [Option<Name>]) -> impl Iterator<Item = &'a Name> {
    acts.iter()
        .zip(names)
        .filter(|(act, _)| matches!(act.verdict, Verdict::Allowed(_)))
        .filter_map(|(_, name)| name.as_ref())
}

fn split<'a>(names: &BTreeSet<&'a Name>) -> (Vec<&'a str>, Vec<(i64, i64)>) {
    let mut split = (Vec::new(), Vec::new());
    for name in names {
        match name {
            Name::Channel(id) => split.0.push(id.as_str()),
            Name::Pair(pair) => split.1.push(*pair),
        }
    }
    split
}

async fn find(tx: &mut Tx, names: &BTreeSet<&Name>) -> Result<HashMap<Name, i64>> {
    let (channels, pairs) = split(names);
    let mut found = HashMap::new();
    if !channels.is_empty() {
        let rows: Vec<(String, i64)> = match tx {
            Backend::Sqlite(t) => {
                sqlx::query_as(FIND_CHANNELS_SQLITE).bind(json(&channels)).fetch_all(&mut **t).await?
            }
            Backend::Postgres(t) => {
                sqlx::query_as(FIND_CHANNELS_POSTGRES).bind(&channels).fetch_all(&mut **t).await?
            }
        };
        found.extend(rows.into_iter().filter_map(|(id, n)| Some((Name::Channel(id.try_into().ok()?), n))));
    }
    if !pairs.is_empty() {
        let rows: Vec<(i64, i64, i64)> = match tx {
            Backend::Sqlite(t) => {
                sqlx::query_as(FIND_PAIRS_SQLITE).bind(json(&pairs)).fetch_all(&mut **t).await?
            }
            Backend::Postgres(t) => {
                let (a, b): (Vec<i64>, Vec<i64>) = pairs.into_iter().unzip();
                sqlx::query_as(FIND_PAIRS_POSTGRES).bind(&a).bind(&b).fetch_all(&mut **t).await?
            }
        };
        found.extend(rows.into_iter().map(|(a, b, n)| (Name::Pair((a, b)), n)));
    }
    Ok(found)
}

async fn add(tx: &mut Tx, new: &BTreeSet<&Name>, acts: &[Act], names: &[Option<Name>]) -> Result<()> {
    let (channels, pairs) = split(new);
    if !channels.is_empty() {
        let called: HashMap<&str, &str> = acts.iter().zip(names).filter_map(|(act, _)| called(act)).collect();
        let called: Vec<_> = channels.iter().map(|id| called.get(id).copied().unwrap_or_default()).collect();
        match tx {
            Backend::Sqlite(t) => {
                let rows: Vec<_> = channels.iter().zip(&called).collect();
                sqlx::query(ADD_CHANNELS_SQLITE).bind(json(&rows)).execute(&mut **t).await?;
            }
            Backend::Postgres(t) => {
                sqlx::query(ADD_CHANNELS_POSTGRES).bind(&channels).bind(&called).execute(&mut **t).await?;
            }
        }
    }
    if !pairs.is_empty() {
        let ids: Vec<String> =
            pairs.iter().map(|_| ConversationId::random(&mut rand::rng()).into()).collect();
        match tx {
            Backend::Sqlite(t) => {
                let rows: Vec<_> = ids.iter().zip(&pairs).map(|(id, (a, b))| (id, a, b)).collect();
                sqlx::query(ADD_PAIRS_SQLITE).bind(json(&rows)).execute(&mut **t).await?;
            }
            Backend::Postgres(t) => {
                let (a, b): (Vec<i64>, Vec<i64>) = pairs.into_iter().unzip();
                sqlx::query(ADD_PAIRS_POSTGRES).bind(&ids).bind(&a).bind(&b).execute(&mut **t).await?;
            }
        }
    }
    Ok(())
}

fn called(act: &Act) -> Option<(&str, &str)> {
    match (&act.place, &act.verdict) {
        (Place::Channel(id), Verdict::Allowed(Grant::Channel { name, .. })) => {
            Some((id.as_str(), name.as_str()))
        }
        _ => None,
    }
}

async fn last(tx: &mut Tx, numbers: &[i64]) -> Result<Vec<Conversation>> {
    let rows: Vec<Last> = match tx {
        Backend::Sqlite(t) => sqlx::query_as(LAST_SQLITE).bind(json(numbers)).fetch_all(&mut **t).await?,
        Backend::Postgres(t) => sqlx::query_as(LAST_POSTGRES).bind(numbers).fetch_all(&mut **t).await?,
    };
    rows.into_iter()
        .map(|(n, id, first_seq, last_seq, last_at)| {
            let id = id.try_into().map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
            Ok(Conversation { n, id, first_seq, last_seq, last_at })
        })
        .collect()
}
