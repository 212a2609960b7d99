//! `causerie copy`: an installation moves to databases of another engine.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use api::auth::ServiceName;
use kit::{
    Service,
    config::SecretUrl,
    db::{Compared, Copy, Migrations},
    service::print,
};

/// What stands for each service in an address.
const SERVICE: &str = "{service}";
/// A long table shows that something is going on.
const TELL_EVERY: Duration = Duration::from_secs(5);

#[derive(clap::Args)]
pub(crate) struct Databases {
    /// A service's database, sqlite:data/users.db, or those of all four, sqlite:data/{service}.db
    #[arg(long, value_name = "URL")]
    from: String,
    /// An empty database, postgres://causerie@host/users, or one for each, postgres://causerie@host/{service}
    #[arg(long, value_name = "URL")]
    to: String,
}

/// Each with its tables, in the order in which they know of each other.
fn services() -> [(ServiceName, Migrations); 4] {
    [
        (user_service::UserService::NAME, user_service::store::migrations()),
        (channel_service::ChannelService::NAME, channel_service::migrations()),
        (message_service::MessageService::NAME, message_service::store::migrations()),
        (log_service::LogService::NAME, log_service::store::migrations()),
    ]
}

impl Databases {
    pub(crate) async fn copy(self) -> anyhow::Result<()> {
        let mut copies = Vec::new();
        // All are claimed before the first goes: they are of one moment.
        for (name, from, to) in self.pairs()? {
            let copy = Copy::open(&from, &to, services()).await?;
            ensure!(name.is_none_or(|name| name == copy.name), "{from} is the database of {}", copy.name);
            copies.push((from, to, copy));
        }
        for (from, to, copy) in copies {
            print(format_args!("{}: {from} to {to}\n", copy.name));
            let compared =
                copy.run(teller()).await.with_context(|| format!("{} is not copied", copy.name))?;
            show(&compared);
            copy.close().await;
        }
        Ok(())
    }

    fn pairs(&self) -> anyhow::Result<Vec<(Option<ServiceName>, SecretUrl, SecretUrl)>> {
        let all = self.from.contains(SERVICE);
        ensure!(
            all == self.to.contains(SERVICE),
            "{SERVICE} stands for each service: say it in both addresses or in none"
        );
        if !all {
            return Ok(vec![(None, self.from.clone().into(), self.to.clone().into())]);
        }
        let of = |url: &str, name: ServiceName| SecretUrl::from(url.replace(SERVICE, name.as_str()));
        let pair = |(name, _)| (Some(name), of(&self.from, name), of(&self.to, name));
        Ok(services().map(pair).into())
    }
}

fn teller() -> impl FnMut(&str, u64) {
    let mut last = Instant::now();
    move |table, rows| {
        if last.elapsed() >= TELL_EVERY {
            last = Instant::now();
            eprintln!("  {table}: {rows} rows so far");
        }
    }
}

fn show(compared: &[Compared]) {
    for Compared { table, rows, checksum } in compared {
        print(format_args!("  {table:<16} {rows:>10} rows  {checksum:032x}\n"));
    }
    print(format_args!("  the same on both sides\n"));
}
