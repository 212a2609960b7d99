//! Every service in one process: the five are started side by side, each with its own port and database, and talk to each other
//! over loopback exactly as they would across machines. Also what an operator types on the server: `causerie operator add`.

mod banner;
mod cli;
mod config;
mod copy;
mod health;
mod operator;
mod stack;

use std::process::ExitCode;

use channel_service::ChannelService;
use gateway::Gateway;
use kit::{Running, Service};
use log_service::LogService;
use message_service::MessageService;
use user_service::UserService;

pub use self::config::Config;

/// The whole program: reads the command line, does it, and says in one line what went wrong.
pub fn main() -> ExitCode {
    match cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("causerie: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Starts all five. Stops those already up if one cannot start.
///
/// # Errors
/// A port that is taken (the error names the setting that moves it), a database or a key that cannot be opened.
pub async fn up(config: Config) -> anyhow::Result<Vec<Running>> {
    let config = config.in_one_process();
    let mut running = Vec::with_capacity(5);
    match start(config, &mut running).await {
        Ok(()) => Ok(running),
        Err(error) => {
            for service in running.into_iter().rev() {
                service.stop().await;
            }
            Err(error)
        }
    }
}

/// The order spares the first requests a retry; any order works.
async fn start(config: Config, running: &mut Vec<Running>) -> anyhow::Result<()> {
    running.push(LogService::up(config.logs).await?);
    running.push(UserService::up(config.users).await?);
    running.push(ChannelService::up(config.channels).await?);
    running.push(MessageService::up(config.messages).await?);
    running.push(Gateway::up(config.gateway).await?);
    Ok(())
}
