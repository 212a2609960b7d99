//! The command line.

use clap::{Parser, Subcommand};
use kit::{
    Service,
    config::{Flags, Listen},
    service::{print, run_until_signal},
    telemetry,
};

use crate::{Config, banner, copy, health, operator};

/// A chat server made of five small services. Without a command, all of them run in this process.
#[derive(Parser)]
#[command(name = "causerie", version)]
struct Cli {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the gateway alone: TCP in, REST out
    Gateway(Listen),
    /// Run user-service alone: accounts, tokens, nicks, sessions
    Users(Listen),
    /// Run channel-service alone: membership, roles, modes
    Channels(Listen),
    /// Run message-service alone: history
    Messages(Listen),
    /// Run log-service alone: what every service logged
    Logs(Listen),
    /// Make the keys that the services know each other by, and end
    Init {
        /// A folder for each service with its own key only, in the secrets folder: for containers
        #[arg(long)]
        apart: bool,
        /// The same, and passwords for the PostgreSQLs and the NATS of docker-compose.yml
        #[arg(long, conflicts_with = "apart")]
        stack: bool,
    },
    /// Exit 0 if a service answers 200 there: for health checks in containers
    Health {
        /// Such as <http://127.0.0.1:8080/readyz>
        #[arg(long)]
        url: url::Url,
    },
    /// Move databases to another engine and compare them; run again, it goes on where it was
    Copy(copy::Databases),
    /// Say who operates this network; on the server's own machine
    #[command(subcommand)]
    Operator(operator::Roles),
    /// Suspend accounts, end sessions, ban addresses; with an operator's token in CAUSERIE_TOKEN
    #[command(subcommand)]
    Admin(operator::Admin),
}

pub(crate) fn run() -> anyhow::Result<()> {
    let Cli { flags, command } = Cli::parse();
    let Some(command) = command else { return everything(&flags) };
    match command {
        Command::Gateway(listen) => kit::service::run::<gateway::Gateway>(flags, listen),
        Command::Users(listen) => kit::service::run::<user_service::UserService>(flags, listen),
        Command::Channels(listen) => kit::service::run::<channel_service::ChannelService>(flags, listen),
        Command::Messages(listen) => kit::service::run::<message_service::MessageService>(flags, listen),
        Command::Logs(listen) => kit::service::run::<log_service::LogService>(flags, listen),
        Command::Init { apart, stack } => {
            let common = kit::config::Loader::new(&flags)?.common()?;
            let secrets = common.secrets_dir();
            if stack {
                crate::stack::init(&secrets)?;
            } else if apart {
                kit::secrets::init_apart(&secrets)?;
                gateway::init(&secrets.join("gateway"))?;
            } else {
                kit::secrets::init_all(&secrets)?;
                gateway::init(&secrets)?;
            }
            print(format_args!("the services' keys are in {}\n", secrets.display()));
            Ok(())
        }
        Command::Health { url } => block_on(health::check(url)),
        Command::Copy(databases) => {
            telemetry::init(&kit::config::Loader::new(&flags)?.common()?.log)?;
            block_on(databases.copy())
        }
        Command::Operator(roles) => {
            let settings = kit::config::Loader::new(&flags)?.section(user_service::UserService::SECTION)?;
            block_on(roles.apply(settings))
        }
        Command::Admin(admin) => {
            let common = kit::config::Loader::new(&flags)?.common()?;
            block_on(admin.ask(&common.urls.users))
        }
    }
}

fn everything(flags: &Flags) -> anyhow::Result<()> {
    let started = std::time::Instant::now();
    let config = Config::load(flags)?;
    if flags.print_config {
        print(config.to_toml()?);
        return Ok(());
    }
    telemetry::init(&config.gateway.common.log)?;
    block_on(async {
        let banner = banner::Banner::of(&config);
        let running = crate::up(config).await?;
        banner.print(started.elapsed());
        run_until_signal(running).await;
        Ok(())
    })
}

fn block_on(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}
