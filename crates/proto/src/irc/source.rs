use std::fmt;

/// Who a message is from: a server's name, or `nick[!user][@host]` (RFC 2812 §2.3.1, "prefix").
///
/// Has no rules about nicks or hosts: those are elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source<'a> {
    /// The server's name, if it is one: only who knows the servers can tell.
    pub nick: &'a str,
    pub user: Option<&'a str>,
    pub host: Option<&'a str>,
}

impl<'a> Source<'a> {
    /// Reads what stands between the `:` and the space. Nothing is refused.
    pub fn parse(source: &'a str) -> Source<'a> {
        // No host holds an `@`, but a client's idea of its user name may.
        let (name, host) = match source.rsplit_once('@') {
            Some((name, host)) => (name, Some(host)),
            None => (source, None),
        };
        let (nick, user) = match name.split_once('!') {
            Some((nick, user)) => (nick, Some(user)),
            None => (name, None),
        };
        Source { nick, user, host }
    }
}

impl fmt::Display for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Source { nick, user, host } = self;
        f.write_str(nick)?;
        user.map_or(Ok(()), |user| write!(f, "!{user}"))?;
        host.map_or(Ok(()), |host| write!(f, "@{host}"))
    }
}
