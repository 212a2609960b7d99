//! The section `[channels]`.

use std::net::{Ipv4Addr, SocketAddr};

use kit::{
    config::{Period, SecretUrl},
    rate::Rate,
};
use serde::{Deserialize, Deserializer, Serialize};

/// Settings of channel-service; every limit says its unit and why it is what it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Database URL (`sqlite:PATH` or `postgres://…`); none: `channels.db` in the data folder.
    #[serde(deserialize_with = "kit::config::database", skip_serializing_if = "Option::is_none")]
    pub database: Option<SecretUrl>,
    /// Channels one person is in at once: what a QUIT touches in one transaction.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub max_channels_each: usize,
    /// Channels one account has registered: they are kept when empty.
    pub max_registered_each: usize,
    /// Members of one channel: a replica's snapshot of so many is 15 MB.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub max_members: u64,
    /// Entries of each list of one channel: every join checks them all.
    pub max_list_entries: usize,
    /// Invitations to one channel that stand at once.
    pub max_invitations: usize,
    /// How long an invitation stands if the one who invites does not say.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub invitation: Period,
    /// The longest that an invitation may stand.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub max_invitation: Period,
    /// How long an unregistered channel is kept when nobody is in it, with its history.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub keep_dormant: Period,
    /// How long events are kept for readers that were away; after it they take a snapshot.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub keep_events: Period,
    /// How long an ended session is remembered, so that a late join of it is refused.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub keep_ended: Period,
    /// How long after a channel fell asleep a send that was allowed before may still arrive.
    pub late_sends: Period,
    /// Between two looks at what has expired in lists.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub expire_every: Period,
    /// Between two looks at what is old.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub sweep_every: Period,
    /// Between two looks at what is to be done elsewhere.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub tasks_every: Period,
    /// Between two questions to user-service whether nicks of members have changed unnoticed.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub people_every: Period,
    /// Changes that one person makes by REST: as fast as the line protocol's commands, slower than a flood.
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
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8102)),
            database: None,
            max_channels_each: api::channels::MAX_CHANNELS_EACH,
            max_registered_each: 50,
            max_members: 50_000,
            max_list_entries: api::channels::MAX_LIST_ENTRIES,
            max_invitations: 100,
            invitation: Period::seconds(24 * 3600),
            max_invitation: Period::seconds(30 * 24 * 3600),
            keep_dormant: Period::seconds(30 * 24 * 3600),
            keep_events: Period::seconds(24 * 3600),
            keep_ended: Period::seconds(3600),
            late_sends: Period::seconds(120),
            expire_every: Period::seconds(1),
            sweep_every: Period::seconds(60),
            tasks_every: Period::seconds(1),
            people_every: Period::seconds(30),
            writes_of_person: WRITES_OF_PERSON,
        }
    }
}
