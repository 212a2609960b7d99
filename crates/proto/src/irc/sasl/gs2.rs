//! What SCRAM and OAUTHBEARER begin with (RFC 5801 §4): `n,a=authzid,`.

/// A header and what comes after it.
pub(super) struct Gs2<'a> {
    /// As it came, with its last comma: SCRAM repeats it.
    pub(super) header: &'a str,
    pub(super) authzid: String,
    pub(super) rest: &'a str,
}

impl<'a> Gs2<'a> {
    /// `None` for what is no header, and for a client that wants its channel bound: that is another mechanism.
    pub(super) fn parse(message: &'a str) -> Option<Self> {
        let after = message.strip_prefix("n,").or_else(|| message.strip_prefix("y,"))?;
        let (authzid, rest) = after.split_once(',')?;
        let authzid = match authzid {
            "" => String::new(),
            named => name(named.strip_prefix("a=")?)?,
        };
        let header = &message[..message.len() - rest.len()];
        Some(Self { header, authzid, rest })
    }
}

/// A name in which `,` and `=` are written as `=2C` and `=3D` (RFC 5802 §5.1).
pub(super) fn name(written: &str) -> Option<String> {
    let mut parts = written.split('=');
    let mut name = parts.next()?.to_owned();
    for part in parts {
        let (escaped, rest) = match (part.strip_prefix("2C"), part.strip_prefix("3D")) {
            (Some(rest), _) => (',', rest),
            (_, Some(rest)) => ('=', rest),
            (None, None) => return None,
        };
        name.push(escaped);
        name.push_str(rest);
    }
    (!name.is_empty() && !name.contains('\0')).then_some(name)
}
