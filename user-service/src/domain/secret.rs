//! How secrets are written, and what is kept of them: never themselves.

use api::{
    auth::{Scope, Scopes},
    id::{SessionId, TokenId},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use rand::Rng;
use sha2::{Digest, Sha256};

const REFRESH: &str = "crt_";
const API: &str = "cat_";
const SESSION: &str = "cst_";

/// A secret that somebody presents, told apart by how it begins; anything else is tried as an access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Presented {
    Refresh,
    Api(TokenId),
    Session(SessionId),
    Access,
}

pub(crate) fn kind(text: &str) -> Presented {
    let id = |rest: &str| rest.split_once('_').map(|(id, _)| id.to_owned());
    if text.starts_with(REFRESH) {
        return Presented::Refresh;
    }
    if let Some(id) = text.strip_prefix(API).and_then(id).and_then(|id| TokenId::try_from(id).ok()) {
        return Presented::Api(id);
    }
    if let Some(id) = text.strip_prefix(SESSION).and_then(id).and_then(|id| SessionId::try_from(id).ok()) {
        return Presented::Session(id);
    }
    Presented::Access
}

/// 256 bits, so that guessing is hopeless and a plain hash is enough to keep.
pub(crate) fn random(rng: &mut impl Rng) -> String {
    let mut bytes = [0; 32];
    rng.fill_bytes(&mut bytes);
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// One that a person is to type: 120 bits.
pub(crate) fn made_up(rng: &mut impl Rng) -> String {
    random(rng)[..20].to_owned()
}

/// The id of an access token. `grant` is what it comes of: all of one grant can be revoked at once.
pub(crate) fn access_token_id(grant: &str, rng: &mut impl Rng) -> String {
    format!("{grant}.{}", TokenId::random(rng))
}

pub(crate) fn refresh_token(rng: &mut impl Rng) -> String {
    format!("{REFRESH}{}", random(rng))
}

pub(crate) fn api_token(id: &TokenId, rng: &mut impl Rng) -> String {
    format!("{API}{id}_{}", random(rng))
}

/// The same for the same session and key: asking twice gives one answer, and nothing needs to be kept.
pub(crate) fn session_secret(key: &[u8], session: &SessionId) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(session.as_str().as_bytes());
    format!("{SESSION}{session}_{}", BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// What the database keeps of a secret.
pub fn digest(secret: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(secret.as_bytes()))
}

/// Whether two secrets (or digests) are the same, in a time that tells nothing.
pub(crate) fn same(a: &str, b: &str) -> bool {
    subtle::ConstantTimeEq::ct_eq(a.as_bytes(), b.as_bytes()).into()
}

/// The scopes that a person may have at all.
pub(crate) fn allowed(operator: bool) -> Scopes {
    if operator { Scopes::ordinary().with(Scope::Operator) } else { Scopes::ordinary() }
}

/// Those of `scopes` that are among `allowed` (still: a role may have been taken away since).
pub(crate) fn within(scopes: Scopes, allowed: Scopes) -> Scopes {
    scopes.iter().filter(|&scope| allowed.contains(scope)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_told_apart_by_how_they_begin() {
        let mut rng = rand::rng();
        let (token, session) = (TokenId::random(&mut rng), SessionId::random(&mut rng));
        assert_eq!(kind(&refresh_token(&mut rng)), Presented::Refresh);
        assert_eq!(kind(&api_token(&token, &mut rng)), Presented::Api(token));
        assert_eq!(kind(&session_secret(b"key", &session)), Presented::Session(session));
        for other in ["", "eyJhbGciOi.x.y", "cat_", "cat_x_y", "cst_1"] {
            assert_eq!(kind(other), Presented::Access, "{other}");
        }
    }

    #[test]
    fn a_role_that_was_taken_away_is_in_no_token() {
        let operator = allowed(true);
        assert_eq!(within(operator, allowed(false)), Scopes::ordinary());
        assert_eq!(within(Scopes::default(), operator), Scopes::default());
    }
}
