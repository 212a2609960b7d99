//! Small numbers of the whole service, the secrets that its replicas share, and the database's clock.

use api::Timestamp;
use base64::{Engine, prelude::BASE64_STANDARD};
use kit::{
    Failure, Result,
    db::{Backend, Tx},
};

use super::{Store, execute, fetch_optional, read_optional, write_one};

/// Raising a counter locks its row: whoever raises the same one waits, so that its numbers commit in their order.
const RAISE: &str = "update marks set value = value + 1 where name = $1 returning value";
const GET: &str = "select value from marks where name = $1";
const SET: &str = "update marks set value = $2 where name = $1";

const SECRET: &str = "select value from secrets where name = $1";
const FIRST_SECRET: &str = "insert into secrets (name, value) values ($1, $2) on conflict do nothing";

pub(crate) const REVOCATIONS: &str = "revocations";
pub(crate) const SIGNING_KEYS: &str = "signing-keys";
pub(crate) const ACCEPTING_SINCE: &str = "accepting-since";
pub(crate) const ACCEPTING_AT: &str = "accepting-at";

pub(crate) async fn raise(tx: &mut Tx, name: &str) -> sqlx::Result<i64> {
    let (value,): (i64,) = fetch_optional!(tx, RAISE, name)?.ok_or(sqlx::Error::RowNotFound)?;
    Ok(value)
}

pub(crate) async fn get(tx: &mut Tx, name: &str) -> sqlx::Result<i64> {
    let (value,): (i64,) = fetch_optional!(tx, GET, name)?.ok_or(sqlx::Error::RowNotFound)?;
    Ok(value)
}

pub(crate) async fn set(tx: &mut Tx, name: &str, value: i64) -> sqlx::Result<()> {
    execute!(tx, SET, name, value).map(drop)
}

/// The database's clock: the one that all replicas agree on.
pub(crate) async fn database_time(tx: &mut Tx) -> sqlx::Result<Timestamp> {
    let micros = match tx {
        Backend::Sqlite(t) => {
            sqlx::query_scalar("select cast(unixepoch('subsec') * 1000000 as integer)")
                .fetch_one(&mut **t)
                .await?
        }
        Backend::Postgres(t) => {
            sqlx::query_scalar("select (extract(epoch from clock_timestamp()) * 1000000)::bigint")
                .fetch_one(&mut **t)
                .await?
        }
    };
    Ok(Timestamp(micros))
}

impl Store {
    /// A secret of 256 bits that all replicas share; the first to ask makes it.
    pub async fn secret(&self, name: &str) -> Result<Vec<u8>> {
        let fresh = BASE64_STANDARD.encode(rand::random::<[u8; 32]>());
        write_one!(self.db, FIRST_SECRET, name, fresh)?;
        let (value,): (String,) = read_optional!(self.db, SECRET, name)?.ok_or(sqlx::Error::RowNotFound)?;
        BASE64_STANDARD.decode(value).map_err(Failure::internal)
    }
}
