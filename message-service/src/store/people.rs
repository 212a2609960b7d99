//! Persons as integers.

use std::collections::{BTreeMap, HashMap};

use api::{
    Person,
    id::{SessionId, UserId},
};
use kit::db::{Backend, Tx};

use super::{
    Result, Store,
    memory::{Memory, remember},
};
use crate::domain::act::{Act, Place, Verdict};

/// A person as they spoke. Nicks differ here when they are spelled differently.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Speaker {
    person: i64,
    nick: String,
    user_version: i64,
    session: String,
}

impl Speaker {
    fn new(person: i64, named: &Person, session: Option<&SessionId>) -> Self {
        Self {
            person,
            nick: named.nick.as_str().to_owned(),
            user_version: named.user_version as i64,
            session: session.map(|id| id.as_str().to_owned()).unwrap_or_default(),
        }
    }
}

/// The numbers of those that an act concerns. Of those who may not act, only persons that were known already.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct People {
    pub(super) author: Option<i64>,
    pub(super) recipient: Option<i64>,
    pub(super) author_speaker: Option<i64>,
    pub(super) recipient_speaker: Option<i64>,
}

impl People {
    /// The two of a direct conversation, the lower number first.
    pub(super) fn pair(&self) -> Option<(i64, i64)> {
        let (a, b) = (self.author?, self.recipient?);
        Some((a.min(b), a.max(b)))
    }
}

const ADD_USERS_SQLITE: &str =
    "insert into users (id) select value from json_each($1) where true on conflict do nothing";
const FIND_USERS_SQLITE: &str = "select id, n from users where id in (select value from json_each($1))";
const ADD_USERS_POSTGRES: &str =
    "insert into users (id) select id from unnest($1::text[]) as t (id) on conflict do nothing";
const FIND_USERS_POSTGRES: &str = "select id, n from users where id = any($1)";

const ADD_SPEAKERS_SQLITE: &str = "insert into speakers (person, nick, user_version, session)
    select value ->> 0, value ->> 1, value ->> 2, value ->> 3 from json_each($1) where true on conflict do nothing";
const FIND_SPEAKERS_SQLITE: &str = "select s.person, s.nick, s.user_version, s.session, s.n
    from json_each($1) as j cross join speakers as s on s.person = j.value ->> 0 and s.nick = j.value ->> 1
        and s.user_version = j.value ->> 2 and s.session = j.value ->> 3";
const ADD_SPEAKERS_POSTGRES: &str = "insert into speakers (person, nick, user_version, session)
    select * from unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[]) on conflict do nothing";
const FIND_SPEAKERS_POSTGRES: &str = "select s.person, s.nick, s.user_version, s.session, s.n
    from unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[]) as j (person, nick, user_version, session)
    join speakers as s using (person, nick, user_version, session)";

impl Store {
    /// The people of each act. Who may act and is new gets numbers.
    pub(super) async fn people(&self, tx: &mut Tx, acts: &[Act]) -> Result<Vec<People>> {
        let mut new = BTreeMap::new();
        {
            let memory = self.memory.lock();
            for act in acts {
                let allowed = matches!(act.verdict, Verdict::Allowed(_));
                for person in named(act) {
                    if !memory.users.contains_key(&person.id) {
                        *new.entry(&person.id).or_default() |= allowed;
                    }
                }
            }
        }
        let found = if new.is_empty() { HashMap::new() } else { users(tx, &new).await? };
        let mut all = vec![People::default(); acts.len()];
        let mut speakers = Vec::new();
        {
            let memory = self.memory.lock();
            let number = |id: &UserId| memory.users.get(id).or_else(|| found.get(id)).copied();
            for (act, people) in acts.iter().zip(&mut all) {
                people.author = number(&act.author.id);
                if let Place::Direct(to) = &act.place {
                    people.recipient = number(&to.id);
                }
                if matches!(act.verdict, Verdict::Allowed(_)) {
                    people.find_speakers(act, &memory, &HashMap::new(), &mut speakers);
                }
            }
        }
        if !speakers.is_empty() {
            speakers.sort_unstable();
            speakers.dedup();
            let found = find_speakers(tx, &speakers).await?;
            let mut memory = self.memory.lock();
            for (act, people) in acts.iter().zip(&mut all) {
                if matches!(act.verdict, Verdict::Allowed(_)) {
                    people.find_speakers(act, &memory, &found, &mut Vec::new());
                }
            }
            for (speaker, n) in found {
                remember(&mut memory.speakers, speaker, n);
            }
        }
        let mut memory = self.memory.lock();
        for (id, n) in found {
            remember(&mut memory.users, id, n);
        }
        Ok(all)
    }
}

impl People {
    fn find_speakers(
        &mut self,
        act: &Act,
        memory: &Memory,
        found: &HashMap<Speaker, i64>,
        missing: &mut Vec<Speaker>,
    ) {
        let mut number = |speaker: Speaker| {
            let n = memory.speakers.get(&speaker).or_else(|| found.get(&speaker)).copied();
            if n.is_none() {
                missing.push(speaker);
            }
            n
        };
        if let (None, Some(person)) = (self.author_speaker, self.author) {
            self.author_speaker = number(Speaker::new(person, &act.author, act.session.as_ref()));
        }
        if let (Place::Direct(to), None, Some(person)) = (&act.place, self.recipient_speaker, self.recipient)
        {
            self.recipient_speaker = number(Speaker::new(person, to, None));
        }
    }
}

fn named(act: &Act) -> impl Iterator<Item = &Person> {
    let to = match &act.place {
        Place::Direct(to) => Some(to),
        Place::Channel(_) => None,
    };
    std::iter::once(&act.author).chain(to)
}

/// Finds persons, and adds those marked so. In the order of ids, so that two replicas never wait for each other in a circle.
async fn users(tx: &mut Tx, wanted: &BTreeMap<&UserId, bool>) -> Result<HashMap<UserId, i64>> {
    let ids = |new: bool| {
        wanted.iter().filter(move |(_, add)| !new || **add).map(|(id, _)| id.as_str()).collect::<Vec<_>>()
    };
    let (all, new) = (ids(false), ids(true));
    let found: Vec<(String, i64)> = match tx {
        Backend::Sqlite(t) => {
            sqlx::query(ADD_USERS_SQLITE).bind(json(&new)).execute(&mut **t).await?;
            sqlx::query_as(FIND_USERS_SQLITE).bind(json(&all)).fetch_all(&mut **t).await?
        }
        Backend::Postgres(t) => {
            sqlx::query(ADD_USERS_POSTGRES).bind(&new).execute(&mut **t).await?;
            sqlx::query_as(FIND_USERS_POSTGRES).bind(&all).fetch_all(&mut **t).await?
        }
    };
    Ok(found.into_iter().filter_map(|(id, n)| Some((UserId::try_from(id).ok()?, n))).collect())
}

/// Adds the speakers that are not there, and finds all.
async fn find_speakers(tx: &mut Tx, wanted: &[Speaker]) -> Result<HashMap<Speaker, i64>> {
    let found: Vec<(i64, String, i64, String, i64)> = match tx {
        Backend::Sqlite(t) => {
            let rows: Vec<_> =
                wanted.iter().map(|s| (s.person, &s.nick, s.user_version, &s.session)).collect();
            let rows = json(&rows);
            sqlx::query(ADD_SPEAKERS_SQLITE).bind(&rows).execute(&mut **t).await?;
            sqlx::query_as(FIND_SPEAKERS_SQLITE).bind(&rows).fetch_all(&mut **t).await?
        }
        Backend::Postgres(t) => {
            let persons: Vec<_> = wanted.iter().map(|s| s.person).collect();
            let nicks: Vec<_> = wanted.iter().map(|s| s.nick.as_str()).collect();
            let versions: Vec<_> = wanted.iter().map(|s| s.user_version).collect();
            let sessions: Vec<_> = wanted.iter().map(|s| s.session.as_str()).collect();
            let add = sqlx::query(ADD_SPEAKERS_POSTGRES)
                .bind(&persons)
                .bind(&nicks)
                .bind(&versions)
                .bind(&sessions);
            add.execute(&mut **t).await?;
            let find = sqlx::query_as(FIND_SPEAKERS_POSTGRES)
                .bind(&persons)
                .bind(&nicks)
                .bind(&versions)
                .bind(&sessions);
            find.fetch_all(&mut **t).await?
        }
    };
    let speaker =
        |(person, nick, user_version, session, n)| (Speaker { person, nick, user_version, session }, n);
    Ok(found.into_iter().map(speaker).collect())
}

/// A list for `json_each`.
pub(super) fn json<T: serde::Serialize>(rows: &[T]) -> String {
    serde_json::to_string(rows).expect("numbers and texts are JSON")
}
