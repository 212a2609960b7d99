//! The response of OAUTHBEARER (RFC 7628 §3.1).

use super::gs2::Gs2;

/// Between the pairs of a response.
const SEPARATOR: char = '\u{1}';

#[derive(Clone, PartialEq, Eq)]
pub struct Bearer<'a> {
    /// Who to act as; empty for whomever the token is of.
    pub authzid: String,
    pub token: &'a str,
}

impl<'a> Bearer<'a> {
    /// Reads `n,a=authzid,^Ahost=…^Aport=…^Aauth=Bearer token^A^A`; pairs that are not known are passed over.
    pub fn parse(response: &'a str) -> Option<Self> {
        let Gs2 { authzid, rest, .. } = Gs2::parse(response)?;
        let pairs = rest.strip_prefix(SEPARATOR)?.strip_suffix("\u{1}\u{1}")?;
        let auth = pairs.split(SEPARATOR).find_map(|pair| pair.strip_prefix("auth="))?;
        let (scheme, token) = auth.split_once(' ')?;
        let token = token.trim_matches(' ');
        (scheme.eq_ignore_ascii_case("Bearer") && !token.is_empty()).then_some(Self { authzid, token })
    }
}

// It is as good as a password.
impl std::fmt::Debug for Bearer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OAUTHBEARER as {:?}", self.authzid)
    }
}
