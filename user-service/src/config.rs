//! The section `[users]`.

use std::net::SocketAddr;

use kit::config::{Period, SecretUrl};
use serde::{Deserialize, Deserializer, Serialize};

pub use kit::rate::Rate;

/// Who may register an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    Open,
    /// Whoever has a code that an operator made.
    Invite,
    Closed,
}

/// Which new passwords are good enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PasswordRules {
    /// Long enough, of more than a few characters, and not what everybody tries first.
    Strict,
    /// Any: for tests, and where another system has judged them.
    None,
}

/// Whether new accounts stay in their channels when their last connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlwaysOn {
    /// Whoever wants it says so.
    OptIn,
    /// Whoever does not want it says so.
    OptOut,
}

/// The section `[users]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub listen: SocketAddr,
    /// Without it `sqlite:<data>/users.db`.
    #[serde(deserialize_with = "kit::config::database", skip_serializing_if = "Option::is_none")]
    pub database: Option<SecretUrl>,
    pub registration: Registration,
    /// Which new passwords are good enough: `strict`, or `none` to take any.
    pub password_rules: PasswordRules,
    /// Whether new accounts stay in their channels when their last connection ends: `opt-in` or `opt-out`. Each sets it for itself.
    pub always_on: AlwaysOn,
    /// How long an account stays to which nobody connects: who never comes back is no member of anything.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub always_on_idle: Period,
    /// Password hashes computed at once: each takes a core for some 20 ms and 19 MiB.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub hashes_at_once: usize,
    /// Password hashes that wait for a core; more logins are refused with 503, since they would wait for longer than anybody does.
    pub hashes_waiting: usize,
    /// Failed logins of one account, from wherever: a guesser needs years, its owner a minute.
    #[serde(deserialize_with = "logins_of_account")]
    pub logins_of_account: Rate,
    /// Failed logins from one address (IPv6: one /64), to whatever account.
    #[serde(deserialize_with = "logins_from_address")]
    pub logins_from_address: Rate,
    /// Registrations and guest tokens from one address (IPv6: one /64): each holds a name.
    #[serde(deserialize_with = "newcomers_from_address")]
    pub newcomers_from_address: Rate,
    /// Open sessions of one account: each costs a row and an event to all the others.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub sessions_of_user: u32,
    /// Personal API tokens of one account: a list that a person can still look through.
    pub api_tokens_of_account: u32,
    /// TLS client certificates of one account: one for each device, and a list that a person can still look through.
    pub certificates_of_account: u32,
    /// Network bans in force: each is tried on everybody who comes in.
    pub network_bans: u32,
    /// A gateway's lease without renewal: three renewals may be lost.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub lease: Period,
    /// A draining gateway's lease: its clients have so long to go elsewhere.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub drain: Period,
    /// How often leases are looked at; also this service's own sign of life.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub lease_check: Period,
    /// How long a session that was taken over stays in its channels, so that its successor can join them without a QUIT.
    pub takeover: Period,
    /// Life of a refresh token of an account.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub refresh_token: Period,
    /// Age at which a signing key is replaced.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub key_rotation: Period,
    /// How often expired things are looked for.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub housekeeping: Period,
    /// How often other replicas' revocations and network bans are looked for: they must hold everywhere within 5 s.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub follow: Period,
    /// When an erasure runs for the second time: after the last token that was out has died.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub erase_again: Period,
    /// How long user events are kept: readers that were away for longer take a new replica.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub events_kept: Period,
    /// How long former nicks can be asked for.
    pub former_nicks_kept: Period,
    /// Life of an invitation to register.
    #[serde(deserialize_with = "kit::config::above_zero")]
    pub invite: Period,
}

const LOGINS_OF_ACCOUNT: Rate = Rate { burst: 10, every: Period::seconds(30) };
const LOGINS_FROM_ADDRESS: Rate = Rate { burst: 30, every: Period::seconds(10) };
const NEWCOMERS_FROM_ADDRESS: Rate = Rate { burst: 500, every: Period::seconds(1) };

fn logins_of_account<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Rate, D::Error> {
    Rate::deserialize_part(deserializer, LOGINS_OF_ACCOUNT)
}

fn logins_from_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Rate, D::Error> {
    Rate::deserialize_part(deserializer, LOGINS_FROM_ADDRESS)
}

fn newcomers_from_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Rate, D::Error> {
    Rate::deserialize_part(deserializer, NEWCOMERS_FROM_ADDRESS)
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8101)),
            database: None,
            registration: Registration::Open,
            password_rules: PasswordRules::Strict,
            always_on: AlwaysOn::OptIn,
            always_on_idle: Period::seconds(90 * 24 * 3600),
            hashes_at_once: 2,
            hashes_waiting: 128,
            logins_of_account: LOGINS_OF_ACCOUNT,
            logins_from_address: LOGINS_FROM_ADDRESS,
            newcomers_from_address: NEWCOMERS_FROM_ADDRESS,
            sessions_of_user: 100,
            api_tokens_of_account: 50,
            certificates_of_account: 20,
            network_bans: 1000,
            lease: Period::seconds(15),
            drain: Period::seconds(30),
            lease_check: Period::seconds(1),
            takeover: Period::seconds(10),
            refresh_token: Period::seconds(30 * 24 * 3600),
            key_rotation: Period::seconds(30 * 24 * 3600),
            housekeeping: Period::seconds(5),
            follow: Period::seconds(2),
            erase_again: Period::seconds(16 * 60),
            events_kept: Period::seconds(24 * 3600),
            former_nicks_kept: Period::seconds(7 * 24 * 3600),
            invite: Period::seconds(7 * 24 * 3600),
        }
    }
}
