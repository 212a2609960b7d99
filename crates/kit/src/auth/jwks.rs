//! The keys of people's tokens: published by one service, fetched by the others when they meet one they do not know.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use jsonwebtoken::DecodingKey;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::problem::Failure;

/// An unknown key id is asked for at most this often: tokens with made-up ids must not become a load on the key's owner.
const REFETCH: Duration = Duration::from_secs(1);

/// What `/.well-known/jwks.json` answers (RFC 7517, RFC 8037).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Jwks {
    pub keys: Vec<Jwk>,
}

/// One public key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Jwk {
    /// `OKP`
    pub kty: String,
    /// `Ed25519`
    pub crv: String,
    /// The key's id; never a service's name, which is the key id of that service's own tokens.
    pub kid: String,
    /// The public key, base64url without padding.
    pub x: String,
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub usage: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
}

impl Jwk {
    /// An Ed25519 key for signatures.
    pub fn ed25519(kid: impl Into<String>, public: &[u8; 32]) -> Self {
        use base64::Engine as _;
        Self {
            kty: "OKP".into(),
            crv: "Ed25519".into(),
            kid: kid.into(),
            x: base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(public),
            usage: Some("sig".into()),
            alg: Some("EdDSA".into()),
        }
    }

    fn decoding_key(&self) -> Option<DecodingKey> {
        let ours = self.kty == "OKP" && self.crv == "Ed25519";
        DecodingKey::from_ed_components(&self.x)
            .ok()
            .filter(|key| ours && key.try_get_as_bytes().is_ok_and(|bytes| bytes.len() == 32))
    }
}

/// Gives the keys of the process that owns them.
pub type LocalKeys = Arc<dyn Fn() -> Jwks + Send + Sync>;

/// Where the keys of people's tokens come from.
#[derive(Clone)]
pub enum KeySource {
    /// The base URL of the service that owns them; revocations are polled there too.
    Remote(Url),
    /// This process owns them. It calls [`super::Verifier::revoke`] itself.
    Local(LocalKeys),
}

/// The keys known so far.
pub(super) struct KeyRing {
    source: KeySource,
    http: reqwest::Client,
    known: ArcSwap<HashMap<String, DecodingKey>>,
    fetched: tokio::sync::Mutex<Option<Instant>>,
}

impl KeyRing {
    pub(super) fn new(source: KeySource, http: reqwest::Client) -> Self {
        Self { source, http, known: ArcSwap::default(), fetched: tokio::sync::Mutex::default() }
    }

    pub(super) async fn get(&self, kid: &str) -> Result<Option<DecodingKey>, Failure> {
        if let Some(key) = self.known.load().get(kid) {
            return Ok(Some(key.clone()));
        }
        // One fetch at a time: whoever waited looks again.
        let mut fetched = self.fetched.lock().await;
        if let Some(key) = self.known.load().get(kid) {
            return Ok(Some(key.clone()));
        }
        let remote = matches!(self.source, KeySource::Remote(_));
        if remote && fetched.is_some_and(|at| at.elapsed() < REFETCH) {
            return Ok(None);
        }
        let jwks = match &self.source {
            KeySource::Local(keys) => keys(),
            KeySource::Remote(base) => self.fetch(base).await.map_err(|error| {
                Failure::unavailable("the keys of access tokens cannot be fetched now").source(error)
            })?,
        };
        *fetched = Some(Instant::now());
        let keys: HashMap<_, _> =
            jwks.keys.iter().filter_map(|jwk| Some((jwk.kid.clone(), jwk.decoding_key()?))).collect();
        let key = keys.get(kid).cloned();
        self.known.store(Arc::new(keys));
        Ok(key)
    }

    async fn fetch(&self, base: &Url) -> anyhow::Result<Jwks> {
        let url = base.join(".well-known/jwks.json")?;
        Ok(self
            .http
            .get(url)
            .timeout(Duration::from_secs(5))
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?)
    }
}
