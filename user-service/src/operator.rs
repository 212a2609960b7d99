//! Who operates the network, set on the server's own machine: the first operator cannot ask one.

use api::{AccountName, Timestamp};
use kit::{Service, config::Settings};

use crate::{Config, UserService, store::Store};

/// Gives an existing account the role, at once: whoever logs in from now on has its scope. True if it had it not already.
///
/// # Errors
/// The database cannot be opened, or has no such account.
pub async fn add(settings: &Settings<Config>, account: &AccountName) -> anyhow::Result<bool> {
    set(settings, account, true).await
}

/// Takes the role away: the account's sessions end and its tokens are refused, within 5 s everywhere.
///
/// # Errors
/// The database cannot be opened, or has no such account.
pub async fn remove(settings: &Settings<Config>, account: &AccountName) -> anyhow::Result<bool> {
    set(settings, account, false).await
}

async fn set(settings: &Settings<Config>, account: &AccountName, operator: bool) -> anyhow::Result<bool> {
    let url = settings.common.database(settings.service.database.as_ref(), UserService::SECTION);
    // The service may be running: it and this process only write rows, each in its turn.
    let db = kit::db::connect(&url, &crate::store::migrations()).await?;
    let store = Store { epoch: db.epoch().await?, db };
    let Some(found) = store.account(account).await? else {
        store.db.close().await;
        anyhow::bail!("there is no account {account}: register it first");
    };
    let (changed, _) = store.set_operator(&found.user.id, operator, Timestamp::now()).await?;
    store.db.close().await;
    Ok(changed)
}
