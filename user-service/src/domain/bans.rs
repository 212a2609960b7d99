//! Whom a network ban is about.

use std::net::IpAddr;

use api::auth::USERNAME;
use api::{AccountName, Nick, mask::Mask};
use ipnet::IpNet;

/// What a ban names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Network(IpNet),
    /// `nick!user@host` or `~account:name`.
    Mask(Mask),
}

/// Not a target.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotATarget {
    #[error(
        "a network ban is about an address, a range such as 192.0.2.0/24, a mask nick!user@host, or ~account:name"
    )]
    Unreadable,
    /// It would shut out whoever could lift it.
    #[error(
        "that is everybody: a range has at least {MIN_PREFIX_V4} bits ({MIN_PREFIX_V6} in IPv6), and a mask names something"
    )]
    Everybody,
}

/// Hundreds of networks are wider than these, and everybody is in one of them.
const MIN_PREFIX_V4: u8 = 8;
const MIN_PREFIX_V6: u8 = 16;

/// Somebody who comes in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Newcomer<'a> {
    pub(crate) address: Option<IpAddr>,
    pub(crate) nick: &'a Nick,
    pub(crate) host: &'a str,
    pub(crate) account: Option<&'a AccountName>,
}

impl Target {
    pub(crate) fn parse(text: &str) -> Result<Self, NotATarget> {
        if let Ok(network) = text.parse::<IpNet>() {
            let least = if network.addr().is_ipv4() { MIN_PREFIX_V4 } else { MIN_PREFIX_V6 };
            if network.prefix_len() < least {
                return Err(NotATarget::Everybody);
            }
            return Ok(Self::Network(network.trunc()));
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::Network(IpNet::from(address.to_canonical())));
        }
        // What looks like a range but is none must not become a mask that matches nobody.
        if text.contains('/') && !text.contains(['!', '@', '~']) {
            return Err(NotATarget::Unreadable);
        }
        // A network has nobody who only listens.
        match Mask::try_from(text) {
            Ok(mask) if is_everybody(&mask) => Err(NotATarget::Everybody),
            Ok(mask) if !mask.is_mute() => Ok(Self::Mask(mask)),
            _ => Err(NotATarget::Unreadable),
        }
    }

    pub(crate) fn matches(&self, who: Newcomer<'_>) -> bool {
        match self {
            Self::Network(network) => {
                who.address.is_some_and(|address| network.contains(&address.to_canonical()))
            }
            Self::Mask(mask) => {
                let hostmask = format!("{}!{USERNAME}@{}", who.nick, who.host);
                mask.matches_mask(&hostmask, who.account.map(AsRef::as_ref))
            }
        }
    }
}

/// A mask that matches all of some who are nobody.
fn is_everybody(mask: &Mask) -> bool {
    let nobodies = [("qzvx", "00000000.cloak"), ("JKwy_", "ffffffff.cloak"), ("8", "5a5a5a5a.cloak")];
    let is_of = |(nick, host)| mask.matches_mask(&format!("{nick}!{USERNAME}@{host}"), Some(nick));
    nobodies.into_iter().all(is_of)
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Network(network) if network.prefix_len() == network.max_prefix_len() => {
                std::fmt::Display::fmt(&network.addr(), f)
            }
            Self::Network(network) => std::fmt::Display::fmt(network, f),
            Self::Mask(mask) => std::fmt::Display::fmt(mask, f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ban_is_about_a_range_a_mask_or_an_account() {
        let (nick, account) = (Nick::try_from("bob").unwrap(), AccountName::try_from("robert").unwrap());
        let bob = Newcomer {
            address: Some("192.0.2.7".parse().unwrap()),
            nick: &nick,
            host: "0a1b2c3d.cloak",
            account: Some(&account),
        };
        for (target, written, yes) in [
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.99/24", "192.0.2.0/24", true),
            ("198.51.100.0/24", "198.51.100.0/24", false),
            ("::ffff:192.0.2.7", "192.0.2.7", true),
            ("bob", "bob!*@*", true),
            ("*!*@0a1b2c3d.cloak", "*!*@0a1b2c3d.cloak", true),
            ("~account:robert", "~account:robert", true),
            ("~account:bob", "~account:bob", false),
        ] {
            let target = Target::parse(target).unwrap();
            assert_eq!(target.to_string(), written);
            assert_eq!(target.matches(bob), yes, "{written}");
        }
        for wrong in ["", "192.0.2.0/33", "a b", "~x:y"] {
            assert_eq!(Target::parse(wrong), Err(NotATarget::Unreadable), "{wrong}");
        }
    }

    #[test]
    fn a_ban_is_not_about_everybody() {
        for wide in [
            "*",
            "*!*@*",
            "*!*@*.cloak",
            "?*!*@*",
            "*!~*@*",
            "~account:*",
            "0.0.0.0/0",
            "128.0.0.0/1",
            "::/0",
        ] {
            assert_eq!(Target::parse(wide), Err(NotATarget::Everybody), "{wide}");
        }
        for narrow in ["a*!*@*", "*!*@a*.cloak", "~account:a*", "10.0.0.0/8", "2001::/16"] {
            assert!(Target::parse(narrow).is_ok(), "{narrow}");
        }
    }
}
