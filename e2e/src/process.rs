use std::{
    ffi::OsString,
    fs::OpenOptions,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use crate::{ENDS_WITH_STDIN, town::Part};

/// One process of a town, running or not, and how it is started.
pub(crate) struct Process {
    /// None: it is every service.
    part: Option<Part>,
    arguments: Vec<OsString>,
    /// Instead of the program under test.
    binary: Option<PathBuf>,
    home: PathBuf,
    /// Names that only this town knows.
    hosts: Option<PathBuf>,
    /// The network namespace that is its machine.
    namespace: Option<String>,
    child: Option<Child>,
}

impl Process {
    pub(crate) fn new(part: Option<Part>, arguments: Vec<OsString>, home: &Path) -> Self {
        Self { part, arguments, binary: None, home: home.into(), hosts: None, namespace: None, child: None }
    }

    /// As a name server would, a file like `/etc/hosts` says what names stand for.
    pub(crate) fn with_hosts(mut self, hosts: PathBuf, namespace: Option<String>) -> Self {
        (self.hosts, self.namespace) = (Some(hosts), namespace);
        self
    }

    pub(crate) fn is(&mut self, binary: Option<PathBuf>) {
        self.binary = binary;
    }

    pub(crate) fn part(&self) -> Option<Part> {
        self.part
    }

    fn name(&self) -> String {
        self.part.map_or_else(|| "causerie".to_owned(), |part| part.to_string())
    }

    /// The program with this town's settings and `subcommand`.
    pub(crate) fn command(&self, subcommand: &[&str]) -> Command {
        let binary = self.binary.clone().unwrap_or_else(binary);
        let mut command = match &self.namespace {
            None => Command::new(binary),
            Some(name) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", name]).arg(binary);
                command
            }
        };
        for (name, _) in std::env::vars_os() {
            // A developer's own settings are no town's.
            if name.to_string_lossy().starts_with("CAUSERIE_") {
                command.env_remove(name);
            }
        }
        // Finding the names for one in a debug build takes seconds, in which the one who asked gives up.
        command.env("RUST_BACKTRACE", "0");
        if let Some(hosts) = &self.hosts {
            command.env("LD_PRELOAD", "libnss_wrapper.so").env("NSS_WRAPPER_HOSTS", hosts);
        }
        command.args(&self.arguments).args(subcommand).current_dir(&self.home);
        command
    }

    pub(crate) fn start(&mut self) {
        assert!(self.child.is_none(), "{} runs already", self.name());
        let log =
            OpenOptions::new().create(true).append(true).open(self.log()).expect("a log can be written");
        let copy = log.try_clone().expect("a file can be opened twice");
        let subcommand: Vec<_> = self.part.map(|part| part.service.as_str()).into_iter().collect();
        let mut command = self.command(&subcommand);
        command.env(ENDS_WITH_STDIN, &self.home).stdin(Stdio::piped()).stdout(copy).stderr(log);
        self.child = Some(command.spawn().unwrap_or_else(|error| panic!("{}: {error}", binary().display())));
    }

    pub(crate) fn id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    pub(crate) fn is_running(&self) -> bool {
        self.child.is_some()
    }

    /// Its end, if it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.as_mut()?.try_wait().ok().flatten()
    }

    /// `kill -9`, and gone when this returns.
    pub(crate) fn kill9(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// SIGTERM, and how it ended; `None` if it had to be killed after `within`.
    pub(crate) async fn terminate(&mut self, within: Duration) -> Option<(ExitStatus, Duration)> {
        self.signal("TERM");
        let told = Instant::now();
        while told.elapsed() < within {
            if let Some(status) = self.has_ended() {
                self.child = None;
                return Some((status, told.elapsed()));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.kill9();
        None
    }

    /// Sends a signal by its name (`TERM`, `STOP`, `CONT`).
    pub(crate) fn signal(&self, name: &str) {
        let Some(id) = self.id() else { panic!("{} does not run", self.name()) };
        // The shell's own kill: a bare Debian has no other, and calling the system's needs unsafe code.
        let done =
            Command::new("sh").args(["-c", "kill -s \"$0\" \"$1\"", name]).arg(id.to_string()).status();
        assert!(done.is_ok_and(|status| status.success()), "kill -s {name} {id}");
    }

    fn log(&self) -> PathBuf {
        self.home.join(format!("{}.log", self.name()))
    }

    /// All that it has printed.
    pub(crate) fn printed(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    /// The end of what it has printed.
    pub(crate) fn last_printed(&self) -> String {
        /// What fits a screen or two.
        const BYTES: u64 = 8 * 1024;
        let mut text = Vec::new();
        if let Ok(mut file) = std::fs::File::open(self.log()) {
            let length = file.metadata().map_or(0, |meta| meta.len());
            let _ = file.seek(SeekFrom::Start(length.saturating_sub(BYTES)));
            let _ = file.read_to_end(&mut text);
        }
        format!("--- {} printed\n{}", self.name(), String::from_utf8_lossy(&text))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill9();
    }
}

/// Cargo builds it beside the tests; `CAUSERIE_TEST_BINARY` names another, such as a release build.
pub fn binary() -> PathBuf {
    if let Some(binary) = std::env::var_os("CAUSERIE_TEST_BINARY") {
        return binary.into();
    }
    let test = std::env::current_exe().expect("a test knows where it is");
    let folder = test.ancestors().nth(2).expect("tests are in <target>/<profile>/deps");
    folder.join(format!("causerie-under-test{}", std::env::consts::EXE_SUFFIX))
}
