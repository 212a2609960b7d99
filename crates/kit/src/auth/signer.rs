use std::{sync::Arc, time::Duration};

use api::{
    Timestamp,
    auth::{SERVICE_AUDIENCE, SERVICE_TOKEN_SECONDS, ServiceClaims, ServiceName},
};
use http::HeaderValue;
use jsonwebtoken::{Algorithm, Header};
use parking_lot::Mutex;

use crate::{clock::Clock, secrets::Keys};

/// How long a token is used before the next is signed; what is left of its life covers the request's way and clocks that differ.
const REUSE: Duration = Duration::from_secs(45);

/// Signs this service's own tokens.
#[derive(Clone)]
pub struct Signer {
    keys: Arc<Keys>,
    clock: Clock,
    last: Arc<Mutex<Option<(Timestamp, HeaderValue)>>>,
}

impl Signer {
    pub fn new(keys: Arc<Keys>, clock: Clock) -> Self {
        Self { keys, clock, last: Arc::default() }
    }

    pub fn name(&self) -> ServiceName {
        self.keys.name()
    }

    /// `Bearer <token>`, for the `Authorization` header.
    ///
    /// # Panics
    /// If the own key cannot sign, which it did when it was opened.
    pub fn bearer(&self) -> HeaderValue {
        let now = self.clock.now();
        let mut last = self.last.lock();
        if let Some((signed, value)) = &*last
            && now >= *signed
            && now.since(*signed) < REUSE
        {
            return value.clone();
        }
        let mut value =
            HeaderValue::try_from(format!("Bearer {}", self.sign(now))).expect("a token is ASCII");
        value.set_sensitive(true);
        *last = Some((now, value.clone()));
        value
    }

    fn sign(&self, now: Timestamp) -> String {
        let seconds = u64::try_from(now.as_micros() / 1_000_000).unwrap_or(0);
        let claims = ServiceClaims {
            iss: self.name(),
            aud: SERVICE_AUDIENCE.to_owned(),
            iat: seconds,
            exp: seconds + SERVICE_TOKEN_SECONDS,
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.name().as_str().to_owned());
        jsonwebtoken::encode(&header, &claims, self.keys.own()).expect("an opened key signs")
    }
}
