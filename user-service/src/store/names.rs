//! Who holds which name. The unique skeleton decides every race, and the answer says who won.

use std::sync::LazyLock;

use api::{Nick, id::UserId};
use kit::db::Tx;

use super::{execute, fetch_optional};

/// Free, held by the same user already, or worn (not owned) by `instead_of`, who gives it up in this transaction.
const WEAR: &str = "insert into names (skeleton, user_id, account) values ($1, $2, false) \
    on conflict (skeleton) do update set user_id = excluded.user_id \
    where names.user_id = excluded.user_id or (names.user_id = $3 and not names.account) returning user_id";

const OWN: &str = "insert into names (skeleton, user_id, account) values ($1, $2, true) \
    on conflict (skeleton) do update set account = true where names.user_id = excluded.user_id returning user_id";

const TAKE_OFF: &str = "delete from names where user_id = $1 and not account and skeleton <> $2";
const LOSE_ALL: &str = "delete from names where user_id = $1";

/// What gateways answer as to clients of IRC: who has such a name would be told passwords.
const SERVICES: [&str; 2] = ["NickServ", "ChanServ"];

/// Of services, and what those are called who were erased, here and in messages: nobody is to pass for one of them.
fn is_nobodys(skeleton: &str) -> bool {
    static OF_SERVICES: LazyLock<Vec<String>> = LazyLock::new(|| {
        SERVICES.iter().filter_map(|name| Some(Nick::try_from(*name).ok()?.skeleton())).collect()
    });
    skeleton == "[erased]"
        || skeleton.starts_with("erased-")
        || OF_SERVICES.iter().any(|name| name == skeleton)
}

/// Takes a name to wear; false if somebody else holds it or one that looks the same.
pub(crate) async fn wear(
    tx: &mut Tx,
    skeleton: &str,
    user: &UserId,
    instead_of: Option<&UserId>,
) -> sqlx::Result<bool> {
    if is_nobodys(skeleton) {
        return Ok(false);
    }
    let instead_of = instead_of.map(UserId::as_str);
    let won: Option<(String,)> = fetch_optional!(tx, WEAR, skeleton, user.as_str(), instead_of)?;
    Ok(won.is_some())
}

/// Takes a name for good, as an account's; false if somebody else holds it or one that looks the same.
pub(crate) async fn own(tx: &mut Tx, skeleton: &str, user: &UserId) -> sqlx::Result<bool> {
    if is_nobodys(skeleton) {
        return Ok(false);
    }
    let won: Option<(String,)> = fetch_optional!(tx, OWN, skeleton, user.as_str())?;
    Ok(won.is_some())
}

/// Frees what the user wears, all but `kept`.
pub(crate) async fn take_off(tx: &mut Tx, user: &UserId, kept: &str) -> sqlx::Result<()> {
    execute!(tx, TAKE_OFF, user.as_str(), kept).map(drop)
}

/// Frees all that the user wears or owns.
pub(crate) async fn lose_all(tx: &mut Tx, user: &UserId) -> sqlx::Result<()> {
    execute!(tx, LOSE_ALL, user.as_str()).map(drop)
}
