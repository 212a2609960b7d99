//! Settings: defaults < TOML file < environment < flags, every wrong key or value refused with its full name.

mod check;
mod load;
mod period;
mod secret;
mod sources;
mod words;

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
};

use clap::Args;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use url::Url;

pub use self::{
    check::{above_zero, database},
    load::{ConfigError, Loader, Settings, load},
    period::Period,
    secret::{Secret, SecretUrl},
};

/// The sections a configuration file may hold; a process reads its own and skips the others.
pub const SECTIONS: [&str; 5] = ["gateway", "users", "channels", "messages", "logs"];

/// The flags every process understands.
#[derive(Debug, Clone, Default, Args)]
pub struct Flags {
    /// Configuration file (TOML); without it `causerie.toml` here, if there is one
    #[arg(long, global = true, value_name = "FILE", env = "CAUSERIE_CONFIG")]
    pub config: Option<PathBuf>,
    /// Folder for databases and secrets
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Of the one service that runs: see [`Listen`].
    #[arg(skip)]
    pub listen: Option<SocketAddr>,
    /// Set one key: --set users.listen=0.0.0.0:8101 (repeatable)
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Print the effective configuration, secrets hidden, and exit
    #[arg(long, global = true)]
    pub print_config: bool,
}

/// The flag of those who run one service: other commands listen nowhere, or at more than one address.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Listen {
    /// Address to listen on
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
}

impl Flags {
    /// With the address of the one service that runs.
    #[must_use]
    pub fn listening(self, Listen { listen }: Listen) -> Self {
        Self { listen, ..self }
    }
}

/// What all processes of one network share: the keys above the first section.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Common {
    /// The network's name, as people see it.
    pub network: String,
    /// Folder for databases and secrets.
    pub data: PathBuf,
    /// Folder of the processes' keys; without it `<data>/secrets`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secrets: Option<PathBuf>,
    /// Networks of load balancers. They say by the PROXY protocol (v1 or v2), on every port, who connects: nobody else is believed, and
    /// who comes from there without it is not let in.
    pub proxies: Vec<IpNet>,
    pub bus: BusConfig,
    pub urls: Urls,
    pub log: LogConfig,
    pub http: HttpLimits,
}

impl Default for Common {
    fn default() -> Self {
        Self {
            network: "Causerie".into(),
            data: "data".into(),
            secrets: None,
            proxies: Vec::new(),
            bus: BusConfig::default(),
            urls: Urls::default(),
            log: LogConfig::default(),
            http: HttpLimits::default(),
        }
    }
}

impl Common {
    /// Where the processes' keys are.
    pub fn secrets_dir(&self) -> PathBuf {
        self.secrets.clone().unwrap_or_else(|| self.data.join("secrets"))
    }

    /// The database a section names, or its file in the data folder.
    pub fn database(&self, given: Option<&SecretUrl>, section: &str) -> SecretUrl {
        given.cloned().unwrap_or_else(|| {
            SecretUrl::from(format!("sqlite:{}", self.data.join(format!("{section}.db")).display()))
        })
    }
}

/// How live events travel between processes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BusConfig {
    /// `http`: each owner streams its own events, one replica each. `nats`: any number of replicas.
    pub kind: BusKind,
    pub nats_url: SecretUrl,
    /// What our NATS subjects begin with, so that two networks can share a server.
    pub nats_prefix: String,
}

impl Default for BusConfig {
    fn default() -> Self {
        Self {
            kind: BusKind::Http,
            nats_url: SecretUrl::from("nats://127.0.0.1:4222".to_owned()),
            nats_prefix: "causerie".into(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BusKind {
    Http,
    Nats,
}

/// Where each service is found by the others.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Urls {
    pub users: Url,
    pub channels: Url,
    pub messages: Url,
    pub logs: Url,
}

impl Default for Urls {
    fn default() -> Self {
        let local = |port| Url::parse(&format!("http://127.0.0.1:{port}")).expect("a port makes a URL");
        Self { users: local(8101), channels: local(8102), messages: local(8103), logs: local(8104) }
    }
}

/// What is logged, how, and whether log-service gets it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// A filter such as `info` or `info,kit=debug`.
    #[serde(deserialize_with = "check::filter")]
    pub level: String,
    pub format: LogFormat,
    /// Send records to log-service too.
    pub ship: bool,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { level: "info".into(), format: LogFormat::Text, ship: true }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}

/// Limits of every HTTP listener.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpLimits {
    /// Longest time an answer may take: past it the asker gets 503 and may repeat. Streams are exempt.
    #[serde(deserialize_with = "above_zero")]
    pub request_timeout: Period,
    /// Longest time the request line and headers may take, or a kept connection stay idle: slow senders hold a task each.
    #[serde(deserialize_with = "above_zero")]
    pub header_timeout: Period,
    /// Longest time from a connection to its first request: who says nothing must not hold a file handle.
    #[serde(deserialize_with = "above_zero")]
    pub first_request: Period,
    /// Longest silence while a body comes. Meanwhile its request holds no place, so that others work.
    #[serde(deserialize_with = "above_zero")]
    pub body_stall: Period,
    /// Bytes of a request's body: every one in flight may be held in memory.
    #[serde(deserialize_with = "above_zero")]
    pub body_limit: usize,
    /// Requests at work at once; more are refused with 503 while those in hand are finished.
    #[serde(deserialize_with = "above_zero")]
    pub concurrency: usize,
    /// Requests of other services at work beyond those: strangers must not take the neighbours' places.
    pub concurrency_of_services: usize,
    /// Connections at once on one listener, some 10 KiB each; at most a sixteenth of the files that the process may open.
    #[serde(deserialize_with = "above_zero")]
    pub connections: usize,
    /// Connections at once from one address (one /64 of IPv6), each with one request in hand: one machine cannot take all.
    /// Those by which a service's own token comes are not counted.
    pub connections_per_address: usize,
    /// Networks whose connections are not counted: this machine's own; add a reverse proxy, behind which all seem to be one.
    pub uncounted: Vec<IpNet>,
    /// Web origins whose pages may call (CORS); `*` allows all.
    pub cors_origins: Vec<String>,
    /// Lets tests make requests fail (`POST /v1/test/faults`); refused by release builds.
    #[serde(deserialize_with = "not_in_releases", skip_serializing_if = "std::ops::Not::not")]
    pub test_faults: bool,
}

fn not_in_releases<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let wanted = bool::deserialize(deserializer)?;
    if wanted && !cfg!(debug_assertions) {
        return Err(serde::de::Error::custom("this is for tests, and a release build has none of it"));
    }
    Ok(wanted)
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            request_timeout: Period::seconds(10),
            header_timeout: Period::seconds(90),
            first_request: Period::seconds(10),
            body_stall: Period::seconds(3),
            body_limit: 1024 * 1024,
            concurrency: 1024,
            concurrency_of_services: 256,
            connections: 16_384,
            connections_per_address: 256,
            uncounted: vec![
                IpNet::new_assert(Ipv4Addr::new(127, 0, 0, 0).into(), 8),
                IpNet::new_assert(Ipv6Addr::LOCALHOST.into(), 128),
            ],
            cors_origins: Vec::new(),
            test_faults: false,
        }
    }
}
