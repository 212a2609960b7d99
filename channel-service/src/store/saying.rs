//! What operators say of channels: the rows of `metadata`.

use api::{
    id::{ChannelId, UserId},
    metadata::Metadatum,
};
use kit::db::{Tx, on};

use super::{Sql, Store, ledger::run, list, rows_of, unreadable};
use crate::domain::ledger::{Ledger, Said};

const OF_CHANNEL: &str = "select key, value from metadata where channel = $1 order by key";
const OF_ROOMS: Sql = rows_of!(
    "select m.channel, m.key, m.value, m.by_id from",
    "join metadata m on m.channel = item.value ->> 0"
);
const BY: &str = "select distinct channel from metadata where by_id = $1";
const SET: Sql = rows_of!(
    "insert into metadata (channel, key, value, by_id)
     select item.value ->> 0, item.value ->> 1, item.value ->> 2, item.value ->> 3 from",
    "where true on conflict (channel, key) do update set value = excluded.value, by_id = excluded.by_id"
);
const REMOVE: Sql = rows_of!(
    "delete from metadata where (channel, key) in (select item.value ->> 0, item.value ->> 1 from",
    ")"
);
const EMPTY: Sql = rows_of!("delete from metadata where channel in (select item.value ->> 0 from", ")");

impl Store {
    /// All that is said of a channel, by key.
    pub async fn metadata(&self, id: &ChannelId) -> sqlx::Result<Vec<Metadatum>> {
        let rows: Vec<(String, String)> = on!(self.db.read(), pool =>
            sqlx::query_as(OF_CHANNEL).bind(id.as_str()).fetch_all(pool).await)?;
        let datum = |(key, value): (String, String)| {
            Ok(Metadatum { key: key.try_into().map_err(unreadable)?, value })
        };
        rows.into_iter().map(datum).collect()
    }

    /// What is said of all rooms on the ledger.
    pub async fn said(&self, tx: &mut Tx, ledger: &mut Ledger) -> sqlx::Result<()> {
        let rows = list(&ledger.rooms.keys().map(|id| [id]).collect::<Vec<_>>());
        let sql = OF_ROOMS.on(tx);
        let found: Vec<(String, String, String, String)> =
            on!(tx, t => sqlx::query_as(sql).bind(&rows).fetch_all(&mut **t).await)?;
        for (channel, key, value, by) in found {
            let said = Said { value, by: by.try_into().map_err(unreadable)? };
            let all = ledger.said.entry(channel.try_into().map_err(unreadable)?).or_default();
            all.insert(key.try_into().map_err(unreadable)?, said);
        }
        Ok(())
    }

    /// Channels of which somebody has said something.
    pub async fn spoken_of_by(&self, tx: &mut Tx, user: &UserId) -> sqlx::Result<Vec<ChannelId>> {
        let ids: Vec<String> =
            on!(tx, t => sqlx::query_scalar(BY).bind(user.as_str()).fetch_all(&mut **t).await)?;
        ids.into_iter().map(|id| id.try_into().map_err(unreadable)).collect()
    }

    /// Writes back what is said now.
    pub(super) async fn write_said(&self, tx: &mut Tx, ledger: &Ledger) -> sqlx::Result<()> {
        let written = &ledger.written;
        run(tx, EMPTY, &written.emptied.iter().map(|id| [id]).collect::<Vec<_>>()).await?;
        let said = written.said.iter();
        let (set, removed): (Vec<_>, Vec<_>) = said.partition(|(.., said)| said.is_some());
        let removed: Vec<_> = removed.into_iter().map(|(channel, key, _)| (channel, key)).collect();
        run(tx, REMOVE, &removed).await?;
        let set: Vec<_> = set
            .into_iter()
            .filter_map(|(channel, key, said)| {
                said.as_ref().map(|said| (channel, key, &said.value, &said.by))
            })
            .collect();
        run(tx, SET, &set).await
    }
}
