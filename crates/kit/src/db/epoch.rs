//! The database's epoch: versions are compared within one only, and a restore begins a new one.

use super::{Db, on};

const CREATE: &str = "create table if not exists database_epoch (
    only_row integer primary key check (only_row = 1),
    id text not null)";
const FIRST: &str = "insert into database_epoch (only_row, id) values (1, $1) on conflict do nothing";
const READ: &str = "select id from database_epoch where only_row = 1";
const NEXT: &str = "update database_epoch set id = $1 where only_row = 1";

impl Db {
    /// The epoch; the first start makes one.
    pub async fn epoch(&self) -> sqlx::Result<String> {
        self.make_epoch_table().await?;
        on!(self.write(), pool => {
            sqlx::query(FIRST).bind(random()).execute(pool).await?;
            sqlx::query_scalar(READ).fetch_one(pool).await
        })
    }

    pub(super) async fn make_epoch_table(&self) -> sqlx::Result<()> {
        // Concurrent "if not exists" can still collide in PostgreSQL; whoever lost finds the table there.
        match on!(self.write(), pool => sqlx::query(CREATE).execute(pool).await.map(drop)) {
            Err(error) if error.as_database_error().is_none() => Err(error),
            _ => Ok(()),
        }
    }

    /// Begins a new epoch, as after a restore. Readers drop their replicas.
    pub async fn new_epoch(&self) -> sqlx::Result<String> {
        self.epoch().await?;
        on!(self.write(), pool => sqlx::query(NEXT).bind(random()).execute(pool).await.map(|_| ()))?;
        self.epoch().await
    }
}

fn random() -> String {
    format!("{:016x}", rand::random::<u64>())
}
