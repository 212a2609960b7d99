//! The PostgreSQL and the NATS of one town alone, which may be killed: those of the tests are everybody's.

use std::{
    ffi::OsString,
    fs::{self, File},
    net::{IpAddr, SocketAddr},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// Debian's account for PostgreSQL, which refuses to run as root.
const ACCOUNT: &str = "postgres";
/// All services' pools, and what the tests ask.
const MAX_CONNECTIONS: u32 = 300;

/// A server, running or not, and how it is started.
pub(crate) struct Server {
    command: Vec<OsString>,
    folder: PathBuf,
    name: &'static str,
    pub(super) at: SocketAddr,
    child: Option<Child>,
}

/// Where a server is to run.
pub(super) struct Place<'a> {
    pub(super) home: &'a Path,
    pub(super) address: IpAddr,
    /// The network namespace, if it is a machine of its own.
    pub(super) namespace: Option<String>,
}

impl Server {
    /// A cluster of its own, which writes to the disk as it does elsewhere.
    pub(super) fn postgres(place: &Place<'_>) -> Self {
        let folder = place.home.join("postgres");
        fs::create_dir(&folder).expect("the folder can be written to");
        let as_root =
            fs::metadata("/proc/self").is_ok_and(|it| std::os::unix::fs::MetadataExt::uid(&it) == 0);
        if as_root {
            // The account must get through to a folder of its own inside ours.
            fs::set_permissions(place.home, fs::Permissions::from_mode(0o755)).expect("it is ours");
            done(Command::new("chown").arg(ACCOUNT).arg(&folder));
        }
        let programs = newest_postgres();
        let as_account: &[&str] = if as_root {
            &["setpriv", "--reuid", ACCOUNT, "--regid", ACCOUNT, "--clear-groups"]
        } else {
            &[]
        };
        let as_account: Vec<OsString> = as_account.iter().map(OsString::from).collect();
        let mut init = as_account.clone();
        init.push(programs.join("initdb").into());
        let options =
            ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"];
        init.extend(options.map(OsString::from));
        init.extend(["-D".into(), folder.clone().into()]);
        done(Command::new(&init[0]).args(&init[1..]).current_dir(&folder));
        let hba = folder.join("pg_hba.conf");
        let rules = fs::read_to_string(&hba).expect("initdb has written it");
        fs::write(&hba, format!("{rules}\nhost all all 0.0.0.0/0 trust\n")).expect("it can be written");
        let at = SocketAddr::new(place.address, kit::testing::port());
        let mut command = in_namespace(place);
        command.extend(as_account);
        command.extend([programs.join("postgres").into(), "-D".into(), folder.clone().into(), "-p".into()]);
        command.push(at.port().to_string().into());
        for setting in [
            format!("listen_addresses={}", at.ip()),
            "unix_socket_directories=".to_owned(),
            format!("max_connections={MAX_CONNECTIONS}"),
        ] {
            command.extend(["-c".into(), setting.into()]);
        }
        Self { command, folder, name: "postgres", at, child: None }
    }

    pub(super) fn nats(place: &Place<'_>) -> Self {
        let at = SocketAddr::new(place.address, kit::testing::port());
        let mut command = in_namespace(place);
        let (ip, port) = (at.ip().to_string(), at.port().to_string());
        command.extend(["nats-server", "--addr", &ip, "--port", &port].map(OsString::from));
        Self { command, folder: place.home.to_owned(), name: "nats", at, child: None }
    }

    pub(super) fn start(&mut self) {
        assert!(self.child.is_none(), "{} runs already", self.name);
        let log =
            File::options().create(true).append(true).open(self.folder.join(format!("{}.log", self.name)));
        let log = log.expect("a log can be written");
        let copy = log.try_clone().expect("a file can be opened twice");
        let mut command = Command::new(&self.command[0]);
        command.args(&self.command[1..]).current_dir(&self.folder);
        command.stdin(Stdio::null()).stdout(copy).stderr(log);
        self.child = Some(command.spawn().unwrap_or_else(|error| panic!("{}: {error}", self.name)));
    }

    /// `kill -9` of it and of all that it has started, as when its machine loses power.
    pub(super) fn kill9(&mut self) {
        if let Some(child) = self.child.as_ref() {
            signal("KILL", &family(child.id()));
        }
        if let Some(mut child) = self.child.take() {
            let _ = child.wait();
        }
    }

    pub(super) fn signal(&self, name: &str) {
        let Some(child) = &self.child else { panic!("{} does not run", self.name) };
        signal(name, &family(child.id()));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill9();
    }
}

/// A process and its children.
fn family(id: u32) -> Vec<String> {
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
    std::iter::once(id.to_string()).chain(children.split_whitespace().map(str::to_owned)).collect()
}

fn signal(name: &str, ids: &[String]) {
    // One of them may have ended by itself.
    let _ = Command::new("sh")
        .args(["-c", "kill -s \"$0\" \"$@\"", name])
        .args(ids)
        .stderr(Stdio::null())
        .status();
}

fn in_namespace(place: &Place<'_>) -> Vec<OsString> {
    let namespace = place.namespace.as_deref();
    namespace.map_or_else(Vec::new, |name| ["ip", "netns", "exec", name].map(OsString::from).into())
}

fn newest_postgres() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| {
            Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin")))
        })
        .filter(|(_, folder)| folder.join("initdb").is_file())
        .max();
    newest.expect("PostgreSQL is installed; `cargo xtask test` sees to it").1
}

fn done(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
