//! The servers that tests talk to: found through the environment, or started for one run and thrown away.
//! A server that cannot be had is an error: a test that was skipped has shown nothing.

mod nats;
mod postgres;

use std::env;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::{done, output};
use nats::Nats;
use postgres::Postgres;

/// URL of a superuser: every test makes a database of its own.
const POSTGRES: &str = "CAUSERIE_TEST_POSTGRES";
const NATS: &str = "CAUSERIE_TEST_NATS";

/// Stops on drop what it started.
pub(crate) struct Servers {
    postgres: Server<Postgres>,
    nats: Server<Nats>,
}

enum Server<S> {
    /// Somebody else's, at this URL.
    Given(String),
    Ours(S),
}

impl Servers {
    pub(crate) fn start() -> Result<Self> {
        let (postgres, nats) = (given(POSTGRES), given(NATS));
        let mut missing = Vec::new();
        if postgres.is_none() && postgres::programs().is_none() {
            missing.push("postgresql");
        }
        if nats.is_none() && nats::program().is_none() {
            missing.push("nats-server");
        }
        // No servers: a test cuts connections off with the first, others drive the clients, and the last two back databases up.
        let tools = [
            ("ip", "iproute2"),
            ("tmux", "tmux"),
            ("irssi", "irssi"),
            ("weechat", "weechat-curses"),
            ("sqlite3", "sqlite3"),
            ("pg_dump", "postgresql-client"),
        ];
        let tools = tools.iter().filter(|(program, _)| *program != "ip" || cfg!(target_os = "linux"));
        missing.extend(tools.filter(|(program, _)| on_path(program).is_none()).map(|(_, package)| *package));
        if cfg!(target_os = "linux") && !has_names_of_towns() {
            missing.push("libnss-wrapper");
        }
        install(&missing)?;
        Ok(Self {
            postgres: match postgres {
                Some(url) => Server::Given(url),
                None => Server::Ours(Postgres::start()?),
            },
            nats: match nats {
                Some(url) => Server::Given(url),
                None => Server::Ours(Nats::start()?),
            },
        })
    }

    /// How the tests find them.
    pub(crate) fn variables(&self) -> [(&'static str, String); 2] {
        let postgres = match &self.postgres {
            Server::Given(url) => url.clone(),
            Server::Ours(server) => server.url(),
        };
        let nats = match &self.nats {
            Server::Given(url) => url.clone(),
            Server::Ours(server) => server.url(),
        };
        [(POSTGRES, postgres), (NATS, nats)]
    }
}

fn given(variable: &str) -> Option<String> {
    env::var(variable).ok().filter(|url| !url.is_empty())
}

/// Whether tests can give names several addresses without a name server: the system's linker finds the library that does it.
fn has_names_of_towns() -> bool {
    let warned = Command::new("true").env("LD_PRELOAD", "libnss_wrapper.so").output();
    warned.is_ok_and(|output| output.stderr.is_empty())
}

fn install(packages: &[&str]) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    if on_path("apt-get").is_none() || !we_are_root()? {
        bail!(
            "tests need {0}: install it (on Debian: sudo apt-get install {0}), or name running servers in {POSTGRES} and {NATS}",
            packages.join(" ")
        );
    }
    eprintln!("xtask: installing {}", packages.join(" "));
    done(apt_get().args(["-qq", "update"]))?;
    done(apt_get().args(["-qq", "install", "-y", "--no-install-recommends"]).args(packages))
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn we_are_root() -> Result<bool> {
    Ok(output(Command::new("id").arg("-u"))?.trim() == "0")
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    // Debian keeps daemons where only root's PATH looks.
    let folders = env::split_paths(&path).chain(["/usr/local/sbin".into(), "/usr/sbin".into()]);
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// A port nobody listens on. Somebody may take it before the server does: then the server does not start, which is
/// tried again with another port.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Ports tried before believing that it is not the port that keeps a server from starting.
const PORTS_TRIED: usize = 3;

fn on_a_free_port<S>(start: impl Fn(u16) -> Result<S>) -> Result<S> {
    let mut tried = 1;
    loop {
        match start(free_port()?) {
            Err(_) if tried < PORTS_TRIED => tried += 1,
            outcome => return outcome,
        }
    }
}
