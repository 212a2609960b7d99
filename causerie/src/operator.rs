//! What operators type on the server: who is one (straight to user-service's database, so that there can be a first), and
//! everything else over the same REST API that programs use.

use anyhow::Context;
use api::{AccountName, Problem};
use clap::Subcommand;
use kit::{config::Settings, service::print};
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use url::Url;

#[derive(Subcommand)]
pub(crate) enum Roles {
    /// Make an account an operator, at once
    Add {
        account: AccountName,
        /// Register the account first, whatever `users.registration` allows; its password is read from standard input, an empty
        /// one is made up and shown
        #[arg(long)]
        new: bool,
    },
    /// Make an operator an ordinary account again
    Remove { account: AccountName },
}

impl Roles {
    pub(crate) async fn apply(self, settings: Settings<user_service::Config>) -> anyhow::Result<()> {
        match self {
            Self::Add { account, new } => {
                if new {
                    let made = user_service::operator::register(&settings, &account, password()?).await?;
                    if let Some(password) = made {
                        print(format_args!("the password of {account} is {password}\n"));
                    }
                }
                let changed = user_service::operator::add(&settings, &account).await?;
                print(format_args!(
                    "{account} is an operator{}\n",
                    if changed { " now" } else { " already" }
                ));
            }
            Self::Remove { account } => {
                let changed = user_service::operator::remove(&settings, &account).await?;
                print(format_args!("{account} is no operator{}\n", if changed { " any more" } else { "" }));
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
            Self::ResetPassword { account } => call(Method::PUT, &["v1", "accounts", account, "password"])?
                .json(&password()?.map_or(json!({}), |password| json!({ "password": password }))),
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

/// The first line of standard input; none if it is empty.
fn password() -> anyhow::Result<Option<String>> {
    let mut password = String::new();
    std::io::stdin().read_line(&mut password).context("could not read the password from standard input")?;
    let password = password.trim_end_matches(['\r', '\n']);
    Ok((!password.is_empty()).then(|| password.to_owned()))
}

async fn show(request: RequestBuilder) -> anyhow::Result<()> {
    let asked = request.send().await;
    let response = asked.context("could not ask user-service at urls.users")?;
    let (status, body) = (response.status(), response.text().await?);
    if !status.is_success() {
        let Ok(problem) = serde_json::from_str::<Problem>(&body) else { anyhow::bail!("{status}: {body}") };
        anyhow::bail!("{}: {}", problem.code, problem.detail);
    }
    match serde_json::from_str::<serde_json::Value>(&body) {
        Ok(json) => print(format_args!("{json:#}\n")),
        Err(_) => print("done\n"),
    }
    Ok(())
}
