use std::net::{Ipv4Addr, SocketAddr};

use kit::config::{Period, SecretUrl};
use serde::{Deserialize, Serialize};

use crate::domain::Keep;

/// The section `[logs]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Address of the REST API.
    pub listen: SocketAddr,
    /// `sqlite:PATH` or `postgres://…`; without it `<data>/logs.db`.
    #[serde(deserialize_with = "kit::config::database", skip_serializing_if = "Option::is_none")]
    pub database: Option<SecretUrl>,
    /// How long records are kept: a month, in which what went wrong is noticed.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub keep: Period,
    /// Records kept at most: a search through all of them takes some seconds.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub keep_records: u64,
    /// Bytes of records kept at most, about what the database takes on disk: logs must not fill the disk that chat lives on.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub keep_bytes: u64,
    /// Time between two looks at what is to go: what is kept exceeds the limits by what comes in meanwhile.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub sweep_every: Period,
    /// Streams open at once: each holds up to a batch of records and asks the database once a second.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub streams: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8104)),
            database: None,
            keep: Period::seconds(30 * 24 * 3600),
            keep_records: 1_000_000,
            keep_bytes: 1024 * 1024 * 1024,
            sweep_every: Period::seconds(60),
            streams: 32,
        }
    }
}

impl Config {
    /// What retention goes by.
    pub fn keep(&self) -> Keep {
        Keep { age: self.keep.get(), records: self.keep_records, bytes: self.keep_bytes }
    }
}
