//! TLS client certificates that log in to an account. Of them only fingerprints are kept. Several accounts may have the same one: to add
//! it takes no key, to log in by it does.

use api::{
    ErrorCode, Timestamp,
    id::UserId,
    users::{Certificate, Fingerprint},
};
use kit::{Failure, Result, db::Tx};

use super::{
    Store,
    column::Checked,
    execute, fetch_optional, read_all,
    revocations::{self, Ended},
    users,
};
use crate::domain::secret;

const INSERT: &str =
    "insert into certificates (fingerprint, user_id, created_at, grant_id) values ($1, $2, $3, $4)";
const COUNT: &str = "select count(*) from certificates where user_id = $1";
const OF: &str = "select created_at from certificates where fingerprint = $1 and user_id = $2";
const GRANT: &str =
    "select coalesce(grant_id, fingerprint) from certificates where fingerprint = $1 and user_id = $2";
/// Two are as bad as many.
const WHOSE: &str = "select user_id from certificates where fingerprint = $1 and user_id = coalesce($2, user_id) \
    order by user_id limit 2";
const PAGE: &str = "select fingerprint, created_at from certificates where user_id = $1 and fingerprint > $2 \
    order by fingerprint limit $3";
const DELETE: &str = "delete from certificates where fingerprint = $1 and user_id = $2 \
    returning coalesce(grant_id, fingerprint)";
const DELETE_ALL: &str = "delete from certificates where user_id = $1";

/// The grant that its sessions come of, if it still logs in to that account.
pub(crate) async fn grant_of(
    tx: &mut Tx,
    user: &UserId,
    fingerprint: &Fingerprint,
) -> sqlx::Result<Option<String>> {
    let found: Option<(String,)> = fetch_optional!(tx, GRANT, fingerprint.as_str(), user.as_str())?;
    Ok(found.map(|(grant,)| grant))
}

/// None of an account's logs in any more.
pub(crate) async fn forget_all(tx: &mut Tx, user: &UserId) -> sqlx::Result<()> {
    execute!(tx, DELETE_ALL, user.as_str()).map(drop)
}

impl Store {
    /// Adds a certificate; one that is there already stays as it is.
    pub async fn add_certificate(
        &self,
        user: &UserId,
        fingerprint: &Fingerprint,
        most: u32,
        now: Timestamp,
    ) -> Result<Certificate> {
        let mut tx = self.db.begin().await?;
        let user = users::lock(&mut tx, user).await?.filter(|user| !user.is_guest());
        let user =
            user.ok_or_else(|| Failure::new(ErrorCode::Forbidden).detail("certificates need an account"))?;
        let (fingerprint_text, id) = (fingerprint.as_str(), user.id.as_str());
        let there: Option<(i64,)> = fetch_optional!(&mut tx, OF, fingerprint_text, id)?;
        let created_at = match there {
            Some((at,)) => Timestamp(at),
            None => {
                let (count,): (i64,) =
                    fetch_optional!(&mut tx, COUNT, id)?.ok_or(sqlx::Error::RowNotFound)?;
                if count >= i64::from(most) {
                    return Err(Failure::new(ErrorCode::ListFull)
                        .detail(format!("there are {most} certificates already")));
                }
                // What was taken away once is refused for a while: what is added now is something else.
                let grant = secret::random(&mut rand::rng());
                execute!(&mut tx, INSERT, fingerprint_text, id, now.0, grant)?;
                now
            }
        };
        tx.commit().await?;
        Ok(Certificate { fingerprint: fingerprint.clone(), created_at })
    }

    /// An account's certificates, in the order of their fingerprints.
    pub async fn certificates(
        &self,
        user: &UserId,
        after: &str,
        limit: i64,
    ) -> sqlx::Result<Vec<Certificate>> {
        let rows: Vec<(Checked<Fingerprint>, i64)> = read_all!(self.db, PAGE, user.as_str(), after, limit)?;
        let certificate = |(fingerprint, at): (Checked<Fingerprint>, i64)| Certificate {
            fingerprint: fingerprint.0,
            created_at: Timestamp(at),
        };
        Ok(rows.into_iter().map(certificate).collect())
    }

    /// Whom a certificate logs in as, of all or of one account: of several, two.
    pub async fn certificate_holders(
        &self,
        fingerprint: &Fingerprint,
        only: Option<&UserId>,
    ) -> sqlx::Result<Vec<UserId>> {
        let only = only.map(UserId::as_str);
        let rows: Vec<(Checked<UserId>,)> = read_all!(self.db, WHOSE, fingerprint.as_str(), only)?;
        Ok(rows.into_iter().map(|(user,)| user.0).collect())
    }

    /// Takes a certificate away, with the sessions that it opened and what came of those; nothing if the account has none of that
    /// fingerprint.
    pub async fn delete_certificate(
        &self,
        user: &UserId,
        fingerprint: &Fingerprint,
        now: Timestamp,
    ) -> Result<Option<Ended>> {
        let mut tx = self.db.begin().await?;
        let Some(mut user) = users::lock(&mut tx, user).await? else { return Ok(None) };
        let grant: Option<(String,)> =
            fetch_optional!(&mut tx, DELETE, fingerprint.as_str(), user.id.as_str())?;
        let Some((grant,)) = grant else { return Ok(None) };
        let ended = revocations::end_grant(&mut tx, &mut user, grant, now).await?;
        users::save(&mut tx, &user).await?;
        tx.commit().await?;
        Ok(Some(ended))
    }
}
