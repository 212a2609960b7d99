//! The section `[messages]`.

use std::net::{Ipv4Addr, SocketAddr};

use kit::{
    config::{Period, SecretUrl},
    rate::Rate,
};
use serde::{Deserialize, Deserializer, Serialize};

/// Settings of message-service; every limit says its unit and why it is what it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Database URL (`sqlite:PATH` or `postgres://…`); none: `messages.db` in the data folder.
    #[serde(deserialize_with = "kit::config::database", skip_serializing_if = "Option::is_none")]
    pub database: Option<SecretUrl>,
    /// Messages that wait to be stored, at most; more are refused with 503. Some 50 ms of work: who waits longer is better told so.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub queue: usize,
    /// Messages stored by one transaction: more wait less for the disk, and longer for each other.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub transaction: usize,
    /// How long a request waits for our copy of a channel to catch up. Below the 2.5 s that the gateway waits for us.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub catch_up_within: Period,
    /// How long a copy decides that its owner has not confirmed: so long can a kicked person speak on when the network is cut.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub trust_copies_for: Period,
    /// Between two comparisons of all copies with their owner.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub heads_every: Period,
    /// How long a copy is kept that nobody asks for.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub keep_copies_for: Period,
    /// Copies of channels held at once; one of a channel of 100 members has some 50 KiB.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub copies: usize,
    /// Streams (server-sent events) open at once: some 10 KiB each.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub streams: usize,
    /// Streams of one person open at once.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub streams_each: usize,
    /// Between two comments on a silent stream, and two looks whether it is still allowed.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub stream_heartbeat: Period,
    /// How far back a stream of all conversations can be resumed, in entries of all conversations together.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub resume_entries: u32,
    /// How long idempotency keys are remembered.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub keep_keys: Period,
    /// Between two looks at what is past its retention, and at old keys.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub clean_every: Period,
    /// How old the knowledge of a channel's retention may be before its owner is asked again.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub ask_policies_every: Period,
    /// What one person sends or changes by REST: as fast as the line protocol's commands, slower than a flood.
    #[serde(deserialize_with = "writes_of_person")]
    pub writes_of_person: Rate,
}

const WRITES_OF_PERSON: Rate = Rate { burst: 100, every: Period::millis(50) };

fn writes_of_person<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Rate, D::Error> {
    Rate::deserialize_part(deserializer, WRITES_OF_PERSON)
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8103)),
            database: None,
            queue: 4096,
            transaction: 1000,
            catch_up_within: Period::millis(2000),
            trust_copies_for: Period::seconds(60),
            heads_every: Period::seconds(5),
            keep_copies_for: Period::seconds(30 * 60),
            copies: 20_000,
            streams: 2000,
            streams_each: 20,
            stream_heartbeat: Period::seconds(5),
            resume_entries: 1_000_000,
            keep_keys: Period::seconds(api::messages::KEY_DAYS * 24 * 3600),
            clean_every: Period::seconds(10 * 60),
            ask_policies_every: Period::seconds(24 * 3600),
            writes_of_person: WRITES_OF_PERSON,
        }
    }
}
