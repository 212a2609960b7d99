//! Back from the ledger: a handful of statements, however much has changed.

use api::Timestamp;
use kit::db::{Tx, on};

use super::{Sql, Store, ledger::run, rows::signed, rows_of, unreadable};
use crate::domain::{
    ledger::Ledger,
    room::{Room, Seat},
};

const UNMAKE: Sql =
    rows_of!("delete from channels where version = 0 and id in (select item.value ->> 0 from", ")");
const RENAME: &str = "update channels set name = $2, name_key = $3 where id = $1";
const SAVE: &str = "update channels set version = $2, founder = $3, founder_user = $4, topic = $5, topic_by = $6,
    invite_only = $7, moderated = $8, no_external = $9, topic_locked = $10, secret = $11, registered_only = $12,
    entry_key = $13, member_limit = $14, slow_seconds = $15, retention_days = $16, lines_on_join = $17,
    member_count = $18, floor = $19, closed = $20, floor_pending = $21, dormant_since = $22, no_ctcp = $23 where id = $1";
// SQLite deletes by a row value's membership as fast as by a join, PostgreSQL likewise.
const EMPTY_SEATS: Sql = rows_of!(
    "delete from members where (channel, user_id) in (select item.value ->> 0, item.value ->> 1 from",
    ")"
);
const FILL_SEATS: Sql = rows_of!(
    "insert into members (channel, user_id, nick, user_version, account, roles, username, host, joined_at)
     select item.value ->> 0, item.value ->> 1, item.value ->> 2, cast(item.value ->> 3 as bigint), item.value ->> 4,
        cast(item.value ->> 5 as smallint), item.value ->> 6, item.value ->> 7, cast(item.value ->> 8 as bigint) from",
    ""
);
const FILL_HOLDERS: Sql = rows_of!(
    "insert into holders (channel, user_id, holder)
     select item.value ->> 0, item.value ->> 1, item.value ->> 2 from",
    ""
);
const USE_INVITATIONS: Sql = rows_of!(
    "delete from invitations where (channel, user_id) in (select item.value ->> 0, item.value ->> 1 from",
    ")"
);
const INVITE: Sql = rows_of!(
    "insert into invitations (channel, user_id, expires_at)
     select item.value ->> 0, item.value ->> 1, cast(item.value ->> 2 as bigint) from",
    "where true on conflict (channel, user_id) do update set expires_at = excluded.expires_at"
);
const EMPTY_LISTS: Sql =
    rows_of!("delete from list_entries where channel in (select item.value ->> 0 from", ")");
const EMPTY_INVITATIONS: Sql =
    rows_of!("delete from invitations where channel in (select item.value ->> 0 from", ")");
const UNLIST: Sql = rows_of!("delete from list_entries where id in (select item.value ->> 0 from", ")");
const LIST: Sql = rows_of!(
    "insert into list_entries (id, channel, list, mask, mask_key, reason, by_id, by_nick, by_version, at, expires_at)
     select item.value ->> 0, item.value ->> 1, item.value ->> 2, item.value ->> 3, item.value ->> 4, item.value ->> 5,
        item.value ->> 6, item.value ->> 7, cast(item.value ->> 8 as bigint), cast(item.value ->> 9 as bigint),
        cast(item.value ->> 10 as bigint) from",
    ""
);
const NAME_ACCOUNTS: Sql = rows_of!(
    "insert into account_names (user_id, name) select distinct item.value ->> 1, item.value ->> 4 from",
    "where item.value ->> 4 is not null on conflict (user_id) do update set name = excluded.name
        where account_names.name <> excluded.name"
);
const EVENTS: Sql = rows_of!(
    "insert into events (channel, version, at, event) select item.value ->> 0, cast(item.value ->> 1 as bigint),
        cast(item.value ->> 2 as bigint), item.value ->> 3 from",
    ""
);

impl Store {
    /// Writes back what became of the rooms.
    pub async fn write(&self, tx: &mut Tx, ledger: &Ledger) -> sqlx::Result<()> {
        let written = &ledger.written;
        let renamed = written.renamed.iter().filter_map(|id| ledger.rooms.get(id));
        for channel in renamed.map(|room| &room.channel) {
            on!(&mut *tx, t => sqlx::query(RENAME)
                .bind(channel.id.as_str()).bind(channel.name.as_str()).bind(channel.name.key())
                .execute(&mut **t).await.map(drop))?;
        }
        for id in &written.rooms {
            save(tx, &ledger.rooms[id]).await?;
        }
        // Made for a join that was then refused.
        let unborn: Vec<_> =
            ledger.rooms.iter().filter(|(_, room)| room.channel.version == 0).map(|(id, _)| [id]).collect();
        run(tx, UNMAKE, &unborn).await?;

        let emptied: Vec<_> = written.emptied.iter().map(|id| [id]).collect();
        run(tx, EMPTY_LISTS, &emptied).await?;
        run(tx, EMPTY_INVITATIONS, &emptied).await?;

        self.write_said(tx, ledger).await?;

        let places: Vec<_> = written.places.iter().collect();
        run(tx, EMPTY_SEATS, &places).await?;
        let seats: Vec<_> = places.iter().filter_map(|place| ledger.seats.get_key_value(place)).collect();
        let rows: Vec<_> = seats
            .iter()
            .map(|((channel, user), Seat { member, .. })| {
                let person = &member.person;
                let joined_at = member.joined_at.as_micros();
                let (roles, account) = (member.roles.bits(), &member.account);
                (
                    channel,
                    user,
                    &person.nick,
                    person.user_version,
                    account,
                    roles,
                    &member.username,
                    &member.host,
                    joined_at,
                )
            })
            .collect();
        run(tx, FILL_SEATS, &rows).await?;
        run(tx, NAME_ACCOUNTS, &rows).await?;
        let rows: Vec<_> = seats
            .iter()
            .flat_map(|((channel, user), seat)| {
                seat.holders.iter().map(move |holder| (channel, user, holder))
            })
            .collect();
        run(tx, FILL_HOLDERS, &rows).await?;

        run(tx, USE_INVITATIONS, &written.used_invitations.iter().collect::<Vec<_>>()).await?;
        let rows: Vec<_> = written
            .invited
            .iter()
            .map(|((channel, user), until)| (channel, user, until.as_micros()))
            .collect();
        run(tx, INVITE, &rows).await?;

        run(tx, UNLIST, &written.unlisted.iter().map(|id| [id]).collect::<Vec<_>>()).await?;
        let rows: Vec<_> = written
            .listed
            .iter()
            .map(|(channel, kind, entry)| {
                let (by, expires_at) = (&entry.by, entry.expires_at.map(Timestamp::as_micros));
                let mask = (&entry.mask, entry.mask.key());
                (
                    &entry.id,
                    channel,
                    kind.as_str(),
                    mask.0,
                    mask.1,
                    &entry.reason,
                    &by.id,
                    &by.nick,
                    by.user_version,
                    entry.at.as_micros(),
                    expires_at,
                )
            })
            .collect();
        run(tx, LIST, &rows).await?;

        let rows = written
            .events
            .iter()
            .map(|event| {
                let json = serde_json::to_string(event).map_err(unreadable)?;
                Ok((&event.channel, event.version, event.at.as_micros(), json))
            })
            .collect::<sqlx::Result<Vec<_>>>()?;
        run(tx, EVENTS, &rows).await
    }
}

async fn save(tx: &mut Tx, room: &Room) -> sqlx::Result<()> {
    let channel = &room.channel;
    let modes = &channel.modes;
    let topic = channel.topic.as_ref().map(serde_json::to_string).transpose().map_err(unreadable)?;
    on!(tx, t => sqlx::query(SAVE)
        .bind(channel.id.as_str())
        .bind(signed(channel.version))
        .bind(channel.founder.as_ref().map(|founder| founder.as_str()))
        .bind(room.founder_user.as_ref().map(|user| user.as_str()))
        .bind(topic)
        .bind(channel.topic.as_ref().map(|topic| topic.by.id.as_str()))
        .bind(modes.invite_only)
        .bind(modes.moderated)
        .bind(modes.no_external)
        .bind(modes.topic_locked)
        .bind(modes.secret)
        .bind(modes.registered_only)
        .bind(modes.key.as_deref())
        .bind(modes.limit.map(i64::from))
        .bind(modes.slow_seconds.map(i64::from))
        .bind(channel.history.retention_days.map(i64::from))
        .bind(i64::from(channel.history.lines_on_join))
        .bind(signed(channel.member_count))
        .bind(signed(channel.floor))
        .bind(room.closed)
        .bind(room.floor_pending)
        .bind(room.dormant_since.map(Timestamp::as_micros))
        .bind(modes.no_ctcp)
        .execute(&mut **t).await.map(drop))
}
