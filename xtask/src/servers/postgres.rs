//! A PostgreSQL cluster in a temporary folder.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::{on_a_free_port, on_path, we_are_root};
use crate::output;

/// Debian's account for PostgreSQL, which refuses to run as root.
const ACCOUNT: &str = "postgres";

/// Tests run in parallel and each opens a pool of its own.
const MAX_CONNECTIONS: u32 = 300;

pub(crate) struct Postgres {
    port: u16,
    folder: TempDir,
    pg_ctl: PathBuf,
    as_root: bool,
}

/// The folder with `initdb` and `pg_ctl`, the newest version if there are several.
pub(super) fn programs() -> Option<PathBuf> {
    let debians = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = debians
        .filter_map(|entry| {
            Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin")))
        })
        .filter(|(_, folder)| folder.join("initdb").is_file())
        .max();
    let on_path = || Some(on_path("initdb")?.parent()?.to_owned());
    on_path().or(newest.map(|(_, folder)| folder))
}

impl Postgres {
    pub(super) fn start() -> Result<Self> {
        let programs = programs().context("initdb was not found")?;
        let as_root = we_are_root()?;
        let folder = tempfile::Builder::new().prefix("causerie-postgres-").tempdir()?;
        let data = folder.path().join("data");
        if as_root {
            // The account must get through to a folder of its own inside ours.
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
            output(Command::new("install").args(["-d", "-m", "700", "-o", ACCOUNT]).arg(&data))
                .context("PostgreSQL does not run as root, and there is no account `postgres` to run it")?;
        }
        let at = |program: &str| command(&programs.join(program), folder.path(), as_root);
        output(
            // The character type decides what the full-text search takes for a letter.
            at("initdb")
                .args([
                    "--auth=trust",
                    "--username=postgres",
                    "--encoding=UTF8",
                    "--locale=C.UTF-8",
                    "--no-sync",
                    "-D",
                ])
                .arg(&data),
        )?;
        let log = data.join("server.log");
        let port = on_a_free_port(|port| {
            // Nothing here outlives the run, so nothing waits for the disk.
            let options = format!(
                "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections={MAX_CONNECTIONS} \
                 -c fsync=off -c full_page_writes=off"
            );
            let mut start = at("pg_ctl");
            start.args(["--wait", "-o", &options, "-l"]).arg(&log).arg("-D").arg(&data).arg("start");
            // The server inherits them: a pipe would stay open for as long as it runs.
            start.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            crate::done(&mut start).with_context(|| fs::read_to_string(&log).unwrap_or_default())?;
            Ok(port)
        })?;
        Ok(Self { port, folder, pg_ctl: programs.join("pg_ctl"), as_root })
    }

    pub(super) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let mut stop = command(&self.pg_ctl, self.folder.path(), self.as_root);
        stop.args(["--wait", "--mode=immediate", "-D"]).arg(self.folder.path().join("data")).arg("stop");
        if let Err(error) = output(&mut stop) {
            eprintln!("xtask: PostgreSQL may still be running: {error:#}");
        }
    }
}

fn command(program: &Path, folder: &Path, as_root: bool) -> Command {
    let mut command = if as_root {
        let mut command = Command::new("runuser");
        command.args(["-u", ACCOUNT, "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    // The account may not enter the folder that the task was started in, and Ctrl-C must not keep the server from
    // being stopped.
    command.current_dir(folder).process_group(0);
    command
}
