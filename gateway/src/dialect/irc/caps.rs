//! Capabilities: which there are, and what a client has asked for (IRCv3 capability-negotiation).

use std::{borrow::Cow, fmt};

use proto::irc::cap::{self, Capability, Folding};

use super::{multiline, sasl};
use crate::config::Config;

/// A set of capabilities. What is equal here is spoken to alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Caps(u64);

/// A row of the table of capabilities.
struct Row {
    name: &'static str,
    bit: Caps,
    /// For clients that understand values.
    value: Option<&'static str>,
}

const fn row(name: &'static str, bit: Caps) -> Row {
    Row { name, bit, value: None }
}

impl Caps {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const ACCOUNT_TAG: Self = Self(1);
    pub(crate) const BATCH: Self = Self(1 << 1);
    pub(crate) const CAP_NOTIFY: Self = Self(1 << 2);
    pub(crate) const ECHO_MESSAGE: Self = Self(1 << 3);
    pub(crate) const EXTENDED_JOIN: Self = Self(1 << 4);
    pub(crate) const LABELED_RESPONSE: Self = Self(1 << 5);
    pub(crate) const MESSAGE_TAGS: Self = Self(1 << 6);
    pub(crate) const MULTI_PREFIX: Self = Self(1 << 7);
    pub(crate) const NO_IMPLICIT_NAMES: Self = Self(1 << 8);
    pub(crate) const SERVER_TIME: Self = Self(1 << 9);
    pub(crate) const STANDARD_REPLIES: Self = Self(1 << 10);
    pub(crate) const USERHOST_IN_NAMES: Self = Self(1 << 11);
    pub(crate) const SASL: Self = Self(1 << 12);
    pub(crate) const AWAY_NOTIFY: Self = Self(1 << 13);
    pub(crate) const INVITE_NOTIFY: Self = Self(1 << 14);
    pub(crate) const MESSAGE_REDACTION: Self = Self(1 << 15);
    pub(crate) const ACCOUNT_NOTIFY: Self = Self(1 << 16);
    pub(crate) const EXTENDED_MONITOR: Self = Self(1 << 17);
    /// <https://ircv3.net/specs/extensions/chghost>
    pub(crate) const CHGHOST: Self = Self(1 << 28);
    pub(crate) const SETNAME: Self = Self(1 << 18);

    pub(crate) const PRE_AWAY: Self = Self(1 << 40);
    pub(crate) const EXTENDED_ISUPPORT: Self = Self(1 << 41);

    /// Never asked for: what it says is in its value.
    const STS: Self = Self(1 << 63);

    pub(crate) const CHATHISTORY: Self = Self(1 << 31);
    pub(crate) const ACCOUNT_REGISTRATION: Self = Self(1 << 32);
    pub(crate) const READ_MARKER: Self = Self(1 << 30);

    pub(crate) const METADATA: Self = Self(1 << 33);
    pub(crate) const CHANNEL_RENAME: Self = Self(1 << 35);
    pub(crate) const EVENT_PLAYBACK: Self = Self(1 << 34);

    /// Whoever speaks it reads batches, too ("Dependencies").
    pub(crate) const MULTILINE: Self = Self(1 << 29);

    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    #[must_use]
    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    #[must_use]
    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    #[must_use]
    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

/// An account need not be called as its maker is.
const CUSTOM_NAME: &str = "custom-account-name";
const EARLY_AND_CUSTOM_NAME: &str = "before-connect,custom-account-name";

/// See [`crate::hub::metadata::MAX_SUBSCRIPTIONS`] and [`api::metadata`].
const METADATA_LIMITS: &str = "before-connect,max-subs=50,max-keys=50,max-value-bytes=250";

/// What is said with them nobody else may read.
const OF_PASSWORDS: Caps = Caps::SASL.or(Caps::ACCOUNT_REGISTRATION);

/// Every capability that is offered, by its name in the registry.
#[rustfmt::skip] // a table
const TABLE: &[Row] = &[
    row("account-notify", Caps::ACCOUNT_NOTIFY),
    row("account-tag", Caps::ACCOUNT_TAG),
    row("away-notify", Caps::AWAY_NOTIFY),
    row("batch", Caps::BATCH),
    row("cap-notify", Caps::CAP_NOTIFY),
    row("chghost", Caps::CHGHOST),
    Row { name: "draft/account-registration", bit: Caps::ACCOUNT_REGISTRATION, value: Some(CUSTOM_NAME) },
    row("draft/channel-rename", Caps::CHANNEL_RENAME),
    row("draft/chathistory", Caps::CHATHISTORY),
    row("draft/event-playback", Caps::EVENT_PLAYBACK),
    row("draft/extended-isupport", Caps::EXTENDED_ISUPPORT),
    row("draft/message-redaction", Caps::MESSAGE_REDACTION),
    Row { name: "draft/metadata-3", bit: Caps::METADATA, value: Some(METADATA_LIMITS) },
    Row { name: multiline::BATCH, bit: Caps::MULTILINE, value: Some(multiline::LIMITS) },
    row("draft/no-implicit-names", Caps::NO_IMPLICIT_NAMES),
    row("draft/pre-away", Caps::PRE_AWAY),
    row("draft/read-marker", Caps::READ_MARKER),
    row("echo-message", Caps::ECHO_MESSAGE),
    row("extended-join", Caps::EXTENDED_JOIN),
    row("extended-monitor", Caps::EXTENDED_MONITOR),
    row("invite-notify", Caps::INVITE_NOTIFY),
    row("labeled-response", Caps::LABELED_RESPONSE),
    row("message-tags", Caps::MESSAGE_TAGS),
    row("multi-prefix", Caps::MULTI_PREFIX),
    Row { name: "sasl", bit: Caps::SASL, value: Some(sasl::mechanisms(false)) },
    row("server-time", Caps::SERVER_TIME),
    row("setname", Caps::SETNAME),
    row("standard-replies", Caps::STANDARD_REPLIES),
    row("sts", Caps::STS),
    row("userhost-in-names", Caps::USERHOST_IN_NAMES),
];

/// A `CAP` that a client sent.
pub(crate) enum Request {
    /// With the version that it knows.
    Ls(Option<u32>),
    List,
    Req(String),
    End,
    /// Another subcommand, as typed.
    Unknown(String),
}

/// What it is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    Ls(Offer),
    List(Caps, Offer),
    Ack(String),
    Nak(String),
    Unknown(String),
}

/// How lists are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Offer {
    /// With values, in several lines if need be: version 302 and later.
    pub(crate) knows_302: bool,
    /// Passwords may be said here: who listens on the way cannot read them.
    pub(crate) is_private: bool,
    /// Accounts can be made before coming in.
    pub(crate) registers_early: bool,
    /// The client has shown a certificate, which it can log in with.
    pub(crate) has_certificate: bool,
    pub(crate) sts: Option<Sts>,
}

/// Strict transport security (<https://ircv3.net/specs/extensions/sts>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sts {
    /// In clear: come again over TLS, at this port.
    Port(u16),
    /// Over TLS: never come otherwise for so many seconds.
    Duration(u64),
}

impl Sts {
    /// A certificate that we made for ourselves would keep everybody away.
    pub(crate) fn of(is_secure: bool, config: &Config) -> Option<Self> {
        config.tls_certificate.as_ref().filter(|_| !config.irc_sts.get().is_zero())?;
        Some(if is_secure {
            Self::Duration(config.irc_sts.get().as_secs())
        } else {
            Self::Port(config.irc_sts_port.unwrap_or_else(|| config.irc_tls.port()))
        })
    }
}

impl fmt::Display for Sts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(port) => write!(f, "port={port}"),
            Self::Duration(seconds) => write!(f, "duration={seconds}"),
        }
    }
}

impl Caps {
    /// What a client speaks after its `CAP REQ`; none if it asks for what there is not: then nothing of it is granted ("The CAP REQ
    /// subcommand").
    pub(crate) fn requested(self, list: &str, offer: Offer) -> Option<Self> {
        cap::requested(list).try_fold(self, |caps, wanted| {
            let row = offer.table().find(|row| row.name == wanted.name && row.bit != Self::STS)?;
            Some(if wanted.on { caps.or(row.bit) } else { caps.without(row.bit) })
        })
    }
}

impl Offer {
    fn table(self) -> impl Iterator<Item = &'static Row> {
        TABLE.iter().filter(move |row| match row.bit {
            // Its limits are in its value: without them it cannot be used.
            Caps::MULTILINE => self.knows_302,
            Caps::STS => self.knows_302 && self.sts.is_some(),
            bit => !OF_PASSWORDS.has(bit) || self.is_private,
        })
    }

    fn value(self, row: &Row) -> Option<Cow<'static, str>> {
        if !self.knows_302 {
            return None;
        }
        match row.bit {
            Caps::STS => self.sts.map(|sts| sts.to_string().into()),
            Caps::ACCOUNT_REGISTRATION if self.registers_early => Some(EARLY_AND_CUSTOM_NAME.into()),
            Caps::SASL => Some(sasl::mechanisms(self.has_certificate).into()),
            _ => row.value.map(Cow::Borrowed),
        }
    }

    fn rows(self, out: &mut Vec<u8>, reply: cap::Reply<'_>, rows: impl Iterator<Item = &'static Row>) {
        let rows: Vec<_> = rows.map(|row| (row.name, self.value(row))).collect();
        let capabilities: Vec<_> =
            rows.iter().map(|(name, value)| Capability { name, value: value.as_deref() }).collect();
        let folding = if self.knows_302 { Folding::Marked } else { Folding::OneLine };
        reply.list(out, folding, &capabilities);
    }
}

impl Reply {
    /// `client`: its nick, or `*`.
    pub(super) fn write(&self, server: &str, client: &str, out: &mut Vec<u8>) {
        let reply = |subcommand| cap::Reply { server, client, subcommand };
        match self {
            Self::Ls(offer) => offer.rows(out, reply("LS"), offer.table()),
            Self::List(caps, offer) => {
                offer.rows(out, reply("LIST"), TABLE.iter().filter(|row| caps.has(row.bit)));
            }
            Self::Ack(list) => reply("ACK").answer(out, list),
            Self::Nak(list) => reply("NAK").answer(out, list),
            Self::Unknown(subcommand) => {
                let line = proto::irc::Line::numeric(out, server, 410, client).param(subcommand);
                line.trailing("there is no such CAP subcommand");
            }
        }
    }
}

#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|row| row.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_capability_has_a_bit_of_its_own() {
        for (index, row) in TABLE.iter().enumerate() {
            assert_eq!(row.bit.0.count_ones(), 1, "{}", row.name);
            assert!(TABLE[..index].iter().all(|other| other.bit != row.bit), "{}", row.name);
        }
    }

    #[test]
    fn the_limits_of_metadata_are_those_that_hold() {
        use crate::hub::metadata::MAX_SUBSCRIPTIONS;
        use api::metadata::{MAX_METADATA_KEYS, MAX_METADATA_VALUE_BYTES};
        let value = format!(
            "before-connect,max-subs={MAX_SUBSCRIPTIONS},max-keys={MAX_METADATA_KEYS},max-value-bytes={MAX_METADATA_VALUE_BYTES}"
        );
        assert_eq!(value, METADATA_LIMITS);
    }

    #[test]
    fn a_request_is_granted_as_a_whole_or_not_at_all() {
        let some = Caps::SERVER_TIME.or(Caps::BATCH);
        let offer = Offer {
            knows_302: true,
            is_private: false,
            registers_early: true,
            has_certificate: false,
            sts: Some(Sts::Port(6697)),
        };
        let echo = Caps::SERVER_TIME.or(Caps::ECHO_MESSAGE);
        assert_eq!(Caps::NONE.requested("server-time batch", offer), Some(some));
        assert_eq!(some.requested("-batch echo-message", offer), Some(echo));
        assert_eq!(some.requested("batch foo", offer), None);
        assert_eq!(some.requested("", offer), Some(some));
        assert_eq!(some.requested("sts", offer), None, "it is not for the asking");
        assert_eq!(some.requested("sasl", offer), None, "passwords in clear");
        assert!(some.requested("sasl", Offer { is_private: true, ..offer }).is_some());
    }
}
