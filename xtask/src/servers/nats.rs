//! A NATS server that keeps nothing.

use std::fs;
use std::io::Read;
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::{on_a_free_port, on_path};

const START_WITHIN: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(20);

pub(crate) struct Nats {
    port: u16,
    process: Child,
}

pub(super) fn program() -> Option<PathBuf> {
    on_path("nats-server")
}

impl Nats {
    pub(super) fn start() -> Result<Self> {
        let program = program().context("nats-server was not found")?;
        on_a_free_port(|port| {
            let log = tempfile::NamedTempFile::new()?;
            let mut command = Command::new(&program);
            command.args(["--addr", "127.0.0.1", "--port", &port.to_string()]);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log.reopen()?);
            // Ctrl-C is for us: the server goes last, after the tests that use it.
            command.process_group(0);
            let mut server = Self { port, process: command.spawn()? };
            server.wait().with_context(|| fs::read_to_string(log.path()).unwrap_or_default())?;
            Ok(server)
        })
    }

    /// Until the server greets.
    fn wait(&mut self) -> Result<()> {
        let deadline = Instant::now() + START_WITHIN;
        while Instant::now() < deadline {
            if let Some(status) = self.process.try_wait()? {
                bail!("nats-server ended with {status}");
            }
            if self.greets().is_ok() {
                return Ok(());
            }
            thread::sleep(LOOK_EVERY);
        }
        bail!("nats-server did not answer within {START_WITHIN:?}")
    }

    fn greets(&self) -> std::io::Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(START_WITHIN))?;
        let mut greeting = [0; 4];
        stream.read_exact(&mut greeting)?;
        if &greeting == b"INFO" { Ok(()) } else { Err(std::io::ErrorKind::InvalidData.into()) }
    }

    pub(super) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        // Either fails only for a server that has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
