//! SCRAM-SHA-256 (RFC 5802, RFC 7677) between a client and this gateway; user-service has the keys.

use api::users::{ScramProof, ScramTerms};
use base64::{Engine, engine::general_purpose::STANDARD};
use proto::irc::sasl::{ScramFinal, ScramFirst};

use super::{Awaits, Exchange, acts_as_itself};

/// Random bytes of the server's half of the nonce: nobody can use an answer twice.
pub(crate) const NONCE_BYTES: usize = 18;

/// A client's first message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Opening {
    pub(crate) name: String,
    gs2_header: String,
    nonce: String,
    bare: String,
}

/// What a client has been told, and is to answer.
pub(super) struct Challenge {
    name: String,
    /// What its channel binding repeats.
    gs2_header: String,
    nonce: String,
    /// Both first messages, as they are signed.
    signed: String,
}

impl Opening {
    pub(super) fn parse(said: &str) -> Option<Self> {
        let ScramFirst { gs2_header, authzid, name, nonce, bare } = ScramFirst::parse(said)?;
        let [gs2_header, nonce, bare] = [gs2_header, nonce, bare].map(str::to_owned);
        acts_as_itself(&authzid, &name).then_some(Self { name, gs2_header, nonce, bare })
    }

    /// The server's first message, and the exchange that goes on with it.
    pub(crate) fn challenge(self, random: [u8; NONCE_BYTES], terms: &ScramTerms) -> (String, Exchange) {
        let Self { name, gs2_header, nonce, bare } = self;
        let nonce = nonce + &STANDARD.encode(random);
        let ScramTerms { salt, iterations } = terms;
        let first = format!("r={nonce},s={salt},i={iterations}");
        let signed = format!("{bare},{first}");
        let challenge = Challenge { name, gs2_header, nonce, signed };
        (first, Exchange::awaiting(Awaits::ScramFinal(Box::new(challenge))))
    }
}

impl Challenge {
    /// What the answer shows; none if it answers something else.
    pub(super) fn answered(self, said: &str) -> Option<ScramProof> {
        let ScramFinal { channel_binding, nonce, proof, without_proof } = ScramFinal::parse(said)?;
        let is_its = nonce == self.nonce && channel_binding == STANDARD.encode(&self.gs2_header);
        is_its.then(|| ScramProof {
            name: self.name,
            auth_message: format!("{},{without_proof}", self.signed),
            proof: proof.to_owned(),
        })
    }
}
