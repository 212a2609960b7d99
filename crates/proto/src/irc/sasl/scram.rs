//! The messages of SCRAM (RFC 5802 §5, §7), taken apart. Nothing is computed here, and binary values stay in Base64.

use super::gs2::{Gs2, name};

/// The client's first message: `n,,n=user,r=nonce`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct First<'a> {
    /// With its last comma: the final message repeats it.
    pub gs2_header: &'a str,
    /// Who to act as; empty for oneself.
    pub authzid: String,
    pub name: String,
    pub nonce: &'a str,
    /// What is signed of it.
    pub bare: &'a str,
}

impl<'a> First<'a> {
    /// Attributes after the nonce are for extensions, and may be passed over; one that may not, `m`, would come first.
    pub fn parse(message: &'a str) -> Option<Self> {
        let Gs2 { header, authzid, rest: bare } = Gs2::parse(message)?;
        let mut attributes = bare.split(',');
        let name = name(attributes.next()?.strip_prefix("n=")?)?;
        let nonce = nonce(attributes.next()?)?;
        Some(Self { gs2_header: header, authzid, name, nonce, bare })
    }
}

/// The client's final message: `c=biws,r=nonce,p=proof`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Final<'a> {
    /// The header of the first message.
    pub channel_binding: &'a str,
    pub nonce: &'a str,
    pub proof: &'a str,
    /// What is signed of it.
    pub without_proof: &'a str,
}

impl<'a> Final<'a> {
    pub fn parse(message: &'a str) -> Option<Self> {
        let (without_proof, proof) = message.rsplit_once(",p=")?;
        let mut attributes = without_proof.split(',');
        let channel_binding = attributes.next()?.strip_prefix("c=")?;
        let nonce = nonce(attributes.next()?)?;
        let is_whole = !proof.is_empty() && !proof.contains(',');
        is_whole.then_some(Self { channel_binding, nonce, proof, without_proof })
    }
}

/// `r=` and printable characters.
fn nonce(attribute: &str) -> Option<&str> {
    let nonce = attribute.strip_prefix("r=")?;
    (!nonce.is_empty() && nonce.bytes().all(|byte| byte.is_ascii_graphic())).then_some(nonce)
}
