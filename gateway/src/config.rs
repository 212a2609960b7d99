//! The section `[gateway]`.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use ipnet::IpNet;
use kit::config::{Period, Secret};
use serde::{Deserialize, Serialize};

/// The gateway's own settings.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the line protocol is spoken.
    pub lines: SocketAddr,
    /// Where the line protocol is spoken over TLS.
    pub lines_tls: SocketAddr,
    /// Where IRC is spoken.
    pub irc: SocketAddr,
    /// Where IRC is spoken over TLS.
    pub irc_tls: SocketAddr,
    /// What this server is called in IRC: a host name.
    #[serde(deserialize_with = "host_name")]
    pub irc_name: String,
    /// Password that IRC clients have to give (PASS) before anything else. None: whoever connects comes in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub irc_password: Option<Secret<String>>,
    /// Networks of web gateways, which have to say in IRC (WEBIRC) for whom they connect; nobody else is believed.
    pub webirc: Vec<IpNet>,
    /// Password of those gateways.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webirc_password: Option<Secret<String>>,
    /// Whether accounts can be made in IRC (REGISTER) before coming in.
    pub irc_register_before_connect: bool,
    /// Certificate chain (PEM) of the TLS ports. Without it a self-signed one is made in the secrets folder. SIGHUP reads it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_certificate: Option<PathBuf>,
    /// Private key (PEM) of `tls_certificate`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_key: Option<PathBuf>,
    /// How long IRC clients are to come over TLS only (STS), if there is a `tls_certificate`: one that we made for ourselves would keep
    /// them away. 0: they may come in clear.
    pub irc_sts: Period,
    /// The port of `irc_tls` as clients see it, if a load balancer has another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub irc_sts_port: Option<u16>,
    /// Where the HTTP side listens: web page, web socket, health, metrics.
    pub listen: SocketAddr,
    /// Take passwords and tokens in clear from beyond this machine. Off: whoever is on the way could read them.
    pub plaintext_passwords: bool,
    pub limits: Limits,
}

/// Limits of the line protocol's listener. Hitting one gives an error that names it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Connections at once: each costs some KiB here and a file handle.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub connections: usize,
    /// Connections at once from one address (one /64 of IPv6): an office or a school behind one address has its place,
    /// and one machine cannot take all.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub connections_per_address: usize,
    /// Time to take a nick or log in: whoever says nothing must not hold a connection.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub registration_time: Period,
    /// What an IRC client may be silent for before it is asked whether it is there (PING), and once more before it is gone: a
    /// dead line keeps nobody in the channels.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub irc_silence: Period,
    /// Commands a second that one connection may keep up: faster than anybody types, slower than a flood.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub commands_per_second: u32,
    /// Commands at once, after a pause: room for what people paste and programs queue.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub command_burst: u32,
    /// Failed logins of one connection; then it waits for `login_pause`. user-service counts by account and address as well.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub login_attempts: u32,
    /// What a connection waits after too many failed logins.
    pub login_pause: Period,
    /// Bytes of events that wait for a client that reads slowly or not at all; past it the connection is closed, so that
    /// its memory is bounded and nobody else waits.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub send_queue: usize,
    /// Sends of all connections that wait to be stored: what a slow disk takes in a second or so. More get `503` at once, so that
    /// those accepted are answered in time.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub waiting_sends: usize,
    /// How long a send may wait before it counts as late. When those at the head of the queue have been late for a tenth of a second,
    /// more come than the disk takes: only as many are accepted as are answered in half this time, and the rest get `503` at once;
    /// more are let in while nobody waits for four fifths of it. A burst is not turned away. Who was turned away is not read from
    /// for 50 ms.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub send_wait: Period,
    /// Channels that one connection is in: the same as channel-service allows a person.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub channels: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            lines: SocketAddr::from((Ipv4Addr::LOCALHOST, 7667)),
            lines_tls: SocketAddr::from((Ipv4Addr::LOCALHOST, 7697)),
            irc: SocketAddr::from((Ipv4Addr::LOCALHOST, 6667)),
            irc_tls: SocketAddr::from((Ipv4Addr::LOCALHOST, 6697)),
            irc_name: "irc.causerie.localhost".to_owned(),
            irc_password: None,
            webirc: Vec::new(),
            webirc_password: None,
            irc_register_before_connect: true,
            tls_certificate: None,
            tls_key: None,
            irc_sts: Period::seconds(30 * 24 * 3600),
            irc_sts_port: None,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            plaintext_passwords: false,
            limits: Limits::default(),
        }
    }
}

impl Config {
    /// Whether a connection from there is to say for whom it is.
    pub(crate) fn is_webirc(&self, address: IpAddr) -> bool {
        self.webirc.iter().any(|network| network.contains(&address.to_canonical()))
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 20_000,
            connections_per_address: 256,
            registration_time: Period::seconds(60),
            irc_silence: Period::seconds(120),
            commands_per_second: 20,
            command_burst: 100,
            login_attempts: 5,
            login_pause: Period::seconds(30),
            send_queue: 1024 * 1024,
            waiting_sends: 8192,
            send_wait: Period::millis(200),
            channels: api::channels::MAX_CHANNELS_EACH,
        }
    }
}

/// Bytes of a host name (RFC 1035 §2.3.4 allows more): it stands in every line that the server says.
const MAX_HOST_NAME: usize = 63;

/// A name with a dot in it, so that no client takes it for a nick.
fn host_name<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if name.len() <= MAX_HOST_NAME && name.contains('.') && name.split('.').all(is_part) {
        return Ok(name);
    }
    Err(serde::de::Error::custom(format!(
        "a host name with a dot in it is expected, at most {MAX_HOST_NAME} bytes"
    )))
}
