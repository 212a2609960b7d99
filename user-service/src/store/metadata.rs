//! What people say of themselves: the rows of `metadata`.

use std::collections::BTreeMap;

use api::{
    ErrorCode, Timestamp,
    event::{UserChange, UserEvent},
    id::{SessionId, UserId},
    metadata::{MAX_METADATA_KEYS, MetadataKey, MetadataLookup, MetadataValue, Metadatum, MetadatumOf},
};
use kit::{
    Failure, Result,
    db::{Backend, Tx},
};

use super::{
    Store,
    column::Checked,
    events, execute, fetch_all, read_all,
    users::{self, UserRow, json_list},
};

const OF_USER: &str = "select key, value from metadata where user_id = $1";
const SET: &str = "insert into metadata (user_id, key, value) values ($1, $2, $3) \
    on conflict (user_id, key) do update set value = excluded.value";
const REMOVE: &str = "delete from metadata where user_id = $1 and key = $2";

// SQLite has no arrays, PostgreSQL no json_each.
const LOOKUP_SQLITE: &str = "select user_id, key, value from metadata \
    where user_id in (select value from json_each($1)) and key in (select value from json_each($2))";
const LOOKUP_POSTGRES: &str =
    "select user_id, key, value from metadata where user_id = any($1) and key = any($2)";

/// What is to become of somebody's metadata.
#[derive(Debug, Clone)]
pub enum Change {
    Set(MetadataKey, MetadataValue),
    Remove(MetadataKey),
    Clear,
}

async fn of(tx: &mut Tx, user: &UserId) -> sqlx::Result<BTreeMap<MetadataKey, String>> {
    let rows: Vec<(Checked<MetadataKey>, String)> = fetch_all!(tx, OF_USER, user.as_str())?;
    Ok(rows.into_iter().map(|(key, value)| (key.0, value)).collect())
}

impl Store {
    /// All that somebody says of themselves, by key.
    pub async fn metadata(&self, user: &UserId) -> sqlx::Result<Vec<Metadatum>> {
        let rows: Vec<(Checked<MetadataKey>, String)> = read_all!(self.db, OF_USER, user.as_str())?;
        let mut items: Vec<_> =
            rows.into_iter().map(|(key, value)| Metadatum { key: key.0, value }).collect();
        items.sort_by(|one, other| one.key.cmp(&other.key));
        Ok(items)
    }

    /// What these people have set under these keys.
    pub async fn metadata_of(&self, asked: &MetadataLookup) -> sqlx::Result<Vec<MetadatumOf>> {
        let (ids, keys) = (asked.ids.iter().map(UserId::as_str), asked.keys.iter().map(MetadataKey::as_str));
        let rows: Vec<(Checked<UserId>, Checked<MetadataKey>, String)> = match self.db.read() {
            Backend::Sqlite(pool) => {
                let query = sqlx::query_as(LOOKUP_SQLITE).bind(json_list(ids)).bind(json_list(keys));
                query.fetch_all(pool).await?
            }
            Backend::Postgres(pool) => {
                let (ids, keys) = (ids.collect::<Vec<_>>(), keys.collect::<Vec<_>>());
                sqlx::query_as(LOOKUP_POSTGRES).bind(ids).bind(keys).fetch_all(pool).await?
            }
        };
        let of = |(user, key, value): (Checked<UserId>, Checked<MetadataKey>, String)| MetadatumOf {
            user: user.0,
            datum: Metadatum { key: key.0, value },
        };
        Ok(rows.into_iter().map(of).collect())
    }

    /// Changes what somebody says of themselves; no events for what is so already.
    pub async fn change_metadata(
        &self,
        id: &UserId,
        change: Change,
        session: Option<&SessionId>,
        now: Timestamp,
    ) -> Result<(UserRow, Vec<UserEvent>)> {
        let mut tx = self.db.begin().await?;
        let mut user = users::lock_present(&mut tx, id).await?;
        let held = of(&mut tx, id).await?;
        let changes: Vec<(MetadataKey, Option<String>)> = match change {
            Change::Set(key, value) if held.get(&key).is_some_and(|held| held == value.as_str()) => {
                Vec::new()
            }
            Change::Set(key, _) if held.len() >= MAX_METADATA_KEYS && !held.contains_key(&key) => {
                let detail = format!("a person has at most {MAX_METADATA_KEYS} keys of metadata");
                return Err(Failure::new(ErrorCode::ListFull).detail(detail));
            }
            Change::Set(key, value) => vec![(key, Some(value.into()))],
            Change::Remove(key) if held.contains_key(&key) => vec![(key, None)],
            Change::Remove(_) => Vec::new(),
            Change::Clear => held.into_keys().map(|key| (key, None)).collect(),
        };
        let mut told = Vec::with_capacity(changes.len());
        for (key, value) in changes {
            match &value {
                Some(value) => execute!(&mut tx, SET, id.as_str(), key.as_str(), value)?,
                None => execute!(&mut tx, REMOVE, id.as_str(), key.as_str())?,
            };
            let change = UserChange::Metadata { key, value };
            told.push(events::append(&mut tx, &mut user, now, session, change).await?);
        }
        users::save(&mut tx, &user).await?;
        tx.commit().await?;
        Ok((user, told))
    }
}
