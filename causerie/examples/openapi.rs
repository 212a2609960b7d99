//! Writes each service's description, as its `/openapi.json` says it, to a folder: `cargo xtask openapi`.

use std::{fs, path::PathBuf};

use anyhow::Context;
use api::auth::ServiceName;
use clap::Parser;
use kit::{Service, config::Flags};

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    flags: Flags,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).context("name the folder to write to")?);
    fs::create_dir_all(&folder)?;
    for (name, api) in [
        (ServiceName::Users, user_service::api()),
        (ServiceName::Channels, channel_service::api()),
        (ServiceName::Messages, message_service::api()),
        (ServiceName::Logs, log_service::api()),
    ] {
        fs::write(folder.join(format!("{name}.json")), api.to_pretty_json()? + "\n")?;
    }
    let gateway: serde_json::Value = serde_json::from_str(&gateway().await?)?;
    let gateway = serde_json::to_string_pretty(&gateway)? + "\n";
    fs::write(folder.join(format!("{}.json", ServiceName::Gateway)), gateway)?;
    println!("five descriptions are in {}", folder.display());
    Ok(())
}

/// The gateway has nothing but its own process to describe it. It needs no neighbour for that, nor a port that is known.
async fn gateway() -> anyhow::Result<String> {
    let data = tempfile::tempdir()?;
    let file = data.path().join("causerie.toml");
    fs::write(&file, "[log]\nship = false\n")?;
    let mut flags = vec!["openapi".into(), "--config".into(), file.into_os_string()];
    flags.extend(["--data".into(), data.path().into()]);
    for listener in ["listen", "lines", "lines_tls", "irc", "irc_tls"] {
        flags.extend(["--set".into(), format!("gateway.{listener}=127.0.0.1:0").into()]);
    }
    let config = causerie::Config::load(&Cli::parse_from(flags).flags)?;
    let running = gateway::Gateway::up(config.gateway).await?;
    let description = reqwest::get(format!("http://{}/openapi.json", running.addr)).await?.text().await?;
    running.stop().await;
    Ok(description)
}
