//! Personal API tokens. Of secrets only digests are kept.

use std::time::Duration;

use api::{
    ErrorCode, Timestamp,
    auth::Scopes,
    id::{TokenId, UserId},
    users::ApiToken,
};
use kit::{Failure, Result, db::Tx};
use sqlx::FromRow;

use super::{
    Store,
    column::Checked,
    execute, fetch_optional, read_all, read_optional,
    revocations::{self, Ended},
    users, write_one,
};
use crate::domain::secret;

const INSERT_API: &str = "insert into api_tokens (id, user_id, label, scopes, hash, created_at, grant_id) \
    values ($1, $2, $3, $4, $5, $6, $7)";
const COUNT_API: &str = "select count(*) from api_tokens where user_id = $1";
const API_BY_ID: &str =
    "select id, user_id, label, scopes, hash, created_at, last_used_at from api_tokens where id = $1";
const API_PAGE: &str = "select id, user_id, label, scopes, hash, created_at, last_used_at from api_tokens \
    where user_id = $1 and id > $2 order by id limit $3";
const API_EXISTS: &str = "select 1 from api_tokens where id = $1 and user_id = $2";
const DELETE_API: &str = "delete from api_tokens where id = $1 and user_id = $2";
/// Once a minute is enough to tell which tokens are in use.
const API_USED: &str =
    "update api_tokens set last_used_at = $2 where id = $1 and (last_used_at is null or last_used_at < $3)";

#[derive(FromRow)]
pub struct ApiTokenRow {
    pub id: Checked<TokenId>,
    pub user_id: Checked<UserId>,
    label: String,
    scopes: String,
    hash: String,
    created_at: i64,
    last_used_at: Option<i64>,
}

impl ApiTokenRow {
    pub fn scopes(&self) -> Scopes {
        Scopes::from(self.scopes.clone())
    }

    fn view(self) -> ApiToken {
        ApiToken {
            scopes: self.scopes(),
            id: self.id.0,
            label: self.label,
            created_at: Timestamp(self.created_at),
            last_used_at: self.last_used_at.map(Timestamp),
            secret: None,
        }
    }
}

pub(crate) async fn api_token_exists(tx: &mut Tx, user: &UserId, id: &TokenId) -> sqlx::Result<bool> {
    let found: Option<(i32,)> = fetch_optional!(tx, API_EXISTS, id.as_str(), user.as_str())?;
    Ok(found.is_some())
}

impl Store {
    /// Adds a token that was made with a grant, if with any: it goes with what that came of.
    pub async fn add_api_token(
        &self,
        user: &UserId,
        token: &ApiToken,
        hash: &str,
        grant: Option<&str>,
        most: u32,
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let user = users::lock(&mut tx, user).await?.filter(|user| !user.is_guest());
        let user = user.ok_or_else(|| {
            Failure::new(ErrorCode::Forbidden).detail("personal API tokens need an account")
        })?;
        let grant = match grant {
            Some(grant) => {
                let origin = revocations::origin_of(&mut tx, &user.id, grant.to_owned()).await?;
                if revocations::is_revoked(&mut tx, grant).await?
                    || revocations::is_revoked(&mut tx, &origin).await?
                {
                    return Err(ErrorCode::NotAuthenticated.into());
                }
                Some(origin)
            }
            None => None,
        };
        let (count,): (i64,) =
            fetch_optional!(&mut tx, COUNT_API, user.id.as_str())?.ok_or(sqlx::Error::RowNotFound)?;
        if count >= i64::from(most) {
            return Err(
                Failure::new(ErrorCode::ListFull).detail(format!("there are {most} API tokens already"))
            );
        }
        let (scopes, at) = (token.scopes.to_string(), token.created_at.0);
        execute!(
            &mut tx,
            INSERT_API,
            token.id.as_str(),
            user.id.as_str(),
            &token.label,
            scopes,
            hash,
            at,
            grant
        )?;
        tx.commit().await?;
        Ok(())
    }

    /// A user's personal API tokens, in the order of their ids.
    pub async fn api_tokens(&self, user: &UserId, after: &str, limit: i64) -> sqlx::Result<Vec<ApiToken>> {
        let rows: Vec<ApiTokenRow> = read_all!(self.db, API_PAGE, user.as_str(), after, limit)?;
        Ok(rows.into_iter().map(ApiTokenRow::view).collect())
    }

    /// The token of that id, if the secret is its.
    pub async fn api_token(&self, id: &TokenId, presented: &str) -> sqlx::Result<Option<ApiTokenRow>> {
        let row: Option<ApiTokenRow> = read_optional!(self.db, API_BY_ID, id.as_str())?;
        let digest = secret::digest(presented);
        Ok(row.filter(|row| secret::same(&row.hash, &digest)))
    }

    pub async fn api_token_used(&self, id: &TokenId, now: Timestamp) -> sqlx::Result<()> {
        write_one!(self.db, API_USED, id.as_str(), now.0, now.minus(Duration::from_secs(60)).0).map(drop)
    }

    /// Revokes a personal API token and what came of it; nothing if the user has none of that id.
    pub async fn delete_api_token(
        &self,
        user: &UserId,
        id: &TokenId,
        now: Timestamp,
    ) -> Result<Option<Ended>> {
        let mut tx = self.db.begin().await?;
        let Some(mut user) = users::lock(&mut tx, user).await? else { return Ok(None) };
        if execute!(&mut tx, DELETE_API, id.as_str(), user.id.as_str())? == 0 {
            return Ok(None);
        }
        let ended = revocations::end_grant(&mut tx, &mut user, id.to_string(), now).await?;
        users::save(&mut tx, &user).await?;
        tx.commit().await?;
        Ok(Some(ended))
    }
}
