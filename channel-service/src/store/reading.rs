//! Reading without changing.

use api::{
    ChannelName, HeadsReply, HeadsRequest, Timestamp,
    channels::{ChannelEvents, Invitation, InvitedTo, ListEntry, ListKind, Member, Membership, Snapshot},
    event::ChannelEvent,
    id::{ChannelId, UserId},
    mode::Roles,
};
use kit::db::{Tx, on};

use super::{
    Sql, Store, list,
    rows::{EntryRow, MemberRow, RoomRow, entry_columns, member_columns, room_columns, signed, unsigned},
    rows_of, unreadable,
};
use crate::domain::{lists::Lists, room::Room};

const BY_ID: &str = concat!("select ", room_columns!(), " from channels c where c.id = $1");
const BY_NAME: &str = concat!("select ", room_columns!(), " from channels c where c.name_key = $1");
const MEMBER: &str =
    concat!("select ", member_columns!(), " from members m where m.channel = $1 and m.user_id = $2");
const MEMBERS: &str = concat!(
    "select ",
    member_columns!(),
    " from members m where m.channel = $1 and m.user_id > $2 order by m.user_id limit $3"
);
const LISTS: &str =
    concat!("select ", entry_columns!(), " from list_entries l where l.channel = $1 order by l.at, l.id");
const PUBLIC: &str = concat!(
    "select ",
    room_columns!(),
    " from channels c where c.name_key > $1 and c.dormant_since is null and c.member_count >= $2
        and (not c.secret or $3 or exists (select 1 from members m where m.channel = c.id and m.user_id = $4))
      order by c.name_key limit $5"
);
// `$3`: sees all of them; `$4`: who asks.
const OF_USER: &str =
    "select c.id, c.name, c.name_key, m.roles, m.joined_at from members m join channels c on c.id = m.channel
     where m.user_id = $1 and c.name_key > $2
        and (not c.secret or $3 or exists (select 1 from members o where o.channel = c.id and o.user_id = $4))
     order by c.name_key limit $5";
const INVITED: &str = "select user_id, expires_at from invitations
    where channel = $1 and expires_at > $2 and user_id > $3 order by user_id limit $4";
const INVITED_TO: &str =
    "select c.id, c.name, c.name_key, i.expires_at from invitations i join channels c on c.id = i.channel
    where i.user_id = $1 and i.expires_at > $2 and c.name_key > $3 order by c.name_key limit $4";
const EVENTS: &str =
    "select event from events where channel = $1 and version > $2 and version < $3 and at > $4 and at < $5
    order by version limit $6";
const LATEST_EVENTS: &str =
    "select event from events where channel = $1 and version > $2 and version < $3 and at > $4 and at < $5
    order by version desc limit $6";
const VERSION_BEFORE: &str = "select coalesce(max(version), 0) from events where channel = $1 and at < $2";
const HEADS: Sql = rows_of!(
    "select item.value ->> 0 as id, c.version, cast(item.value ->> 1 as bigint) as held from",
    "left join channels c on c.id = item.value ->> 0"
);

/// Which events: those between these, which are not among them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Within {
    pub after: u64,
    pub before: Option<u64>,
    pub after_at: Option<Timestamp>,
    pub before_at: Option<Timestamp>,
    /// Of too many, the last.
    pub latest: bool,
}

/// Which channels a list shows.
#[derive(Debug, Clone, Copy)]
pub struct ListQuery<'a> {
    /// The name key to go on after.
    pub after: &'a str,
    pub min_members: u64,
    /// Shows secret channels too.
    pub sees_all: bool,
    pub asker: &'a str,
    pub limit: i64,
}

impl Store {
    pub async fn room(&self, id: &ChannelId) -> sqlx::Result<Option<Room>> {
        let row: Option<RoomRow> = on!(self.db.read(), pool =>
            sqlx::query_as(BY_ID).bind(id.as_str()).fetch_optional(pool).await)?;
        row.map(Room::try_from).transpose()
    }

    pub async fn room_named(&self, name: &ChannelName) -> sqlx::Result<Option<Room>> {
        let row: Option<RoomRow> = on!(self.db.read(), pool =>
            sqlx::query_as(BY_NAME).bind(name.key()).fetch_optional(pool).await)?;
        row.map(Room::try_from).transpose()
    }

    pub async fn member(&self, id: &ChannelId, user: &UserId) -> sqlx::Result<Option<Member>> {
        let row: Option<MemberRow> = on!(self.db.read(), pool =>
            sqlx::query_as(MEMBER).bind(id.as_str()).bind(user.as_str()).fetch_optional(pool).await)?;
        row.map(Member::try_from).transpose()
    }

    /// Members after one, by id.
    pub async fn members(&self, id: &ChannelId, after: &str, limit: i64) -> sqlx::Result<Vec<Member>> {
        let rows: Vec<MemberRow> = on!(self.db.read(), pool =>
            sqlx::query_as(MEMBERS).bind(id.as_str()).bind(after).bind(limit).fetch_all(pool).await)?;
        rows.into_iter().map(Member::try_from).collect()
    }

    /// Invitations that stand, by the id of who is invited, after one.
    pub async fn invited(
        &self,
        id: &ChannelId,
        now: Timestamp,
        after: &str,
        limit: i64,
    ) -> sqlx::Result<Vec<Invitation>> {
        let rows: Vec<(String, i64)> = on!(self.db.read(), pool => sqlx::query_as(INVITED)
            .bind(id.as_str()).bind(now.as_micros()).bind(after).bind(limit).fetch_all(pool).await)?;
        rows.into_iter()
            .map(|(user, until)| {
                let user = user.try_into().map_err(unreadable)?;
                Ok(Invitation { user, expires_at: Timestamp(until) })
            })
            .collect()
    }

    /// Channels that somebody is invited to now, with the key that each is sorted by.
    pub async fn invited_to(
        &self,
        user: &UserId,
        now: Timestamp,
        after: &str,
        limit: i64,
    ) -> sqlx::Result<Vec<(String, InvitedTo)>> {
        let rows: Vec<(String, String, String, i64)> = on!(self.db.read(), pool => sqlx::query_as(INVITED_TO)
            .bind(user.as_str()).bind(now.as_micros()).bind(after).bind(limit).fetch_all(pool).await)?;
        rows.into_iter()
            .map(|(id, name, key, until)| {
                let (id, name) = (id.try_into().map_err(unreadable)?, name.try_into().map_err(unreadable)?);
                Ok((key, InvitedTo { id, name, expires_at: Timestamp(until) }))
            })
            .collect()
    }

    pub async fn lists_of(&self, id: &ChannelId) -> sqlx::Result<Lists> {
        let rows: Vec<EntryRow> = on!(self.db.read(), pool =>
            sqlx::query_as(LISTS).bind(id.as_str()).fetch_all(pool).await)?;
        into_lists(rows)
    }

    /// All of a channel, as of one moment.
    pub async fn snapshot(&self, id: &ChannelId) -> sqlx::Result<Option<Snapshot>> {
        let mut tx: Tx = self.db.snapshot().await?;
        let row: Option<RoomRow> =
            on!(&mut tx, t => sqlx::query_as(BY_ID).bind(id.as_str()).fetch_optional(&mut **t).await)?;
        let Some(room) = row.map(Room::try_from).transpose()? else { return Ok(None) };
        let members: Vec<MemberRow> = on!(&mut tx, t =>
            sqlx::query_as(MEMBERS).bind(id.as_str()).bind("").bind(i64::MAX).fetch_all(&mut **t).await)?;
        let lists: Vec<EntryRow> =
            on!(&mut tx, t => sqlx::query_as(LISTS).bind(id.as_str()).fetch_all(&mut **t).await)?;
        tx.rollback().await?;
        let Lists { bans, excepts, invite_masks } = into_lists(lists)?;
        Ok(Some(Snapshot {
            epoch: self.epoch.clone(),
            dormant: room.is_dormant(),
            channel: room.channel,
            members: members.into_iter().map(Member::try_from).collect::<sqlx::Result<_>>()?,
            bans,
            excepts,
            invite_masks,
        }))
    }

    /// Channels that an asker may see, by name.
    pub async fn list(&self, query: ListQuery<'_>) -> sqlx::Result<Vec<Room>> {
        let rows: Vec<RoomRow> = on!(self.db.read(), pool => sqlx::query_as(PUBLIC)
            .bind(query.after)
            .bind(signed(query.min_members))
            .bind(query.sees_all)
            .bind(query.asker)
            .bind(query.limit)
            .fetch_all(pool).await)?;
        rows.into_iter().map(Room::try_from).collect()
    }

    /// Channels that somebody is in, as far as the asker may see them, with the key that each is sorted by.
    pub async fn channels_of(
        &self,
        user: &UserId,
        query: ListQuery<'_>,
    ) -> sqlx::Result<Vec<(String, Membership)>> {
        let rows: Vec<(String, String, String, i16, i64)> = on!(self.db.read(), pool => sqlx::query_as(OF_USER)
            .bind(user.as_str())
            .bind(query.after)
            .bind(query.sees_all)
            .bind(query.asker)
            .bind(query.limit)
            .fetch_all(pool).await)?;
        rows.into_iter()
            .map(|(id, name, key, roles, joined_at)| {
                let membership = Membership {
                    id: id.try_into().map_err(unreadable)?,
                    name: name.try_into().map_err(unreadable)?,
                    roles: Roles::from_bits(roles),
                    joined_at: Timestamp(joined_at),
                };
                Ok((key, membership))
            })
            .collect()
    }

    /// Events of a channel that is at `version`, within bounds.
    pub async fn events(
        &self,
        id: &ChannelId,
        version: u64,
        within: Within,
        limit: i64,
    ) -> sqlx::Result<ChannelEvents> {
        let Within { after, before, after_at, before_at, latest } = within;
        let sql = if latest { LATEST_EVENTS } else { EVENTS };
        let mut rows: Vec<String> = on!(self.db.read(), pool => sqlx::query_scalar(sql)
            .bind(id.as_str())
            .bind(signed(after))
            .bind(before.map_or(i64::MAX, signed))
            .bind(after_at.map_or(i64::MIN, Timestamp::as_micros))
            .bind(before_at.map_or(i64::MAX, Timestamp::as_micros))
            .bind(limit)
            .fetch_all(pool).await)?;
        if latest {
            rows.reverse();
        }
        let events = rows
            .iter()
            .map(|json| serde_json::from_str(json).map_err(unreadable))
            .collect::<sqlx::Result<Vec<ChannelEvent>>>()?;
        // Versions have no hole: what is missing can only be missing at the front.
        let complete = match events.first() {
            Some(first) => first.version == after + 1,
            None => after >= version,
        };
        Ok(ChannelEvents { epoch: self.epoch.clone(), events, complete })
    }

    /// The version of a channel's last kept event before a moment.
    pub async fn version_before(&self, id: &ChannelId, at: Timestamp) -> sqlx::Result<u64> {
        let version: i64 = on!(self.db.read(), pool => sqlx::query_scalar(VERSION_BEFORE)
            .bind(id.as_str()).bind(at.as_micros()).fetch_one(pool).await)?;
        unsigned(version)
    }

    /// Which of the channels held are further than that, or gone.
    pub async fn heads(&self, held: &HeadsRequest) -> sqlx::Result<HeadsReply> {
        let rows = list(&held.held.iter().map(|(id, version)| (id, signed(*version))).collect::<Vec<_>>());
        let pool = self.db.read();
        let sql = HEADS.on(&pool);
        let rows: Vec<(String, Option<i64>, i64)> =
            on!(pool, pool => sqlx::query_as(sql).bind(rows).fetch_all(pool).await)?;
        let mut reply = HeadsReply { epoch: self.epoch.clone(), ..HeadsReply::default() };
        for (id, version, held) in rows {
            match version {
                Some(version) if version > held => drop(reply.behind.insert(id, unsigned(version)?)),
                Some(_) => {}
                None => reply.gone.push(id),
            }
        }
        Ok(reply)
    }
}

fn into_lists(rows: Vec<EntryRow>) -> sqlx::Result<Lists> {
    let mut lists = Lists::default();
    for row in rows {
        let (kind, entry): (ListKind, ListEntry) = row.try_into()?;
        lists.of_mut(kind).push(entry);
    }
    Ok(lists)
}
