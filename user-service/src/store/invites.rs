//! Invitations to register: kept as hashes, each good for one account.

use api::Timestamp;
use kit::db::Tx;

use super::{Store, execute, write_one};

const INSERT: &str = "insert into invites (hash, expires_at) values ($1, $2)";
const USE_UP: &str = "delete from invites where hash = $1 and expires_at > $2";

/// False if there is no such invitation any more.
pub(crate) async fn use_up(tx: &mut Tx, hash: &str, now: Timestamp) -> sqlx::Result<bool> {
    Ok(execute!(tx, USE_UP, hash, now.0)? == 1)
}

impl Store {
    pub async fn add_invite(&self, hash: &str, expires_at: Timestamp) -> sqlx::Result<()> {
        write_one!(self.db, INSERT, hash, expires_at.0).map(drop)
    }
}
