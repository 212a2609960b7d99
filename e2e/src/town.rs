mod plan;
mod shell;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    net::{IpAddr, SocketAddr, UdpSocket},
    path::{Path, PathBuf},
    process::ExitStatus,
    sync::Arc,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use api::auth::ServiceName;
use kit::{auth::Signer, clock::Clock, secrets::Keys};
use tempfile::TempDir;

pub use self::plan::Plan;
use crate::{
    clock::{WITHIN, until},
    irc::Irc,
    line::Line,
    postgres::Databases,
    process::Process,
    rest::Rest,
};

/// From the start of a process until it is ready: migrations and five debug builds on two busy cores.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// A process told to stop must have ended by then.
const STOPS_WITHIN: Duration = Duration::from_secs(15);

/// What can be made to happen to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Panic,
    /// It gets no answer and nothing is done.
    Hang,
    /// It is done, but gets no answer.
    LoseAnswer,
}

/// A running network: processes of the real program, with ports and a folder of its own. All of it ends when it is dropped.
pub struct Town {
    // Dropped in this order: processes end before their folder and databases go.
    processes: Mutex<Vec<Process>>,
    home: TempDir,
    databases: Option<Databases>,
    ports: BTreeMap<ServiceName, u16>,
    chat: u16,
    irc: u16,
}

impl Town {
    /// Every service in one process, on SQLite.
    pub async fn one_process() -> Self {
        Plan::one_process().start().await
    }

    /// Five processes, on SQLite.
    pub async fn five_processes() -> Self {
        Plan::five_processes().start().await
    }

    /// Five processes, on PostgreSQL.
    pub async fn five_processes_on_postgres() -> Self {
        Plan::five_processes().on_postgres().start().await
    }

    async fn build(plan: Plan) -> Self {
        let home = tempfile::Builder::new().prefix("causerie-e2e-").tempdir().expect("a folder can be made");
        let databases = if plan.postgres { Some(Databases::create().await) } else { None };
        let ports: BTreeMap<_, _> =
            ServiceName::ALL.into_iter().map(|name| (name, kit::testing::port())).collect();
        let (chat, irc) = (kit::testing::port(), kit::testing::port());

        let mut arguments: Vec<OsString> = vec!["--data".into(), home.path().join("data").into()];
        let mut set = |setting: String| arguments.extend(["--set".into(), OsString::from(setting)]);
        let host = if plan.open { "0.0.0.0" } else { "127.0.0.1" };
        set(format!("gateway.lines={host}:{chat}"));
        set(format!("gateway.irc={host}:{irc}"));
        for listener in ["lines_tls", "irc_tls"] {
            set(format!("gateway.{listener}={host}:0"));
        }
        for (name, port) in &ports {
            match name {
                ServiceName::Gateway => set(format!("gateway.listen=127.0.0.1:{port}")),
                name => {
                    set(format!("{name}.listen=127.0.0.1:{port}"));
                    set(format!("urls.{name}=http://127.0.0.1:{port}"));
                    if let Some(databases) = &databases {
                        set(format!("{name}.database={}", databases.url(name.as_str())));
                    }
                }
            }
        }
        let process = |service: Option<ServiceName>| {
            let mut arguments = arguments.clone();
            for (only, setting) in &plan.settings {
                if only.is_none() || *only == service {
                    arguments.extend(["--set".into(), OsString::from(setting)]);
                }
            }
            Process::new(service.map(ServiceName::as_str), arguments, home.path())
        };
        let processes = if plan.five {
            ServiceName::ALL.map(|name| process(Some(name))).into()
        } else {
            vec![process(None)]
        };
        Self { processes: Mutex::new(processes), home, databases, ports, chat, irc }
    }

    /// Somebody new at a terminal, greeted.
    pub async fn line(&self) -> Line {
        Line::connect(self.chat_address()).await
    }

    /// Somebody new at a terminal with that nick.
    pub async fn person(&self, nick: &str) -> Line {
        let mut line = self.line().await.called(nick);
        line.asks(&format!("/nick {nick}")).await.is(&format!("200 nick {nick}"));
        line
    }

    /// Somebody new in an IRC client, with that nick.
    pub async fn irc(&self, nick: &str) -> Irc {
        Irc::enter(self.irc_address(), nick).await
    }

    /// The same for those who have not said yet who they are.
    pub async fn irc_stranger(&self) -> Irc {
        Irc::connect(self.irc_address()).await
    }

    pub fn irc_address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.irc))
    }

    /// A program without a token.
    pub fn rest(&self) -> Rest {
        Rest::new(self.ports.keys().map(|&name| (name, self.url(name))).collect())
    }

    /// A program that is one of the services, for a minute.
    ///
    /// # Panics
    /// If the town has no keys.
    pub fn as_service(&self, name: ServiceName) -> Rest {
        let keys = Keys::open(&self.data().join("secrets"), name).expect("the town has its keys");
        let bearer = Signer::new(Arc::new(keys), Clock::system()).bearer();
        let token = bearer.to_str().ok().and_then(|text| text.strip_prefix("Bearer "));
        self.rest().with_token(token.expect("a bearer token is text"))
    }

    pub fn chat_address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.chat))
    }

    /// An address of a town that is [`Plan::open_to_all`] by which it is reached as if from another machine.
    ///
    /// # Panics
    /// If this machine has no network.
    pub fn chat_address_from_outside(&self) -> SocketAddr {
        SocketAddr::new(outside(), self.chat)
    }

    /// The same for IRC clients.
    ///
    /// # Panics
    /// If this machine has no network.
    pub fn irc_address_from_outside(&self) -> SocketAddr {
        SocketAddr::new(outside(), self.irc)
    }

    /// `http://127.0.0.1:<port>`
    pub fn url(&self, name: ServiceName) -> String {
        format!("http://127.0.0.1:{}", self.ports[&name])
    }

    /// Where databases and secrets are.
    pub fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// The folder that holds everything of this town.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The database of a service, as its setting names it.
    pub fn database(&self, name: ServiceName) -> String {
        match &self.databases {
            Some(databases) => databases.url(name.as_str()),
            None => format!("sqlite:{}", self.data().join(format!("{name}.db")).display()),
        }
    }

    /// The next request of a service whose path begins so meets a fault.
    ///
    /// # Panics
    /// If the town is not [`Plan::with_faults`].
    pub async fn arms(&self, name: ServiceName, path: &str, fault: Fault) {
        let (fault, after) = match fault {
            Fault::Panic => ("panic", false),
            Fault::Hang => ("hang", false),
            Fault::LoseAnswer => ("hang", true),
        };
        let armed = serde_json::json!({ "path": path, "fault": fault, "after": after });
        // A service at its limit sheds this request like any other; it will have room again.
        until("a fault is armed", WITHIN, async || {
            let answer = self.rest().post(name, "/v1/test/faults", &armed).await;
            if answer.status == 503 {
                return None;
            }
            answer.is(204);
            Some(())
        })
        .await;
    }

    /// Those of its processes that can be killed: one service each, or any one that stands for all.
    pub fn parts(&self) -> Vec<ServiceName> {
        if self.is_one_process() { vec![ServiceName::Gateway] } else { ServiceName::ALL.into() }
    }

    pub fn is_one_process(&self) -> bool {
        self.processes().len() == 1
    }

    /// `kill -9` of the process that runs a service; it is gone when this returns.
    pub fn kill9(&self, name: ServiceName) {
        self.with(name, Process::kill9);
    }

    /// Starts the process that runs a service and waits until it is ready.
    ///
    /// # Panics
    /// If it does not get ready.
    pub async fn start(&self, name: ServiceName) {
        self.start_without_waiting(name);
        self.ready().await;
    }

    pub fn start_without_waiting(&self, name: ServiceName) {
        self.with(name, Process::start);
    }

    /// SIGTERM to the process that runs a service: how it ended and how long that took.
    ///
    /// # Panics
    /// If it does not end.
    pub async fn terminate(&self, name: ServiceName) -> (ExitStatus, Duration) {
        // Taken out so that no lock is held while it ends.
        let (at, mut process) = {
            let mut processes = self.processes();
            let at = index_of(&processes, name);
            (at, processes.remove(at))
        };
        let ended = process.terminate(STOPS_WITHIN).await;
        self.processes().insert(at, process);
        ended.unwrap_or_else(|| panic!("{name} did not end within {STOPS_WITHIN:?} of SIGTERM"))
    }

    /// The process stands still but its sockets stay open, as on a machine that hangs.
    pub fn freeze(&self, name: ServiceName) {
        self.with(name, |process| process.signal("STOP"));
    }

    pub fn thaw(&self, name: ServiceName) {
        self.with(name, |process| process.signal("CONT"));
    }

    /// The process id of what runs a service.
    pub fn process_id(&self, name: ServiceName) -> Option<u32> {
        self.with(name, |process| process.id())
    }

    /// Everything is killed and started again.
    pub async fn restart_all(&self) {
        for process in self.processes().iter_mut() {
            process.kill9();
        }
        for process in self.processes().iter_mut() {
            process.start();
        }
        self.ready().await;
    }

    /// Waits until every service whose process runs says that it is ready.
    ///
    /// # Panics
    /// If one does not.
    pub async fn ready(&self) {
        let rest = self.rest();
        for name in ServiceName::ALL {
            if !self.with(name, |process| process.is_running()) {
                continue;
            }
            until(&format!("{name} is ready"), READY_WITHIN, async || {
                if let Some(status) = self.with(name, Process::has_ended) {
                    panic!(
                        "{name} ended with {status}\n{}",
                        self.with(name, |process| process.last_printed())
                    );
                }
                let answer = rest.try_send(rest.request(reqwest::Method::GET, name, "/readyz")).await;
                answer.ok().filter(|answer| answer.status == 200).map(drop)
            })
            .await;
        }
    }

    /// All that the process of a service has printed.
    pub fn printed(&self, name: ServiceName) -> String {
        self.with(name, |process| process.printed())
    }

    /// The end of what each process has printed: where to look first when a story failed.
    pub fn last_printed(&self) -> String {
        self.processes().iter().map(Process::last_printed).collect()
    }

    fn processes(&self) -> MutexGuard<'_, Vec<Process>> {
        // A story that failed while it held them does not hide the others' failures.
        self.processes.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn with<T>(&self, name: ServiceName, act: impl FnOnce(&mut Process) -> T) -> T {
        let mut processes = self.processes();
        let at = index_of(&processes, name);
        act(&mut processes[at])
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.last_printed());
        }
    }
}

/// An address of this machine beyond loopback.
fn outside() -> IpAddr {
    // Nothing is sent: connecting makes the system choose the address that it would send from (RFC 5737's is nobody's).
    let socket = UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        socket.connect("192.0.2.1:9")?;
        socket.local_addr()
    });
    socket.expect("this machine has an address beyond loopback").ip()
}

/// In one process every service is the same one.
fn index_of(processes: &[Process], name: ServiceName) -> usize {
    if processes.len() == 1 {
        return 0;
    }
    let found = processes.iter().position(|process| process.name() == name.as_str());
    found.unwrap_or_else(|| panic!("{name} is being stopped"))
}
