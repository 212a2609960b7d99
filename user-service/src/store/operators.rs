//! Who operates the network.

use api::{ErrorCode, Timestamp, event::UserEvent, id::UserId};
use kit::{Failure, Result};

use super::{
    Store, accounts, certificates, execute,
    users::{self},
};

const FORGET_API_TOKENS: &str = "delete from api_tokens where user_id = $1";

impl Store {
    /// Gives or takes the role; false if it was so already. Whoever loses it is put out, so that no session keeps its scope.
    pub async fn set_operator(
        &self,
        user: &UserId,
        operator: bool,
        now: Timestamp,
    ) -> Result<(bool, Vec<UserEvent>)> {
        let mut tx = self.db.begin().await?;
        let mut user = users::lock(&mut tx, user).await?.ok_or(ErrorCode::NoSuchAccount)?;
        if user.operator == operator {
            return Ok((false, Vec::new()));
        }
        user.operator = operator;
        let told = if operator {
            Vec::new()
        } else {
            accounts::put_out(&mut tx, &mut user, "no longer an operator", now).await?
        };
        users::save(&mut tx, &user).await?;
        tx.commit().await?;
        Ok((true, told))
    }

    /// Sets another's password. Whoever knew the old one may hold tokens too: all of them go.
    pub async fn reset_password(
        &self,
        user: &UserId,
        new: &accounts::Kept,
        now: Timestamp,
    ) -> Result<Vec<UserEvent>> {
        let mut tx = self.db.begin().await?;
        let mut user =
            users::lock(&mut tx, user).await?.ok_or_else(|| Failure::new(ErrorCode::NoSuchAccount))?;
        accounts::set_password(&mut tx, &user.id, new).await?;
        execute!(&mut tx, FORGET_API_TOKENS, user.id.as_str())?;
        certificates::forget_all(&mut tx, &user.id).await?;
        let told = accounts::put_out(&mut tx, &mut user, "the password was reset", now).await?;
        users::save(&mut tx, &user).await?;
        tx.commit().await?;
        Ok(told)
    }
}
