//! Rows as they come and what they mean.

use std::collections::BTreeSet;

use api::{
    Person, Timestamp,
    channels::{Channel, HistoryPolicy, ListEntry, ListKind, Member},
    mode::{Modes, Roles},
};
use sqlx::FromRow;

use super::unreadable;
use crate::domain::room::{Room, Seat};

macro_rules! room_columns {
    () => {
        "c.id, c.name, c.version, c.created_at, c.founder, c.founder_user, c.topic, c.no_ctcp, c.invite_only, c.moderated, \
         c.no_external, c.topic_locked, c.secret, c.registered_only, c.entry_key, c.member_limit, c.slow_seconds, \
         c.retention_days, c.lines_on_join, c.member_count, c.floor, c.closed, c.floor_pending, c.dormant_since"
    };
}
macro_rules! member_columns {
    () => {
        "m.channel, m.user_id, m.nick, m.user_version, m.account, m.roles, m.username, m.host, m.joined_at"
    };
}
macro_rules! entry_columns {
    () => {
        "l.id, l.channel, l.list, l.mask, l.reason, l.by_id, l.by_nick, l.by_version, l.at, l.expires_at"
    };
}
pub(super) use {entry_columns, member_columns, room_columns};

#[derive(Debug, FromRow)]
pub(super) struct RoomRow {
    id: String,
    name: String,
    version: i64,
    created_at: i64,
    founder: Option<String>,
    founder_user: Option<String>,
    topic: Option<String>,
    no_ctcp: bool,
    invite_only: bool,
    moderated: bool,
    no_external: bool,
    topic_locked: bool,
    secret: bool,
    registered_only: bool,
    entry_key: Option<String>,
    member_limit: Option<i64>,
    slow_seconds: Option<i64>,
    retention_days: Option<i64>,
    lines_on_join: i64,
    member_count: i64,
    floor: i64,
    closed: bool,
    floor_pending: bool,
    dormant_since: Option<i64>,
}

impl TryFrom<RoomRow> for Room {
    type Error = sqlx::Error;

    fn try_from(row: RoomRow) -> sqlx::Result<Self> {
        let small = |n: Option<i64>| n.map(u32::try_from).transpose().map_err(unreadable);
        let channel = Channel {
            id: row.id.try_into().map_err(unreadable)?,
            name: row.name.try_into().map_err(unreadable)?,
            version: unsigned(row.version)?,
            topic: row.topic.map(|json| serde_json::from_str(&json)).transpose().map_err(unreadable)?,
            modes: Modes {
                no_ctcp: row.no_ctcp,
                invite_only: row.invite_only,
                moderated: row.moderated,
                no_external: row.no_external,
                topic_locked: row.topic_locked,
                secret: row.secret,
                registered_only: row.registered_only,
                keyed: row.entry_key.is_some(),
                key: row.entry_key,
                limit: small(row.member_limit)?,
                slow_seconds: small(row.slow_seconds)?,
            },
            member_count: unsigned(row.member_count)?,
            created_at: Timestamp(row.created_at),
            founder: row.founder.map(TryInto::try_into).transpose().map_err(unreadable)?,
            history: HistoryPolicy {
                retention_days: small(row.retention_days)?,
                lines_on_join: u32::try_from(row.lines_on_join).map_err(unreadable)?,
            },
            floor: unsigned(row.floor)?,
        };
        Ok(Self {
            channel,
            founder_user: row.founder_user.map(TryInto::try_into).transpose().map_err(unreadable)?,
            closed: row.closed,
            floor_pending: row.floor_pending,
            dormant_since: row.dormant_since.map(Timestamp),
        })
    }
}

pub(super) fn unsigned(n: i64) -> sqlx::Result<u64> {
    u64::try_from(n).map_err(unreadable)
}

/// Versions and seqs stay far below the end of the signed numbers that databases have.
pub(super) fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

#[derive(Debug, FromRow)]
pub(super) struct MemberRow {
    pub(super) channel: String,
    pub(super) user_id: String,
    nick: String,
    user_version: i64,
    account: Option<String>,
    roles: i16,
    username: String,
    host: String,
    joined_at: i64,
}

impl TryFrom<MemberRow> for Member {
    type Error = sqlx::Error;

    fn try_from(row: MemberRow) -> sqlx::Result<Self> {
        Ok(Self {
            person: person(row.user_id, row.nick, row.user_version)?,
            account: row.account.map(TryInto::try_into).transpose().map_err(unreadable)?,
            roles: Roles::from_bits(row.roles),
            username: row.username,
            host: row.host,
            joined_at: Timestamp(row.joined_at),
        })
    }
}

impl TryFrom<MemberRow> for Seat {
    type Error = sqlx::Error;

    /// Its holders come from another table.
    fn try_from(row: MemberRow) -> sqlx::Result<Self> {
        Ok(Self { member: row.try_into()?, holders: BTreeSet::new() })
    }
}

pub(super) fn person(id: String, nick: String, version: i64) -> sqlx::Result<Person> {
    Ok(Person {
        id: id.try_into().map_err(unreadable)?,
        nick: nick.try_into().map_err(unreadable)?,
        user_version: unsigned(version)?,
    })
}

#[derive(Debug, FromRow)]
pub(super) struct EntryRow {
    id: String,
    pub(super) channel: String,
    list: String,
    mask: String,
    reason: Option<String>,
    by_id: String,
    by_nick: String,
    by_version: i64,
    at: i64,
    expires_at: Option<i64>,
}

impl TryFrom<EntryRow> for (ListKind, ListEntry) {
    type Error = sqlx::Error;

    fn try_from(row: EntryRow) -> sqlx::Result<Self> {
        let kind = [ListKind::Bans, ListKind::Excepts, ListKind::InviteMasks];
        let kind = kind.into_iter().find(|kind| kind.as_str() == row.list);
        let entry = ListEntry {
            id: row.id.try_into().map_err(unreadable)?,
            mask: row.mask.try_into().map_err(unreadable)?,
            reason: row.reason,
            by: person(row.by_id, row.by_nick, row.by_version)?,
            at: Timestamp(row.at),
            expires_at: row.expires_at.map(Timestamp),
        };
        Ok((kind.ok_or_else(|| sqlx::Error::Protocol("an unknown list".into()))?, entry))
    }
}
