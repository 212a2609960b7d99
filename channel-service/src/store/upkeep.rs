//! What time does: lists expire, events and memories of ended sessions are dropped, sleeping channels are forgotten. And the nicks of
//! members, which others change.

use api::{
    Person, Timestamp,
    id::{ChannelId, UserId},
};
use kit::db::{Tx, on};

use super::{
    Store,
    rows::{signed, unsigned},
    unreadable,
};

const EXPIRING: &str =
    "select distinct channel from list_entries where expires_at is not null and expires_at <= $1 limit $2";
const DROP_INVITATIONS: &str = "delete from invitations where expires_at <= $1";
// In pieces: one transaction must not hold the one writer for long.
const DROP_EVENTS: &str = "delete from events where (channel, version) in
    (select channel, version from events where at < $1 order by at limit $2)";
const DROP_ENDED: &str = "delete from ended_sessions where at < $1";
const SLEEPERS: &str =
    "select id from channels where dormant_since is not null and dormant_since < $1 limit $2";
const FORGET: &str = "delete from channels where id = $1";
const PENDING: &str = "select id from channels where floor_pending and dormant_since is not null and dormant_since < $1 limit $2";
const RAISE_FLOOR: &str = "update channels set floor = $2, floor_pending = false
    where id = $1 and floor_pending and dormant_since is not null and floor <= $2";
const KEEP_FLOOR: &str = "update channels set floor_pending = false
    where id = $1 and floor_pending and dormant_since is not null and floor > $2";
const RENAME: &str =
    "update members set nick = $2, user_version = $3, username = coalesce($4, username), host = coalesce($5, host)
    where user_id = $1 and user_version < $3";
const PEOPLE: &str = "select user_id, max(user_version) from members where user_id > $1
    group by user_id order by user_id limit $2";
const INVITED: &str = "select count(*) from invitations where channel = $1 and expires_at > $2";
const REGISTERED: &str = "select count(*) from channels where founder_user = $1";

impl Store {
    /// Channels with list entries that have expired.
    pub async fn expiring(&self, now: Timestamp, limit: i64) -> sqlx::Result<Vec<ChannelId>> {
        let ids: Vec<String> = on!(self.db.read(), pool =>
            sqlx::query_scalar(EXPIRING).bind(now.as_micros()).bind(limit).fetch_all(pool).await)?;
        ids.into_iter().map(|id| id.try_into().map_err(unreadable)).collect()
    }

    pub async fn drop_expired_invitations(&self, now: Timestamp) -> sqlx::Result<()> {
        on!(self.db.write(), pool => sqlx::query(DROP_INVITATIONS).bind(now.as_micros()).execute(pool).await.map(drop))
    }

    /// Drops some events older than `before`; gives how many.
    pub async fn drop_events(&self, before: Timestamp, limit: i64) -> sqlx::Result<u64> {
        on!(self.db.write(), pool => sqlx::query(DROP_EVENTS)
            .bind(before.as_micros()).bind(limit).execute(pool).await.map(|done| done.rows_affected()))
    }

    pub async fn drop_ended(&self, before: Timestamp) -> sqlx::Result<()> {
        on!(self.db.write(), pool => sqlx::query(DROP_ENDED).bind(before.as_micros()).execute(pool).await.map(drop))
    }

    /// Channels that sleep since before a moment.
    pub async fn sleepers(&self, before: Timestamp, limit: i64) -> sqlx::Result<Vec<ChannelId>> {
        let ids: Vec<String> = on!(self.db.read(), pool =>
            sqlx::query_scalar(SLEEPERS).bind(before.as_micros()).bind(limit).fetch_all(pool).await)?;
        ids.into_iter().map(|id| id.try_into().map_err(unreadable)).collect()
    }

    /// Deletes a channel with all that is here of it.
    pub async fn forget(&self, tx: &mut Tx, id: &ChannelId) -> sqlx::Result<()> {
        on!(tx, t => sqlx::query(FORGET).bind(id.as_str()).execute(&mut **t).await.map(drop))
    }

    /// Sleeping channels whose floor is still to rise.
    pub async fn pending_floors(&self, before: Timestamp, limit: i64) -> sqlx::Result<Vec<ChannelId>> {
        let ids: Vec<String> = on!(self.db.read(), pool =>
            sqlx::query_scalar(PENDING).bind(before.as_micros()).bind(limit).fetch_all(pool).await)?;
        ids.into_iter().map(|id| id.try_into().map_err(unreadable)).collect()
    }

    /// Raises the floor of a channel that still sleeps.
    pub async fn raise_floor(&self, id: &ChannelId, to: u64) -> sqlx::Result<()> {
        for sql in [RAISE_FLOOR, KEEP_FLOOR] {
            on!(self.db.write(), pool =>
                sqlx::query(sql).bind(id.as_str()).bind(signed(to)).execute(pool).await.map(drop))?;
        }
        Ok(())
    }

    /// Somebody is called something else now, or has another user and host in their mask; an older version never takes a newer one's
    /// place.
    pub async fn rename(
        &self,
        person: &Person,
        username: Option<&str>,
        host: Option<&str>,
    ) -> sqlx::Result<()> {
        let mut tx = self.begin([&person.id]).await?;
        on!(&mut tx, t => sqlx::query(RENAME)
            .bind(person.id.as_str()).bind(person.nick.as_str()).bind(signed(person.user_version))
            .bind(username).bind(host)
            .execute(&mut **t).await.map(drop))?;
        tx.commit().await
    }

    /// Members of any channel after one, with the newest version known of each.
    pub async fn people(&self, after: &str, limit: i64) -> sqlx::Result<Vec<(UserId, u64)>> {
        let rows: Vec<(String, i64)> = on!(self.db.read(), pool =>
            sqlx::query_as(PEOPLE).bind(after).bind(limit).fetch_all(pool).await)?;
        rows.into_iter()
            .map(|(id, version)| Ok((id.try_into().map_err(unreadable)?, unsigned(version)?)))
            .collect()
    }

    /// Invitations to a channel that stand.
    pub async fn open_invitations(&self, tx: &mut Tx, id: &ChannelId, now: Timestamp) -> sqlx::Result<usize> {
        let open: i64 = on!(tx, t => sqlx::query_scalar(INVITED)
            .bind(id.as_str()).bind(now.as_micros()).fetch_one(&mut **t).await)?;
        usize::try_from(open).map_err(unreadable)
    }

    /// Channels that a user's account has registered.
    pub async fn registered_by(&self, tx: &mut Tx, user: &UserId) -> sqlx::Result<usize> {
        let registered: i64 =
            on!(tx, t => sqlx::query_scalar(REGISTERED).bind(user.as_str()).fetch_one(&mut **t).await)?;
        usize::try_from(registered).map_err(unreadable)
    }
}
