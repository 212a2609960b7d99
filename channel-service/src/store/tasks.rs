//! What has to be done elsewhere, until it is done.

use api::Timestamp;
use kit::db::{Tx, on};

use super::{Sql, Store};

const ADD: &str = "insert into tasks (kind, payload, not_before, attempts) values ($1, $2, $3, 0)";
/// A task taken is put off, so that no other replica takes it at once.
const TAKE: Sql = Sql {
    sqlite: "update tasks set not_before = $2, attempts = attempts + 1 where id in
        (select id from tasks where not_before <= $1 order by not_before limit $3)
        returning id, kind, payload, attempts",
    // Replicas pass over what another has in hand.
    postgres: "update tasks set not_before = $2, attempts = attempts + 1 where id in
        (select id from tasks where not_before <= $1 order by not_before limit $3 for update skip locked)
        returning id, kind, payload, attempts",
};
const PUT_OFF: &str = "update tasks set not_before = $2 where id = $1";
const DONE: &str = "delete from tasks where id = $1";

#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Task {
    pub id: i64,
    pub kind: String,
    /// JSON.
    pub payload: String,
    pub attempts: i64,
}

impl Store {
    pub async fn add_task(&self, tx: &mut Tx, kind: &str, payload: &str, now: Timestamp) -> sqlx::Result<()> {
        on!(tx, t => sqlx::query(ADD).bind(kind).bind(payload).bind(now.as_micros()).execute(&mut **t).await.map(drop))
    }

    /// Tasks that are due, put off to `until` meanwhile.
    pub async fn take_tasks(&self, now: Timestamp, until: Timestamp, limit: i64) -> sqlx::Result<Vec<Task>> {
        let pool = self.db.write();
        let sql = TAKE.on(&pool);
        on!(pool, pool => sqlx::query_as(sql)
            .bind(now.as_micros()).bind(until.as_micros()).bind(limit).fetch_all(pool).await)
    }

    pub async fn put_task_off(&self, id: i64, until: Timestamp) -> sqlx::Result<()> {
        on!(self.db.write(), pool =>
            sqlx::query(PUT_OFF).bind(id).bind(until.as_micros()).execute(pool).await.map(drop))
    }

    pub async fn task_done(&self, id: i64) -> sqlx::Result<()> {
        on!(self.db.write(), pool => sqlx::query(DONE).bind(id).execute(pool).await.map(drop))
    }
}
