//! Who operates the network, set on the server's own machine: the first operator cannot ask one.

use std::net::Ipv4Addr;

use anyhow::Context;
use api::{AccountName, Timestamp};
use kit::{Service, config::Settings};

use crate::{
    Config, UserService,
    domain::{cloak, password, secret},
    passwords::Passwords,
    store::{Store, accounts::Registering},
};

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

/// Registers an account here, whatever `users.registration` says to others. Without a password one is made up and given back.
///
/// # Errors
/// The database cannot be opened, the name is taken or the password too weak.
pub async fn register(
    settings: &Settings<Config>,
    account: &AccountName,
    password: Option<String>,
) -> anyhow::Result<Option<String>> {
    let made = password.is_none().then(|| secret::made_up(&mut rand::rng()));
    let password = password.or_else(|| made.clone()).unwrap_or_default();
    password::check(settings.service.password_rules, &password, account)?;
    let password = Passwords::new(1, 1)?.keep(&password).await?;
    let store = open(settings).await?;
    let key = store.secret("cloak").await?;
    let host = cloak::cloak(&key, Ipv4Addr::LOCALHOST.into());
    let new = Registering { name: account, password, invite: None, guest: None, host, always_on: false };
    let registered = store.register(new, Timestamp::now()).await;
    store.db.close().await;
    registered.with_context(|| format!("could not register {account}"))?;
    Ok(made)
}

async fn set(settings: &Settings<Config>, account: &AccountName, operator: bool) -> anyhow::Result<bool> {
    let store = open(settings).await?;
    let Some(found) = store.account(account).await? else {
        store.db.close().await;
        anyhow::bail!("there is no account {account}: register it first, or add it with --new");
    };
    let (changed, _) = store.set_operator(&found.user.id, operator, Timestamp::now()).await?;
    store.db.close().await;
    Ok(changed)
}

/// The database that the service has made. It may be running: it and this process only write rows, each in its turn.
async fn open(settings: &Settings<Config>) -> anyhow::Result<Store> {
    let url = settings.common.database(settings.service.database.as_ref(), UserService::SECTION);
    if let Some(path) = kit::db::sqlite_path(&url) {
        // Made here, it would be an empty one in a place that nobody meant.
        anyhow::ensure!(
            path.exists(),
            "there is no database at {url}: name its folder with --data, or start the service once"
        );
    }
    let db = kit::db::connect(&url, &crate::store::migrations()).await?;
    Ok(Store::open(db).await?)
}
