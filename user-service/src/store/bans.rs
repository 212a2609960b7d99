//! Network bans.

use api::{ErrorCode, Timestamp, id::NetworkBanId, users::NetworkBan};
use kit::{Failure, Result};
use sqlx::FromRow;

use super::{
    Store,
    column::Checked,
    execute, fetch_optional, read_all, read_optional,
    tasks::{self, Task},
    write_one,
};

#[derive(FromRow)]
struct Row {
    id: Checked<NetworkBanId>,
    target: String,
    reason: String,
    created_at: i64,
    expires_at: Option<i64>,
}

impl From<Row> for NetworkBan {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.0,
            target: row.target,
            reason: row.reason,
            created_at: Timestamp(row.created_at),
            expires_at: row.expires_at.map(Timestamp),
        }
    }
}

const INSERT: &str =
    "insert into network_bans (id, target, reason, created_at, expires_at) values ($1, $2, $3, $4, $5)";
const COUNT: &str = "select count(*) from network_bans where expires_at is null or expires_at > $1";
const PAGE: &str = "select id, target, reason, created_at, expires_at from network_bans \
    where (expires_at is null or expires_at > $1) and id > $2 and (target = $4 or $4 = '') order by id limit $3";
const BY_ID: &str = "select id, target, reason, created_at, expires_at from network_bans where id = $1";
const DELETE: &str = "delete from network_bans where id = $1";

impl Store {
    /// Adds a ban, and the task that ends the sessions it is about.
    pub async fn add_ban(&self, ban: &NetworkBan, most: u32, now: Timestamp) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let (count,): (i64,) = fetch_optional!(&mut tx, COUNT, now.0)?.ok_or(sqlx::Error::RowNotFound)?;
        if count >= i64::from(most) {
            return Err(
                Failure::new(ErrorCode::ListFull).detail(format!("there are {most} network bans already"))
            );
        }
        let expires_at = ban.expires_at.map(|at| at.0);
        execute!(&mut tx, INSERT, ban.id.as_str(), &ban.target, &ban.reason, ban.created_at.0, expires_at)?;
        tasks::add(&mut tx, &Task::ApplyBan { ban: ban.id.clone() }, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Bans in force, of one target or all, in the order of their ids.
    pub async fn bans(
        &self,
        now: Timestamp,
        target: Option<&str>,
        after: &str,
        limit: i64,
    ) -> sqlx::Result<Vec<NetworkBan>> {
        let rows: Vec<Row> = read_all!(self.db, PAGE, now.0, after, limit, target.unwrap_or_default())?;
        Ok(rows.into_iter().map(NetworkBan::from).collect())
    }

    pub async fn ban(&self, id: &NetworkBanId) -> sqlx::Result<Option<NetworkBan>> {
        let row: Option<Row> = read_optional!(self.db, BY_ID, id.as_str())?;
        Ok(row.map(NetworkBan::from))
    }

    /// False if there is no such ban.
    pub async fn delete_ban(&self, id: &NetworkBanId) -> sqlx::Result<bool> {
        Ok(write_one!(self.db, DELETE, id.as_str())? == 1)
    }
}
