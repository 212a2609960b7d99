//! The keys that access tokens are signed with, ready for use.

use api::{Timestamp, auth::AccessClaims, id::TokenId};
use base64::{Engine, prelude::BASE64_STANDARD};
use ed25519_dalek::{SigningKey, pkcs8::EncodePrivateKey};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use kit::{
    Failure, Result,
    auth::{Jwk, Jwks},
};

use crate::{domain::keys, store::keys::KeyRow};

/// All keys that are published, in the order of their use.
#[derive(Default)]
pub(crate) struct Keyring(Vec<Key>);

struct Key {
    id: String,
    use_from: Timestamp,
    encoding: EncodingKey,
    public: [u8; 32],
}

impl Keyring {
    pub(crate) fn load(rows: &[KeyRow]) -> Result<Self> {
        rows.iter().map(Key::load).collect::<Result<_>>().map(Self)
    }

    pub(crate) fn jwks(&self) -> Jwks {
        Jwks { keys: self.0.iter().map(|key| Jwk::ed25519(key.id.clone(), &key.public)).collect() }
    }

    pub(crate) fn sign(&self, claims: &AccessClaims, now: Timestamp) -> Result<String> {
        let key = keys::current(&self.0, |key| key.use_from, now)
            .ok_or_else(|| Failure::unavailable("there is no key to sign tokens with yet"))?;
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(key.id.clone());
        jsonwebtoken::encode(&header, claims, &key.encoding).map_err(Failure::internal)
    }
}

impl Key {
    fn load(row: &KeyRow) -> Result<Self> {
        let secret = BASE64_STANDARD.decode(&row.secret).map_err(Failure::internal)?;
        let secret: [u8; 32] = secret
            .try_into()
            .map_err(|_| Failure::internal(anyhow::anyhow!("a signing key is not 32 bytes long")))?;
        let key = SigningKey::from_bytes(&secret);
        let der = key.to_pkcs8_der().map_err(|error| Failure::internal(anyhow::anyhow!("{error}")))?;
        Ok(Self {
            id: row.id.clone(),
            use_from: Timestamp(row.use_from),
            encoding: EncodingKey::from_ed_der(der.as_bytes()),
            public: key.verifying_key().to_bytes(),
        })
    }
}

/// A new key: its id, which is never a service's name, and its private half.
pub(crate) fn fresh() -> (String, String) {
    (TokenId::random(&mut rand::rng()).into(), BASE64_STANDARD.encode(rand::random::<[u8; 32]>()))
}
