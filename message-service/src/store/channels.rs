//! What we keep of the channels themselves, as their owner says: a name for the list of conversations, and the retention.

use api::{ChannelName, Timestamp, channels::HistoryPolicy, id::ChannelId};
use kit::db::{Backend, Tx, on};

use super::{Result, Store, people::json, row::decode};

/// A channel's conversation and its retention, as last heard.
#[derive(Debug, Clone)]
pub struct Policy {
    pub n: i64,
    pub channel: ChannelId,
    pub retention_days: Option<u32>,
    pub heard: Timestamp,
}

/// What the owner said of a channel; none: it was not said.
#[derive(Debug, Clone)]
pub struct Heard {
    pub channel: ChannelId,
    pub name: Option<ChannelName>,
    pub policy: Option<HistoryPolicy>,
}

const POLICIES: &str = "select n, id, retention_days, policy_at from conversations
    where name is not null and n > $1 order by n limit $2";

const CALLED_SQLITE: &str = "update conversations set name = j.value ->> 1 from json_each($1) as j
    where conversations.id = j.value ->> 0 and name <> j.value ->> 1";
const KEPT_FOR_SQLITE: &str =
    "update conversations set retention_days = j.value ->> 1, policy_at = $2 from json_each($1) as j
    where conversations.id = j.value ->> 0 and name is not null";

// In the order in which whoever appends locks them.
const LOCK_POSTGRES: &str =
    "select n from conversations where id = any($1) and name is not null order by n for update";
const CALLED_POSTGRES: &str = "update conversations as c set name = h.name
    from unnest($1::text[], $2::text[]) as h (id, name) where c.id = h.id and c.name <> h.name";
const KEPT_FOR_POSTGRES: &str = "update conversations as c set retention_days = h.days, policy_at = $3
    from unnest($1::text[], $2::bigint[]) as h (id, days) where c.id = h.id and c.name is not null";

impl Store {
    pub async fn policies(&self, after: i64, limit: u32) -> Result<Vec<Policy>> {
        let rows: Vec<(i64, String, Option<i64>, i64)> = on!(self.db.read(), pool => {
            sqlx::query_as(POLICIES).bind(after).bind(i64::from(limit)).fetch_all(pool).await
        })?;
        rows.into_iter()
            .map(|(n, id, days, heard)| {
                let retention_days = days.and_then(|days| u32::try_from(days).ok());
                Ok(Policy {
                    n,
                    channel: id.try_into().map_err(decode)?,
                    retention_days,
                    heard: Timestamp(heard),
                })
            })
            .collect()
    }

    /// Keeps it for those channels in which something was said; each is named once.
    pub async fn channels_heard(&self, heard: &[Heard], now: Timestamp) -> Result<()> {
        let names: Vec<_> = heard
            .iter()
            .filter_map(|heard| Some((heard.channel.as_str(), heard.name.as_ref()?.as_str())))
            .collect();
        let days: Vec<_> = heard
            .iter()
            .filter_map(|heard| Some((heard.channel.as_str(), heard.policy?.retention_days.map(i64::from))))
            .collect();
        let mut tx = self.db.begin().await?;
        if let Backend::Postgres(t) = &mut tx {
            let all: Vec<_> = heard.iter().map(|heard| heard.channel.as_str()).collect();
            sqlx::query(LOCK_POSTGRES).bind(all).execute(&mut **t).await?;
        }
        if !names.is_empty() {
            called(&mut tx, &names).await?;
        }
        if !days.is_empty() {
            kept_for(&mut tx, &days, now).await?;
        }
        tx.commit().await
    }
}

async fn called(tx: &mut Tx, names: &[(&str, &str)]) -> Result<()> {
    match tx {
        Backend::Sqlite(t) => {
            sqlx::query(CALLED_SQLITE).bind(json(names)).execute(&mut **t).await?;
        }
        Backend::Postgres(t) => {
            let (ids, names): (Vec<_>, Vec<_>) = names.iter().copied().unzip();
            sqlx::query(CALLED_POSTGRES).bind(ids).bind(names).execute(&mut **t).await?;
        }
    }
    Ok(())
}

async fn kept_for(tx: &mut Tx, days: &[(&str, Option<i64>)], now: Timestamp) -> Result<()> {
    match tx {
        Backend::Sqlite(t) => {
            sqlx::query(KEPT_FOR_SQLITE).bind(json(days)).bind(now.0).execute(&mut **t).await?;
        }
        Backend::Postgres(t) => {
            let (ids, days): (Vec<_>, Vec<_>) = days.iter().copied().unzip();
            sqlx::query(KEPT_FOR_POSTGRES).bind(ids).bind(days).bind(now.0).execute(&mut **t).await?;
        }
    }
    Ok(())
}
