mod hosts;
mod machines;
mod plan;
mod replicas;
mod servers;
mod shell;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt,
    net::{IpAddr, SocketAddr, UdpSocket},
    path::{Path, PathBuf},
    process::ExitStatus,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use api::auth::ServiceName;
use kit::{auth::Signer, clock::Clock, secrets::Keys};
use tempfile::TempDir;

pub use self::{machines::Machine, plan::Plan};
use self::{
    machines::Servers,
    replicas::Replicas,
    servers::{Place, Server},
};
use crate::{
    clock::{WITHIN, until},
    doors::Doors,
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

/// One of the processes of a town: a service's first, second … In a town of one process any stands for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    pub service: ServiceName,
    pub number: usize,
}

impl From<ServiceName> for Part {
    fn from(service: ServiceName) -> Self {
        Self { service, number: 0 }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            0 => self.service.fmt(f),
            number => write!(f, "{}-{}", self.service, number + 1),
        }
    }
}

/// A running network: processes of the real program, with ports and a folder of its own. All of it ends when it is dropped.
pub struct Town {
    // Dropped in this order: processes end before their folder and databases go.
    processes: Mutex<Vec<Process>>,
    servers: Mutex<Servers>,
    home: TempDir,
    databases: Option<Databases>,
    replicas: Replicas,
    ports: BTreeMap<ServiceName, u16>,
    chat: u16,
    irc: u16,
    /// Those who come are shared out among the gateways.
    turn: AtomicUsize,
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

    /// Three gateways and two of each service, on PostgreSQL and NATS.
    pub async fn scaled() -> Self {
        Plan::scaled().start().await
    }

    async fn build(plan: Plan) -> Self {
        let home = tempfile::Builder::new().prefix("causerie-e2e-").tempdir().expect("a folder can be made");
        let ports = ServiceName::ALL.into_iter().map(|name| (name, kit::testing::port())).collect();
        let (chat, irc) = (kit::testing::port(), kit::testing::port());
        let replicas = plan.replicas.clone();
        let mut town = Self {
            processes: Mutex::default(),
            servers: Mutex::default(),
            home,
            databases: None,
            replicas,
            ports,
            chat,
            irc,
            turn: AtomicUsize::new(0),
        };
        if plan.own_servers {
            town.brings_servers().await;
        }
        if plan.postgres {
            let own = town.servers().get(&Machine::Database).map(|own| own.at);
            town.databases = Some(match own {
                Some(own) => Databases::create_at(&machines::superuser(own)).await,
                None => Databases::create().await,
            });
        }
        if town.replicas.are_many() {
            let file = town.replicas.hosts_file();
            std::fs::write(town.hosts(), file).expect("the folder can be written to");
        }
        let parts = town.replicas.parts();
        *town.processes() = if plan.five {
            parts.into_iter().map(|part| town.process(&plan, part, false)).collect()
        } else {
            vec![town.process(&plan, ServiceName::Gateway.into(), true)]
        };
        town
    }

    /// `alone`: it runs every service.
    fn process(&self, plan: &Plan, part: Part, alone: bool) -> Process {
        let mut arguments: Vec<OsString> = vec!["--data".into(), self.data().into()];
        let mut set = |setting: String| arguments.extend(["--set".into(), OsString::from(setting)]);
        let own = self.replicas.address(Machine::Part(part));
        let host = if plan.open { IpAddr::from([0, 0, 0, 0]) } else { own };
        set(format!("gateway.lines={host}:{}", self.chat));
        set(format!("gateway.irc={host}:{}", self.irc));
        for listener in ["lines_tls", "irc_tls"] {
            set(format!("gateway.{listener}={host}:0"));
        }
        for (&name, port) in &self.ports {
            set(format!("{name}.listen={own}:{port}"));
            if name == ServiceName::Gateway {
                continue;
            }
            set(format!("urls.{name}=http://{}:{port}", self.replicas.host(name)));
            if let Some(databases) = &self.databases {
                set(format!("{name}.database={}", databases.url(name.as_str())));
            }
        }
        if self.replicas.are_many() {
            set("bus.kind=nats".to_owned());
            let own = self.servers().get(&Machine::Bus).map(|own| format!("nats://{}", own.at));
            set(format!("bus.nats_url={}", own.unwrap_or_else(nats)));
            // The server is shared with other towns.
            set(format!("bus.nats_prefix=town-{}", self.chat));
        }
        for (only, setting) in &plan.settings {
            if only.is_none_or(|only| !alone && only == part.service) {
                set(setting.clone());
            }
        }
        let mut process = Process::new((!alone).then_some(part), arguments, self.home.path());
        process.is(plan.binary.clone());
        if !self.replicas.are_many() {
            return process;
        }
        process.with_hosts(self.hosts(), self.replicas.namespace(Machine::Part(part)))
    }

    async fn brings_servers(&self) {
        let place = |machine| Place {
            home: self.home.path(),
            address: self.replicas.address(machine),
            namespace: self.replicas.namespace(machine),
        };
        let mut servers = Servers::new();
        servers.insert(Machine::Database, Server::postgres(&place(Machine::Database)));
        servers.insert(Machine::Bus, Server::nats(&place(Machine::Bus)));
        servers.values_mut().for_each(Server::start);
        *self.servers() = servers;
        self.servers_serve().await;
    }

    fn servers(&self) -> MutexGuard<'_, Servers> {
        self.servers.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn hosts(&self) -> PathBuf {
        self.home.path().join("hosts")
    }

    /// Somebody new at a terminal, greeted. With several gateways the next is at the next of them.
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

    /// Where IRC is spoken: at each call by the next gateway.
    pub fn irc_address(&self) -> SocketAddr {
        SocketAddr::new(self.next_gateway(), self.irc)
    }

    /// All gateways of IRC.
    pub fn irc_addresses(&self) -> Vec<SocketAddr> {
        self.gateways().map(|address| SocketAddr::new(address, self.irc)).collect()
    }

    /// Where it is reached.
    pub fn doors(&self) -> Doors {
        Doors { lines: self.chat_addresses(), irc: self.irc_addresses(), rest: self.rest() }
    }

    /// A program without a token.
    pub fn rest(&self) -> Rest {
        Rest::new(self.ports.keys().map(|&name| (name, self.urls(name))).collect())
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

    /// Where the line protocol is spoken: at each call by the next gateway.
    pub fn chat_address(&self) -> SocketAddr {
        SocketAddr::new(self.next_gateway(), self.chat)
    }

    /// All gateways of the line protocol.
    pub fn chat_addresses(&self) -> Vec<SocketAddr> {
        self.gateways().map(|address| SocketAddr::new(address, self.chat)).collect()
    }

    fn gateways(&self) -> impl Iterator<Item = IpAddr> {
        (0..self.replicas.of(ServiceName::Gateway)).map(|number| self.gateway(number))
    }

    fn next_gateway(&self) -> IpAddr {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        self.gateway(turn % self.replicas.of(ServiceName::Gateway))
    }

    fn gateway(&self, number: usize) -> IpAddr {
        self.replicas.address(Machine::Part(Part { service: ServiceName::Gateway, number }))
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

    /// `http://127.0.0.1:<port>` of a process.
    pub fn url(&self, part: impl Into<Part>) -> String {
        let part = part.into();
        format!("http://{}:{}", self.replicas.address(Machine::Part(part)), self.ports[&part.service])
    }

    /// Those of all replicas of a service.
    fn urls(&self, service: ServiceName) -> Vec<String> {
        (0..self.replicas.of(service)).map(|number| self.url(Part { service, number })).collect()
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

    /// Those of its processes that can be killed: one replica of a service each, or any one that stands for all.
    pub fn parts(&self) -> Vec<Part> {
        if self.is_one_process() { vec![ServiceName::Gateway.into()] } else { self.replicas.parts() }
    }

    pub fn is_one_process(&self) -> bool {
        self.processes().len() == 1
    }

    /// `kill -9` of a process; it is gone when this returns.
    pub fn kill9(&self, part: impl Into<Part>) {
        self.with(part, Process::kill9);
    }

    /// Starts a process and waits until it is ready.
    ///
    /// # Panics
    /// If it does not get ready.
    pub async fn start(&self, part: impl Into<Part>) {
        self.start_without_waiting(part);
        self.ready().await;
    }

    pub fn start_without_waiting(&self, part: impl Into<Part>) {
        self.with(part, Process::start);
    }

    /// From its next start a process is the program under test, whatever it was.
    pub fn upgrades(&self, part: impl Into<Part>) {
        self.with(part, |process| process.is(None));
    }

    /// SIGTERM to a process: how it ended and how long that took.
    ///
    /// # Panics
    /// If it does not end.
    pub async fn terminate(&self, part: impl Into<Part>) -> (ExitStatus, Duration) {
        let part = part.into();
        // Taken out so that no lock is held while it ends.
        let (at, mut process) = {
            let mut processes = self.processes();
            let at = index_of(&processes, part);
            (at, processes.remove(at))
        };
        let ended = process.terminate(STOPS_WITHIN).await;
        self.processes().insert(at, process);
        ended.unwrap_or_else(|| panic!("{part} did not end within {STOPS_WITHIN:?} of SIGTERM"))
    }

    /// The process stands still but its sockets stay open, as on a machine that hangs.
    pub fn freeze(&self, part: impl Into<Part>) {
        self.with(part, |process| process.signal("STOP"));
    }

    pub fn thaw(&self, part: impl Into<Part>) {
        self.with(part, |process| process.signal("CONT"));
    }

    /// The process id of what runs a service.
    pub fn process_id(&self, part: impl Into<Part>) -> Option<u32> {
        self.with(part, |process| process.id())
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
        self.servers_serve().await;
        for part in self.replicas.parts() {
            if !self.with(part, |process| process.is_running()) {
                continue;
            }
            let rest = Rest::new(BTreeMap::from([(part.service, vec![self.url(part)])]));
            until(&format!("{part} is ready"), READY_WITHIN, async || {
                if let Some(status) = self.with(part, Process::has_ended) {
                    panic!(
                        "{part} ended with {status}\n{}",
                        self.with(part, |process| process.last_printed())
                    );
                }
                let answer = rest.try_send(rest.request(reqwest::Method::GET, part.service, "/readyz")).await;
                answer.ok().filter(|answer| answer.status == 200).map(drop)
            })
            .await;
        }
    }

    /// All that the process of a service has printed.
    pub fn printed(&self, part: impl Into<Part>) -> String {
        self.with(part, |process| process.printed())
    }

    /// The end of what each process has printed: where to look first when a story failed.
    pub fn last_printed(&self) -> String {
        self.processes().iter().map(Process::last_printed).collect()
    }

    fn processes(&self) -> MutexGuard<'_, Vec<Process>> {
        // A story that failed while it held them does not hide the others' failures.
        self.processes.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn with<T>(&self, part: impl Into<Part>, act: impl FnOnce(&mut Process) -> T) -> T {
        let mut processes = self.processes();
        let at = index_of(&processes, part.into());
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

/// The NATS of the tests.
fn nats() -> String {
    std::env::var("CAUSERIE_TEST_NATS")
        .unwrap_or_else(|_| panic!("CAUSERIE_TEST_NATS names no NATS server; `cargo xtask test` starts one"))
}

/// In one process every service is the same one.
fn index_of(processes: &[Process], part: Part) -> usize {
    if processes.len() == 1 {
        return 0;
    }
    let found = processes.iter().position(|process| process.part() == Some(part));
    found.unwrap_or_else(|| panic!("{part} is being stopped"))
}
