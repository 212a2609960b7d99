//! TLS client certificates that log in to an account. Of them only fingerprints are kept.

use api::{
    ErrorCode, Timestamp,
    id::UserId,
    users::{Certificate, Fingerprint},
};
use kit::{Failure, Result, db::Tx};

use super::{
    Store,
    column::Checked,
    execute, fetch_optional, read_all, read_optional,
    revocations::{self, Ended},
    users,
};

const INSERT: &str =
    "insert into certificates (fingerprint, user_id, created_at) values ($1, $2, $3) on conflict do nothing";
const COUNT: &str = "select count(*) from certificates where user_id = $1";
const OF: &str = "select created_at from certificates where fingerprint = $1 and user_id = $2";
const WHOSE: &str = "select user_id from certificates where fingerprint = $1";
const PAGE: &str = "select fingerprint, created_at from certificates where user_id = $1 and fingerprint > $2 \
    order by fingerprint limit $3";
const DELETE: &str = "delete from certificates where fingerprint = $1 and user_id = $2";
const DELETE_ALL: &str = "delete from certificates where user_id = $1";

/// Whether it still logs in to that account.
pub(crate) async fn is_of(tx: &mut Tx, user: &UserId, fingerprint: &Fingerprint) -> sqlx::Result<bool> {
    let found: Option<(i64,)> = fetch_optional!(tx, OF, fingerprint.as_str(), user.as_str())?;
    Ok(found.is_some())
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
                if execute!(&mut tx, INSERT, fingerprint_text, id, now.0)? == 0 {
                    return Err(Failure::new(ErrorCode::InvalidParameter)
                        .detail("that certificate is another account's")
                        .field("/fingerprint", "another account's"));
                }
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

    /// Whom a certificate logs in as.
    pub async fn certificate_of(&self, fingerprint: &Fingerprint) -> sqlx::Result<Option<UserId>> {
        let row: Option<(Checked<UserId>,)> = read_optional!(self.db, WHOSE, fingerprint.as_str())?;
        Ok(row.map(|(user,)| user.0))
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
        if execute!(&mut tx, DELETE, fingerprint.as_str(), user.id.as_str())? == 0 {
            return Ok(None);
        }
        let ended = revocations::end_grant(&mut tx, &mut user, fingerprint.to_string(), now).await?;
        users::save(&mut tx, &user).await?;
        tx.commit().await?;
        Ok(Some(ended))
    }
}
