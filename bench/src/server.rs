use std::{
    fs::File,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::Context as _;
use rand::RngExt as _;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, sleep},
};

const READY_WITHIN: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(10);
const SERVICES: [&str; 5] = ["users", "channels", "messages", "logs", "gateway"];

/// Everybody comes from one address and types as fast as the server answers: these limits are for people.
pub(crate) const RAISED: [&str; 11] = [
    "gateway.limits.commands_per_second=10000000",
    "gateway.limits.command_burst=10000000",
    "gateway.limits.connections_per_address=20000",
    "users.newcomers_from_address.burst=100000",
    "users.newcomers_from_address.every=1s",
    "channels.writes_of_person.burst=1000000",
    "channels.writes_of_person.every=1s",
    "messages.writes_of_person.burst=1000000",
    "messages.writes_of_person.every=1s",
    "log.level=warn",
    "network=Bench",
];

/// The server that is measured.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    watched: Vec<u32>,
    // Dropped in this order: the processes end before their folder goes.
    processes: Vec<Running>,
    _home: Option<TempDir>,
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Server {
    pub(crate) fn running(address: SocketAddr, watched: Vec<u32>) -> Self {
        Self { address, watched, processes: Vec::new(), _home: None }
    }

    /// The program on ports and in a folder of its own.
    pub(crate) async fn start(
        binary: Option<&Path>,
        disk: &Path,
        five: bool,
        set: &[String],
    ) -> anyhow::Result<Self> {
        let binary = match binary {
            Some(binary) => binary.to_owned(),
            None => beside()?,
        };
        let home = tempfile::Builder::new().prefix("causerie-bench-").tempdir_in(disk)?;
        let [lines, ports @ ..] = free_ports::<{ 1 + SERVICES.len() }>();
        let mut settings = vec![format!("gateway.lines=127.0.0.1:{lines}")];
        for listener in ["lines_tls", "irc", "irc_tls"] {
            settings.push(format!("gateway.{listener}=127.0.0.1:0"));
        }
        for (service, port) in SERVICES.into_iter().zip(ports) {
            settings.push(format!("{service}.listen=127.0.0.1:{port}"));
            if service != "gateway" {
                settings.push(format!("urls.{service}=http://127.0.0.1:{port}"));
            }
        }
        settings.extend(RAISED.iter().map(|&setting| setting.to_owned()));
        settings.extend(set.iter().cloned());
        let start = |service: Option<&str>| {
            let mut command = Command::new(&binary);
            command.arg("--data").arg(home.path().join("data"));
            for setting in &settings {
                command.args(["--set", setting]);
            }
            let log = File::create(home.path().join(format!("{}.log", service.unwrap_or("all"))))?;
            command.args(service).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
            command.spawn().with_context(|| {
                format!("cannot start {} (cargo build --release makes it)", binary.display())
            })
        };
        let services: Vec<Option<&str>> = if five { SERVICES.map(Some).into() } else { vec![None] };
        let mut processes = Vec::new();
        for service in services {
            processes.push(Running(start(service)?));
        }
        let mut server = Self {
            address: (Ipv4Addr::LOCALHOST, lines).into(),
            watched: Vec::new(),
            processes,
            _home: Some(home),
        };
        for port in ports {
            server.is_ready(port).await?;
        }
        Ok(server)
    }

    pub(crate) fn processes(&self) -> Vec<u32> {
        let own = self.processes.iter().map(|process| process.0.id());
        own.chain(self.watched.iter().copied()).collect()
    }

    async fn is_ready(&mut self, port: u16) -> anyhow::Result<()> {
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            if says_ready(port).await.unwrap_or(false) {
                return Ok(());
            }
            for process in &mut self.processes {
                if let Some(status) = process.0.try_wait()? {
                    anyhow::bail!("the server ended with {status}:\n{}", self.printed());
                }
            }
            anyhow::ensure!(Instant::now() < deadline, "the server is not ready within {READY_WITHIN:?}");
            sleep(LOOK_EVERY).await;
        }
    }

    fn printed(&self) -> String {
        let home = self._home.as_ref().and_then(|home| std::fs::read_dir(home.path()).ok());
        let files = home.into_iter().flatten().flatten();
        files.filter_map(|file| std::fs::read_to_string(file.path()).ok()).collect()
    }
}

async fn says_ready(port: u16) -> std::io::Result<bool> {
    let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    socket.write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await?;
    Ok(answer.starts_with(b"HTTP/1.1 200"))
}

/// Below the range that the system hands out by itself, so that nobody takes one before the server does.
fn free_ports<const N: usize>() -> [u16; N] {
    let any = std::iter::repeat_with(|| rand::rng().random_range(10_000..32_000));
    // Held until all are found: none is found twice.
    let mut free =
        any.filter_map(|port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok().zip(Some(port)));
    let held: [_; N] = std::array::from_fn(|_| free.next());
    held.map(|held| held.map_or(0, |(_, port)| port))
}

/// The server's program, where cargo puts both.
fn beside() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().context("a program is in a folder")?;
    Ok(folder.join(format!("causerie{}", std::env::consts::EXE_SUFFIX)))
}
