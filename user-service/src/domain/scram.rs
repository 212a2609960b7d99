//! SCRAM-SHA-256 (RFC 5802, RFC 7677): what is kept of a password so that somebody can show that they know it without saying it.

use std::{fmt, num::NonZeroU32, str::FromStr};

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use rand::Rng;
use ring::pbkdf2;
use sha2::{Digest, Sha256};

/// Rounds of PBKDF2 for new keys. RFC 7677 asks for 4,096 at least; whoever steals the database is to have no easier way around
/// Argon2id, and a client can wait for the tenth of a second.
pub(crate) const ITERATIONS: NonZeroU32 = NonZeroU32::new(100_000).expect("it is not 0");
/// 128 bits: no two accounts have the same.
const SALT_BYTES: usize = 16;

const MECHANISM: &str = "SCRAM-SHA-256";

type Key = [u8; 32];

/// Written as RFC 5803 has it: `SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Keys {
    iterations: u32,
    salt: Vec<u8>,
    stored: Key,
    server: Key,
}

impl Keys {
    /// Of a password, with a salt of its own. None for one that SASLprep (RFC 4013) refuses: clients could not say it either.
    pub(crate) fn make(password: &str, rng: &mut impl Rng) -> Option<Self> {
        let mut salt = [0; SALT_BYTES];
        rng.fill_bytes(&mut salt);
        Self::derive(password, &salt, ITERATIONS)
    }

    fn derive(password: &str, salt: &[u8], iterations: NonZeroU32) -> Option<Self> {
        let password = stringprep::saslprep(password).ok()?;
        let mut salted = Key::default();
        // ring's is as fast in builds without optimisation, where every test that registers waits for it.
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, salt, password.as_bytes(), &mut salted);
        let stored = Sha256::digest(mac(&salted, b"Client Key")).into();
        Some(Self {
            iterations: iterations.get(),
            salt: salt.to_vec(),
            stored,
            server: mac(&salted, b"Server Key"),
        })
    }

    /// Nobody's: they look like somebody's for as long as `secret` is the same, and no proof fits them.
    pub(crate) fn decoy(secret: &[u8], name: &str) -> Self {
        let of = |what: &str| mac(secret, format!("{what} of {name}").as_bytes());
        Self {
            iterations: ITERATIONS.get(),
            salt: of("salt")[..SALT_BYTES].to_vec(),
            stored: of("stored key"),
            server: of("server key"),
        }
    }

    pub(crate) fn iterations(&self) -> u32 {
        self.iterations
    }

    pub(crate) fn salt(&self) -> &[u8] {
        &self.salt
    }

    /// The server's signature, if the proof is that of somebody who knows the password.
    pub(crate) fn verify(&self, auth_message: &str, proof: &[u8]) -> Option<Key> {
        let proof = Key::try_from(proof).ok()?;
        let mut client = mac(&self.stored, auth_message.as_bytes());
        client.iter_mut().zip(proof).for_each(|(byte, proof)| *byte ^= proof);
        let stored: Key = Sha256::digest(client).into();
        let fits: bool = subtle::ConstantTimeEq::ct_eq(&stored[..], &self.stored[..]).into();
        fits.then(|| mac(&self.server, auth_message.as_bytes()))
    }
}

fn mac(key: &[u8], message: &[u8]) -> Key {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [salt, stored, server] =
            [&self.salt[..], &self.stored, &self.server].map(|bytes| BASE64_STANDARD.encode(bytes));
        write!(f, "{MECHANISM}${}:{salt}${stored}:{server}", self.iterations)
    }
}

impl FromStr for Keys {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let read = || {
            let (terms, keys) = text.strip_prefix(MECHANISM)?.strip_prefix('$')?.split_once('$')?;
            let ((iterations, salt), (stored, server)) = (terms.split_once(':')?, keys.split_once(':')?);
            let key = |text| Key::try_from(BASE64_STANDARD.decode(text).ok()?).ok();
            Some(Self {
                iterations: iterations.parse().ok()?,
                salt: BASE64_STANDARD.decode(salt).ok()?,
                stored: key(stored)?,
                server: key(server)?,
            })
        };
        read().ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7677 §3.
    #[test]
    fn the_example_of_the_rfc_is_understood() {
        let salt = BASE64_STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let keys = Keys::derive("pencil", &salt, NonZeroU32::new(4096).unwrap()).unwrap();
        let auth_message = "n=user,r=rOprNGfwEbeRWgbNEkqO,\
            r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,\
            c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let proof = BASE64_STANDARD.decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=").unwrap();
        let signature = keys.verify(auth_message, &proof).unwrap();
        assert_eq!(BASE64_STANDARD.encode(signature), "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        assert_eq!(keys.verify("n=eve", &proof), None);
        assert_eq!(keys.verify(auth_message, &proof[1..]), None);
        assert_eq!(keys.to_string().parse(), Ok(keys));
    }

    #[test]
    fn nobodys_keys_stay_the_same_and_differ_by_name() {
        let decoy = |name| Keys::decoy(b"secret", name);
        assert!(decoy("alice") == decoy("alice"));
        assert_ne!(decoy("alice").salt(), decoy("bob").salt());
        assert_eq!(decoy("alice").salt().len(), SALT_BYTES);
        let made = Keys::make("correct horse", &mut rand::rng()).unwrap();
        assert_eq!((made.salt().len(), made.iterations()), (SALT_BYTES, decoy("alice").iterations()));
    }

    #[test]
    fn what_cannot_be_prepared_has_no_keys() {
        assert!(Keys::make("bell\u{7}", &mut rand::rng()).is_none());
    }

    impl fmt::Debug for Keys {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("[redacted]")
        }
    }
}
