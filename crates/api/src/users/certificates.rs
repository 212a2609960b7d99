//! TLS client certificates that log in to an account (SASL EXTERNAL, RFC 4422 appendix A).

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Timestamp;

/// SHA-256 of a certificate, as 64 hexadecimal digits. Read with colons and capitals too, as `openssl` writes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(value_type = String)]
pub struct Fingerprint(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint is the SHA-256 of a certificate: 64 hexadecimal digits")]
pub struct NoFingerprint;

impl Fingerprint {
    pub fn of(sha256: [u8; 32]) -> Self {
        Self(sha256.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for Fingerprint {
    type Error = NoFingerprint;

    fn try_from(text: &str) -> Result<Self, NoFingerprint> {
        let digits: String = text.chars().filter(|&c| c != ':').collect();
        let is_whole = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_whole { Ok(Self(digits.to_ascii_lowercase())) } else { Err(NoFingerprint) }
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = NoFingerprint;

    fn try_from(text: String) -> Result<Self, NoFingerprint> {
        Self::try_from(&*text)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A certificate that logs in to an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Certificate {
    pub fingerprint: Fingerprint,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCertificate {
    pub fingerprint: Fingerprint,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_the_same_however_it_is_written() {
        let mut sha256 = [0xab; 32];
        sha256[0] = 5;
        let fingerprint = Fingerprint::of(sha256);
        assert_eq!(fingerprint.as_str(), format!("05{}", "ab".repeat(31)));
        let with_colons = format!("05{}", ":AB".repeat(31));
        assert_eq!(Fingerprint::try_from(&*with_colons), Ok(fingerprint.clone()));
        let json = serde_json::to_string(&fingerprint).unwrap();
        assert_eq!(serde_json::from_str::<Fingerprint>(&json).unwrap(), fingerprint);
        for wrong in ["", "05", &"g".repeat(64), &"a".repeat(65), &"é".repeat(32)] {
            assert!(Fingerprint::try_from(wrong).is_err(), "{wrong}");
        }
    }
}
