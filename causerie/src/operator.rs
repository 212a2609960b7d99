//! What operators type on the server: who is one (straight to user-service's database, so that there can be a first), and
//! everything else over the same REST API that programs use.

use std::io::Read;

use api::AccountName;
use clap::Subcommand;
use kit::config::Settings;
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use url::Url;

#[derive(Subcommand)]
pub(crate) enum Roles {
    /// Make an existing account an operator, at once
    Add { account: AccountName },
    /// Make an operator an ordinary account again
    Remove { account: AccountName },
}

impl Roles {
    pub(crate) async fn apply(self, settings: Settings<user_service::Config>) -> anyhow::Result<()> {
        match self {
            Self::Add { account } => {
                let changed = user_service::operator::add(&settings, &account).await?;
                println!("{account} is an operator{}", if changed { " now" } else { " already" });
            }
            Self::Remove { account } => {
                let changed = user_service::operator::remove(&settings, &account).await?;
                println!("{account} is no operator{}", if changed { " any more" } else { "" });
            }
        }
        Ok(())
    }
}

/// Each is one REST call with the token in `CAUSERIE_TOKEN`.
#[derive(Subcommand)]
pub(crate) enum Admin {
    /// Suspend an account: its sessions end, its tokens are refused
    Suspend { account: String, reason: String },
    /// Let a suspended account in again
    Unsuspend { account: String },
    /// Give an account a new password, read from standard input; an empty one is made up and shown
    ResetPassword { account: String },
    /// End every session of a person, by nick or id
    Disconnect { user: String },
    /// Refuse an address, a range, a mask or ~account:name
    Ban { target: String, reason: String },
    /// List the network's bans
    Bans,
    /// Lift a ban by its id
    Unban { id: String },
    /// Make an invitation to register
    Invite,
}

impl Admin {
    pub(crate) async fn ask(self, users: &Url) -> anyhow::Result<()> {
        let token = std::env::var("CAUSERIE_TOKEN").map_err(|_| {
            anyhow::anyhow!("set CAUSERIE_TOKEN to an operator's access token (in a chat: /token)")
        })?;
        let http = reqwest::Client::builder().no_proxy().build()?;
        let call = |method, path: &[&str]| -> anyhow::Result<RequestBuilder> {
            let mut url = users.clone();
            url.path_segments_mut()
                .map_err(|()| anyhow::anyhow!("urls.users is no http address"))?
                .clear()
                .extend(path);
            Ok(http.request(method, url).bearer_auth(&token))
        };
        let request = match &self {
            Self::Suspend { account, reason } => {
                call(Method::PUT, &["v1", "accounts", account, "suspension"])?
                    .json(&json!({ "reason": reason }))
            }
            Self::Unsuspend { account } => call(Method::DELETE, &["v1", "accounts", account, "suspension"])?,
            Self::ResetPassword { account } => {
                call(Method::PUT, &["v1", "accounts", account, "password"])?.json(&new_password()?)
            }
            Self::Disconnect { user } => call(Method::DELETE, &["v1", "users", user, "sessions"])?,
            Self::Ban { target, reason } => call(Method::POST, &["v1", "network-bans"])?
                .json(&json!({ "target": target, "reason": reason })),
            Self::Bans => call(Method::GET, &["v1", "network-bans"])?,
            Self::Unban { id } => call(Method::DELETE, &["v1", "network-bans", id])?,
            Self::Invite => call(Method::POST, &["v1", "invites"])?,
        };
        show(request).await
    }
}

fn new_password() -> anyhow::Result<serde_json::Value> {
    let mut password = String::new();
    std::io::stdin().read_to_string(&mut password)?;
    let password = password.trim_end_matches(['\r', '\n']);
    Ok(if password.is_empty() { json!({}) } else { json!({ "password": password }) })
}

async fn show(request: RequestBuilder) -> anyhow::Result<()> {
    let response = request.send().await?;
    let (status, body) = (response.status(), response.text().await?);
    anyhow::ensure!(status.is_success(), "{body}");
    match serde_json::from_str::<serde_json::Value>(&body) {
        Ok(json) => println!("{}", serde_json::to_string_pretty(&json)?),
        Err(_) => println!("done"),
    }
    Ok(())
}
