//! Who is in a channel, in as many lines as it takes.

use api::mode::{Role, Roles};

use super::Reply;
use crate::{command::Named, dialect::irc::Caps};

impl Reply<'_> {
    /// 353.
    pub(super) fn names<'n>(
        &mut self,
        channel: &str,
        members: impl Iterator<Item = &'n Named>,
        secret: bool,
    ) {
        let caps = self.caps;
        let mut members = members.peekable();
        while members.peek().is_some() {
            let mut text = self.numeric(353).param(if secret { "@" } else { "=" }).param(channel).text();
            while let Some(named) = members.peek() {
                let prefix = prefixes(caps, named.roles);
                let with_host = caps.has(Caps::USERHOST_IN_NAMES) && !named.mask.is_empty();
                let (bang, mask) = if with_host { ("!", &*named.mask) } else { ("", "") };
                // One that no line could take is left out: names are far shorter.
                if !text.word(&[&prefix, named.nick.as_str(), bang, mask]) && !text.is_empty() {
                    break;
                }
                members.next();
            }
        }
    }
}

/// `@+` for those who asked for all of them, `@` for others (IRCv3 multi-prefix).
pub(super) fn prefixes(caps: Caps, roles: Roles) -> String {
    let most = if caps.has(Caps::MULTI_PREFIX) { Role::ALL.len() } else { 1 };
    roles.iter().take(most).map(Role::prefix).collect()
}
