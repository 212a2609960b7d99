//! Onto the ledger; [`write`](super::write) brings it back. Locks are taken in one order everywhere, so that nobody waits in a circle: people first, then new
//! rooms by name, then rooms by id.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use api::{
    ChannelName, Timestamp,
    id::{ChannelId, SessionId, UserId},
};
use kit::db::{Backend, Tx, on};

use super::{
    Sql, Store, TRIES, list, locking,
    rows::{EntryRow, MemberRow, RoomRow, entry_columns, member_columns, room_columns},
    rows_of, unreadable,
};
use crate::domain::{
    ledger::{Ledger, Place},
    lists::Lists,
    room::{Room, Seat},
};

/// Locks people whose places change, so that an ending and a late join, or two joins at the limit, come one after the other. Few
/// buckets, because PostgreSQL keeps each such lock in shared memory.
const LOCK_PEOPLE: &str = "select pg_advisory_xact_lock(1, bucket) from (
    select distinct hashtext(value ->> 0) & 511 as bucket from json_array_elements($1::json) order by 1) as buckets";

const KNOWN: Sql = rows_of!("select c.name_key from", "join channels c on c.name_key = item.value ->> 0");
const MAKE: Sql = rows_of!(
    "insert into channels (id, name, name_key, version, created_at, invite_only, moderated, no_external, topic_locked,
        secret, registered_only, lines_on_join, member_count, floor, closed, floor_pending, dormant_since)
     select item.value ->> 0, item.value ->> 1, item.value ->> 2, 0, cast(item.value ->> 3 as bigint), false, false,
        false, false, false, false, 0, 0, 0, false, false, cast(item.value ->> 3 as bigint) from",
    "where true order by item.value ->> 2 on conflict (name_key) do nothing"
);
const BY_NAME: Sql = locking!(
    concat!("select ", room_columns!(), " from channels c where c.name_key in (select item.value ->> 0 from"),
    ") order by c.id"
);
const BY_ID: Sql = locking!(
    concat!("select ", room_columns!(), " from channels c where c.id in (select item.value ->> 0 from"),
    ") order by c.id"
);
const SEATS: Sql = rows_of!(
    concat!("select ", member_columns!(), " from"),
    "join members m on m.channel = item.value ->> 0 and m.user_id = item.value ->> 1"
);
const HOLDERS: Sql = rows_of!(
    "select h.channel, h.user_id, h.holder from",
    "join holders h on h.channel = item.value ->> 0 and h.user_id = item.value ->> 1"
);
const INVITATIONS: Sql = rows_of!(
    "select i.channel, i.user_id, i.expires_at from",
    "join invitations i on i.channel = item.value ->> 0 and i.user_id = item.value ->> 1"
);
const LISTS: Sql = rows_of!(
    concat!("select ", entry_columns!(), " from"),
    "join list_entries l on l.channel = item.value ->> 0 order by l.at, l.id"
);
const MEMBERSHIPS: Sql = rows_of!(
    "select m.user_id, count(*) as channels from",
    "join members m on m.user_id = item.value ->> 0 group by m.user_id"
);
const ENDED: Sql = rows_of!("select e.session from", "join ended_sessions e on e.session = item.value ->> 0");
const END: Sql = rows_of!(
    "insert into ended_sessions (session, at) select item.value ->> 0, cast(item.value ->> 1 as bigint) from",
    "where true on conflict (session) do nothing"
);
const SITS: &str = "select channel from members where user_id = $1";

/// Runs a text over rows; none at all need no statement.
pub(super) async fn run<T: serde::Serialize>(tx: &mut Tx, sql: Sql, rows: &[T]) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let (sql, rows) = (sql.on(tx), list(rows));
    on!(tx, t => sqlx::query(sql).bind(rows).execute(&mut **t).await.map(drop))
}

impl Store {
    /// Begins a change in which these people come or go.
    pub async fn begin<'a>(&self, people: impl IntoIterator<Item = &'a UserId>) -> sqlx::Result<Tx> {
        let mut tx = self.db.begin().await?;
        if let Backend::Postgres(t) = &mut tx {
            let people: Vec<_> = people.into_iter().map(|id| [id]).collect();
            if !people.is_empty() {
                sqlx::query(LOCK_PEOPLE).bind(list(&people)).execute(&mut **t).await?;
            }
        }
        Ok(tx)
    }

    /// Locks the rooms of these names onto the ledger, and makes those that are not there: `id` gives the ids of new ones.
    pub async fn rooms_by_name(
        &self,
        tx: &mut Tx,
        ledger: &mut Ledger,
        names: &[&ChannelName],
        mut id: impl FnMut() -> ChannelId + Send,
    ) -> sqlx::Result<()> {
        let names: BTreeMap<String, &ChannelName> = names.iter().map(|name| (name.key(), *name)).collect();
        let rows = list(&names.keys().map(|key| [key]).collect::<Vec<_>>());
        for _ in 0..TRIES {
            let sql = KNOWN.on(tx);
            let known: Vec<String> =
                on!(tx, t => sqlx::query_scalar(sql).bind(&rows).fetch_all(&mut **t).await)?;
            let known: HashSet<String> = known.into_iter().collect();
            let new: Vec<_> = names
                .iter()
                .filter(|(key, _)| !known.contains(*key))
                .map(|(key, name)| (id(), name.as_str(), key, ledger.now.as_micros()))
                .collect();
            run(tx, MAKE, &new).await?;
            let sql = BY_NAME.on(tx);
            let found: Vec<RoomRow> =
                on!(tx, t => sqlx::query_as(sql).bind(&rows).fetch_all(&mut **t).await)?;
            let complete = found.len() == names.len();
            take_rooms(ledger, found)?;
            // Else one was deleted after it was found: it is made anew.
            if complete {
                break;
            }
        }
        Ok(())
    }

    /// Locks these rooms onto the ledger; those that do not exist stay away.
    pub async fn rooms_by_id(
        &self,
        tx: &mut Tx,
        ledger: &mut Ledger,
        ids: &[&ChannelId],
    ) -> sqlx::Result<()> {
        let rows = list(&ids.iter().map(|id| [id]).collect::<Vec<_>>());
        let sql = BY_ID.on(tx);
        let found: Vec<RoomRow> = on!(tx, t => sqlx::query_as(sql).bind(&rows).fetch_all(&mut **t).await)?;
        take_rooms(ledger, found)
    }

    /// Who sits in these places, and what holds them.
    pub async fn seats(
        &self,
        tx: &mut Tx,
        ledger: &mut Ledger,
        places: &BTreeSet<Place>,
    ) -> sqlx::Result<()> {
        if places.is_empty() {
            return Ok(());
        }
        let rows = list(&places.iter().collect::<Vec<_>>());
        let sql = SEATS.on(tx);
        let seats: Vec<MemberRow> = on!(tx, t => sqlx::query_as(sql).bind(&rows).fetch_all(&mut **t).await)?;
        for row in seats {
            let place = place(&row.channel, &row.user_id)?;
            ledger.seats.insert(place, Seat::try_from(row)?);
        }
        if ledger.seats.is_empty() {
            return Ok(());
        }
        let sql = HOLDERS.on(tx);
        let holders: Vec<(String, String, String)> =
            on!(tx, t => sqlx::query_as(sql).bind(&rows).fetch_all(&mut **t).await)?;
        for (channel, user, holder) in holders {
            if let Some(seat) = ledger.seats.get_mut(&place(&channel, &user)?) {
                seat.holders.insert(holder);
            }
        }
        Ok(())
    }

    /// Invitations to these places.
    pub async fn invitations(
        &self,
        tx: &mut Tx,
        ledger: &mut Ledger,
        places: &BTreeSet<Place>,
    ) -> sqlx::Result<()> {
        let rows = list(&places.iter().collect::<Vec<_>>());
        let sql = INVITATIONS.on(tx);
        let found: Vec<(String, String, i64)> =
            on!(tx, t => sqlx::query_as(sql).bind(&rows).fetch_all(&mut **t).await)?;
        for (channel, user, expires_at) in found {
            ledger.invitations.insert(place(&channel, &user)?, Timestamp(expires_at));
        }
        Ok(())
    }

    /// The lists of all rooms on the ledger.
    pub async fn lists(&self, tx: &mut Tx, ledger: &mut Ledger) -> sqlx::Result<()> {
        let rows = list(&ledger.rooms.keys().map(|id| [id]).collect::<Vec<_>>());
        let sql = LISTS.on(tx);
        let found: Vec<EntryRow> = on!(tx, t => sqlx::query_as(sql).bind(&rows).fetch_all(&mut **t).await)?;
        for row in found {
            let id: ChannelId = row.channel.as_str().try_into().map_err(unreadable)?;
            let (kind, entry) = row.try_into()?;
            let lists: &mut Lists = ledger.lists.entry(id).or_default();
            lists.of_mut(kind).push(entry);
        }
        Ok(())
    }

    /// How many channels these people are in.
    pub async fn memberships(
        &self,
        tx: &mut Tx,
        ledger: &mut Ledger,
        users: &BTreeSet<&UserId>,
    ) -> sqlx::Result<()> {
        let rows = list(&users.iter().map(|id| [id]).collect::<Vec<_>>());
        let sql = MEMBERSHIPS.on(tx);
        let found: Vec<(String, i64)> =
            on!(tx, t => sqlx::query_as(sql).bind(&rows).fetch_all(&mut **t).await)?;
        for (user, channels) in found {
            let user = user.try_into().map_err(unreadable)?;
            ledger.memberships.insert(user, usize::try_from(channels).map_err(unreadable)?);
        }
        Ok(())
    }

    /// Which of these sessions have ended.
    pub async fn ended(
        &self,
        tx: &mut Tx,
        ledger: &mut Ledger,
        sessions: &BTreeSet<&SessionId>,
    ) -> sqlx::Result<()> {
        if sessions.is_empty() {
            return Ok(());
        }
        let rows = list(&sessions.iter().map(|id| [id]).collect::<Vec<_>>());
        let sql = ENDED.on(tx);
        let found: Vec<String> = on!(tx, t => sqlx::query_scalar(sql).bind(&rows).fetch_all(&mut **t).await)?;
        for session in found {
            ledger.ended.insert(session.try_into().map_err(unreadable)?);
        }
        Ok(())
    }

    /// Remembers sessions as ended.
    pub async fn remember_ended(
        &self,
        tx: &mut Tx,
        sessions: &[SessionId],
        now: Timestamp,
    ) -> sqlx::Result<()> {
        let rows: Vec<_> = sessions.iter().map(|id| (id, now.as_micros())).collect();
        run(tx, END, &rows).await
    }

    /// Locks all rooms that somebody is in onto the ledger, with their seats there.
    pub async fn rooms_of(&self, tx: &mut Tx, ledger: &mut Ledger, user: &UserId) -> sqlx::Result<()> {
        let found: Vec<String> =
            on!(tx, t => sqlx::query_scalar(SITS).bind(user.as_str()).fetch_all(&mut **t).await)?;
        if found.is_empty() {
            return Ok(());
        }
        let ids: Vec<ChannelId> =
            found.into_iter().map(TryInto::try_into).collect::<Result<_, _>>().map_err(unreadable)?;
        self.rooms_by_id(tx, ledger, &ids.iter().collect::<Vec<_>>()).await?;
        // A kick may have come before the lock.
        let places = ids.into_iter().map(|id| (id, user.clone())).collect();
        self.seats(tx, ledger, &places).await
    }
}

fn take_rooms(ledger: &mut Ledger, rows: Vec<RoomRow>) -> sqlx::Result<()> {
    for row in rows {
        let room = Room::try_from(row)?;
        ledger.rooms.insert(room.channel.id.clone(), room);
    }
    Ok(())
}

fn place(channel: &str, user: &str) -> sqlx::Result<Place> {
    Ok((channel.try_into().map_err(unreadable)?, user.try_into().map_err(unreadable)?))
}
