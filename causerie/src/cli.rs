//! The command line.

use clap::{Parser, Subcommand};
use kit::{Service, config::Flags, service::run_until_signal, telemetry};

use crate::{Config, banner, health, operator};

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
    Gateway,
    /// Run user-service alone: accounts, tokens, nicks, sessions
    Users,
    /// Run channel-service alone: membership, roles, modes
    Channels,
    /// Run message-service alone: history
    Messages,
    /// Run log-service alone: what every service logged
    Logs,
    /// Make the keys that the services know each other by, and end
    Init {
        /// A folder for each service with its own key only, in the secrets folder: for containers
        #[arg(long)]
        apart: bool,
    },
    /// Exit 0 if a service answers 200 there: for health checks in containers
    Health {
        /// Such as <http://127.0.0.1:8080/readyz>
        #[arg(long)]
        url: url::Url,
    },
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
        Command::Gateway => kit::service::run::<gateway::Gateway>(&flags),
        Command::Users => kit::service::run::<user_service::UserService>(&flags),
        Command::Channels => kit::service::run::<channel_service::ChannelService>(&flags),
        Command::Messages => kit::service::run::<message_service::MessageService>(&flags),
        Command::Logs => kit::service::run::<log_service::LogService>(&flags),
        Command::Init { apart } => {
            let common = kit::config::Loader::new(&flags)?.common()?;
            let secrets = common.secrets_dir();
            if apart {
                kit::secrets::init_apart(&secrets)?;
                return gateway::init(&secrets.join("gateway"));
            }
            kit::secrets::init_all(&secrets)?;
            gateway::init(&secrets)
        }
        Command::Health { url } => block_on(health::check(url)),
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
    anyhow::ensure!(
        flags.listen.is_none(),
        "--listen belongs to one service; with all of them use --set <section>.listen=…"
    );
    let config = Config::load(flags)?;
    if flags.print_config {
        print!("{}", config.to_toml()?);
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
