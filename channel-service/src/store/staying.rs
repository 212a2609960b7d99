//! Whose account stays in its channels without a session, as user-service has said last: what it says by several requests may come
//! in another order.

use api::{Person, id::UserId};
use kit::db::{Tx, on};

use super::Store;

const SAY: &str = "insert into staying (user_id, version, stays) values ($1, $2, $3)
    on conflict (user_id) do update set version = excluded.version, stays = excluded.stays
    where staying.version <= excluded.version";
const LATEST: &str = "select stays from staying where user_id = $1";
const FORGET: &str = "delete from staying where user_id = $1";

impl Store {
    /// Notes whether somebody stays, as of their version; gives what the latest one says.
    pub async fn stays(&self, tx: &mut Tx, user: &Person, stays: bool) -> sqlx::Result<bool> {
        let (id, version) = (user.id.as_str(), user.user_version.cast_signed());
        on!(tx, t => sqlx::query(SAY).bind(id).bind(version).bind(stays).execute(&mut **t).await.map(drop))?;
        on!(tx, t => sqlx::query_scalar(LATEST).bind(id).fetch_one(&mut **t).await)
    }

    pub async fn forget_staying(&self, tx: &mut Tx, user: &UserId) -> sqlx::Result<()> {
        on!(tx, t => sqlx::query(FORGET).bind(user.as_str()).execute(&mut **t).await.map(drop))
    }
}
